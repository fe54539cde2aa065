"""Fits WEIGHTS and CONFIDENCE of ``combined``, and MIN_CONFIDENCE.

``python -m zsris_ros.benchmark.speech.combination_fit --model DIR``

The sentences are drawn from other scenes and with other seeds than those of ``speech_bench``, and
none of its sentences is among them. Each is spoken in two of the conditions. The weights maximise
the probability of the right text among the candidates; the confidence is a logistic regression on
the best candidate. The table is of five-fold cross validation by sentences: the shares of right
answers, of questions to say it again, and of wrong ones at MIN_CONFIDENCE; docs/speech.md has it,
and docs/results/speech/combination.json what it is made from. Needs flite, pocketsphinx,
faster-whisper and MuJoCo; twenty minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from tqdm import tqdm

from zsris_ros.benchmark.speech import voices
from zsris_ros.benchmark.speech.speech_bench import bystanders, condition_name, noisy_sound, tasks
from zsris_ros.evaluation.reports.markdown import markdown_table
from zsris_ros.simulation.expressions.expressions import expressions
from zsris_ros.simulation.tabletop import tabletop_scene
from zsris_ros.speech.combined_recogniser import (
    MIN_REMEMBERED,
    Candidate,
    Combined,
    choose,
    confidence,
    confidence_features,
    content,
)
from zsris_ros.speech.endpointing import speech_segments
from zsris_ros.speech.neural_recognisers import best_hypothesis
from zsris_ros.speech.pocketsphinx_recogniser import snr_db
from zsris_ros.speech.recogniser import load_recogniser
from zsris_ros.speech.transcripts import spoken_words
from zsris_ros.speech.utterances import MIN_CONFIDENCE
from zsris_ros.speech.wav import audio_blocks
from zsris_ros.training.speech.corpus import sentences

FIRST_SCENE = 5000
"""Seed of the first scene; the recording's are below 2000."""
PER_SCENE, INSTRUCTIONS = 6, 2
"""Expressions about a scene, and sentences of the language model's templates after them."""
CORPUS_SEED, BYSTANDERS_SEED, NOISE_SEED = 77, 101, 900
CONDITIONS = (
    ("", 0), ("white", 20), ("babble", 20), ("white", 10), ("babble", 10), ("white", 20),
    ("babble", 20),
)  # fmt: skip
"""Noise and its decibels in turn; more of the conditions in which most can be gained."""
PER_SENTENCE = 2
QUIET, MOST_WRONG = ("clean", "white 20 dB", "babble 20 dB"), 0.05
"""Conditions, and the largest share of misunderstood sentences in each at MIN_CONFIDENCE."""
FOLDS = 5
RIDGE = 1e-3
"""Weight of the squares of all coefficients against the mean loss."""


Outcome = tuple[str, bool, float]
"""A condition, whether the best text is right, and its confidence."""


@dataclass(frozen=True)
class Example:
    """A segment of a sentence's sound, as both recognisers understood it."""

    number: int  # of the sentence
    typed: str
    voice: str
    condition: str
    snr_db: float
    candidates: tuple[Candidate, ...]

    @property
    def right(self) -> list[bool]:
        """Whether each candidate is the sentence, FILLERS aside."""
        said = content(spoken_words(self.typed))
        return [content(each.words) == said for each in self.candidates]


def texts(count: int) -> list[str]:
    """Return ``count`` sentences that ``speech_bench`` does not measure."""
    measured = {spoken_words(task.question.text) for task in tasks()}
    corpus = sentences(CORPUS_SEED, count)
    found: list[str] = []
    seed = FIRST_SCENE
    while len(found) < count:
        about = expressions(tabletop_scene(seed))[::2][:PER_SCENE]
        drawn = [each.text for each in about]
        drawn += [" ".join(next(corpus)) for _ in range(INSTRUCTIONS)]
        found += [text for text in drawn if spoken_words(text) not in measured]
        seed += 1
    return found[:count]


def collect(recogniser: Combined, count: int) -> Iterator[Example]:
    """Yield an example for each segment of speech that has candidates."""
    others = bystanders(BYSTANDERS_SEED)
    for number, text in enumerate(tqdm(texts(count), "recognising")):
        # Another order of the voices than speech_bench's.
        voice = voices.VOICES[(7 * number + number // 8) % len(voices.VOICES)]
        said = voices.speak(text, voice)
        for turn in range(PER_SENTENCE):
            noise, snr = CONDITIONS[(PER_SENTENCE * number + turn) % len(CONDITIONS)]
            rng = np.random.default_rng([NOISE_SEED + number, snr, len(noise), turn])
            sound = noisy_sound(said, noise, snr, rng, others)
            condition = condition_name(noise, snr)
            for speech in speech_segments(audio_blocks(sound)):
                found, guesses = recogniser.candidates(speech)
                # Independent of the constants that are to be fitted.
                own = best_hypothesis(guesses.hypotheses, guesses.speech)
                if own.confidence >= MIN_REMEMBERED:
                    recogniser.whisper.remember(own.text)
                if found:
                    yield Example(number, text, voice, condition, snr_db(speech), tuple(found))


def fit_weights(examples: Sequence[Example]) -> list[float]:
    """Return the weights under which the right texts are most probable."""
    rows = [
        (np.array([each.features for each in example.candidates]), np.array(example.right))
        for example in examples
        if any(example.right)
    ]

    def loss(weights: npt.NDArray[np.floating[Any]]) -> float:
        shares = [(np.exp(x @ weights - (x @ weights).max()), right) for x, right in rows]
        logs = [math.log(share[right].sum() / share.sum() + 1e-12) for share, right in shares]
        return float(-np.mean(logs) + RIDGE * weights @ weights)

    start = np.full(len(rows[0][0][0]), 0.5)
    return [float(each) for each in minimize(loss, start, method="BFGS").x]


def fit_confidence(examples: Sequence[Example], weights: Sequence[float]) -> list[float]:
    """Return the regression on the best candidates, the constant first."""
    chosen = [_best(example, weights) for example in examples]
    x = np.array([[1.0, *features] for features, _ in chosen])
    sign = np.array([1.0 if right else -1.0 for _, right in chosen])

    def loss(regression: npt.NDArray[np.floating[Any]]) -> float:
        return float(
            np.logaddexp(0, -sign * (x @ regression)).mean() + RIDGE * regression @ regression
        )

    return [float(each) for each in minimize(loss, np.zeros(x.shape[1]), method="BFGS").x]


def cross_validate(examples: Sequence[Example]) -> list[Outcome]:
    """Return the outcome of each example."""
    found = []
    for fold in range(FOLDS):
        rest = [each for each in examples if each.number % FOLDS != fold]
        weights = fit_weights(rest)
        regression = fit_confidence(rest, weights)
        for example in examples:
            if example.number % FOLDS == fold:
                features, right = _best(example, weights)
                sure = round(confidence(features, regression), 3)
                found.append((example.condition, right, sure))
    return found


def _best(example: Example, weights: Sequence[float]) -> tuple[tuple[float, ...], bool]:
    """Return the features of the best candidate's confidence, and whether it is right."""
    choice = choose(example.candidates, weights)
    right = example.right[example.candidates.index(choice.best)]
    return confidence_features(choice, example.snr_db), right


def least_confidence(outcomes: Sequence[Outcome]) -> float:
    """Return the smallest hundredth from which on MOST_WRONG holds in all conditions of QUIET."""
    counts = Counter(name for name, _, _ in outcomes)
    for threshold in (hundredth / 100 for hundredth in range(101)):
        wrong = Counter(name for name, right, sure in outcomes if sure >= threshold and not right)
        if all(wrong[name] <= MOST_WRONG * counts[name] for name in QUIET):
            return threshold
    return 1.0


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes of ``cross_validate`` as Markdown."""
    rows = []
    for condition in dict.fromkeys(name for name, _, _ in outcomes):
        some = [(right, sure) for name, right, sure in outcomes if name == condition]
        acted = [right for right, sure in some if sure >= MIN_CONFIDENCE]
        shares = (sum(right for right, _ in some), sum(acted), len(some) - len(acted))
        cells = [f"{each / len(some):.0%}" for each in (*shares, len(acted) - sum(acted))]
        rows.append((condition, str(len(some)), *cells))
    return "\n".join(
        markdown_table(("", "n", "every guess", "right", "asked again", "wrong"), rows)
    )


def main(args: Sequence[str] | None = None) -> int:
    """Collect, fit, print the constants and the table of the cross validation, and return 0."""
    parser = argparse.ArgumentParser(description="Fit the constants of the combined recogniser.")
    parser.add_argument("--model", default="", help="folder of the model of faster-whisper")
    parser.add_argument("--count", type=int, default=360, help="sentences (default: 360)")
    parser.add_argument(
        "--examples", type=Path, default=Path("out/speech/combination.jsonl"),
        help="file of the examples; without --model an earlier one is read",
    )  # fmt: skip
    parser.add_argument(
        "--outcomes", type=Path, default=Path("docs/results/speech/combination.json"),
        help="file of the outcomes of the cross validation",
    )  # fmt: skip
    chosen = parser.parse_args(args)
    if chosen.model:
        recogniser = load_recogniser(Combined.name, chosen.model)
        assert isinstance(recogniser, Combined)
        write_examples(chosen.examples, list(collect(recogniser, chosen.count)))
    examples = read_examples(chosen.examples)
    weights = fit_weights(examples)
    regression = fit_confidence(examples, weights)
    print(f"{len(examples)} segments of {len({each.number for each in examples})} sentences")
    print("WEIGHTS", tuple(round(each, 2) for each in weights))
    print("CONFIDENCE", tuple(round(each, 2) for each in regression))
    outcomes = cross_validate(examples)
    chosen.outcomes.write_text(json.dumps(outcomes) + "\n", encoding="utf-8")
    print("MIN_CONFIDENCE", least_confidence(outcomes))
    print(table(outcomes))
    return 0


def write_examples(path: Path, examples: Sequence[Example]) -> None:
    """Write a line of JSON for each example."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(asdict(each)) + "\n" for each in examples)
    path.write_text("".join(lines), encoding="utf-8")


def read_examples(path: Path) -> list[Example]:
    """Read the file of ``write_examples``."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        candidates = tuple(
            Candidate(tuple(each.pop("words")), **each) for each in row.pop("candidates")
        )
        found.append(Example(**row, candidates=candidates))
    return found


if __name__ == "__main__":
    sys.exit(main())

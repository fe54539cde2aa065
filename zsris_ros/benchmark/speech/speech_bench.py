"""Measures speech from sound to mask: ``python -m zsris_ros.benchmark.speech.speech_bench``.

The sentences are the shipped recording's questions and as many more about its scenes, spoken by
flite's voices in turn, in quiet and in noise. The recognised and the typed texts are sent to a
running refer_segment_node over DDS, about the recording's frames. Writes a folder of
docs/results/speech for the recogniser, and the tables of all recognisers in docs/speech.md. Needs
flite, pocketsphinx, ROS and MuJoCo.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from zsris_ros.benchmark.speech import voices
from zsris_ros.benchmark.speech.speech_scores import Trial, summary
from zsris_ros.demo.demo_bag import TABLETOP_BAG, RecordedExpression, RecordedScene, read_truth
from zsris_ros.demo.processes import ChildProcesses, ros_environment
from zsris_ros.demo.run_demo import ANSWER_TIMEOUT, start_processes
from zsris_ros.evaluation.metrics import iou
from zsris_ros.evaluation.reports.markdown import markdown_table, update_page
from zsris_ros.evaluation.run_folder import SUMMARY, write_records
from zsris_ros.simulation.expressions.expressions import expressions
from zsris_ros.simulation.tabletop import tabletop_scene
from zsris_ros.speech.audio import Samples
from zsris_ros.speech.recogniser import Recogniser, load_recogniser
from zsris_ros.speech.transcripts import spoken_words
from zsris_ros.speech.utterances import recognise_utterances
from zsris_ros.speech.wav import audio_blocks
from zsris_ros.training.speech.corpus import sentences
from zsris_ros.training.speech.language_model import COUNT, SEED
from zsris_ros.types import BoolArray, Verdict

TRIALS = "trials.jsonl"
NOISE_DB = (20, 10, 5)
MORE = 6
"""Further sentences about each scene."""
BYSTANDERS = 6
"""Sentences of each voice in the babble."""
BYSTANDERS_SEED = 1
RIGHT = 0.5
"""A mask matches its target above this IoU."""


@dataclass(frozen=True, eq=False)
class Task:
    """A sentence about a scene of the recording, and its voice."""

    scene: RecordedScene
    question: RecordedExpression
    voice: str

    @property
    def stamp_ns(self) -> int:
        """Stamp of the frame."""
        return self.scene.stamps_ns[-1]


def tasks() -> list[Task]:
    """Return the recording's questions, and further expressions about the same scenes."""
    found: list[tuple[RecordedScene, RecordedExpression]] = []
    for scene in read_truth(TABLETOP_BAG):
        found += [(scene, question) for question in scene.expressions]
        asked = {question.text for question in scene.expressions}
        simulated = tabletop_scene(scene.seed)
        more = [each for each in expressions(simulated) if each.text not in asked]
        for each in more[:: max(1, len(more) // MORE)][:MORE]:
            labels = tuple(simulated.objects[target].label for target in each.targets)
            question = RecordedExpression(each.text, each.category, labels, each.verdict)
            found.append((scene, question))
    every = len(voices.VOICES)
    return [Task(*pair, voices.VOICES[at % every]) for at, pair in enumerate(found)]


def recognise(chosen: Sequence[Task], recogniser: Recogniser) -> Iterator[Trial]:
    """Yield every sentence in every condition, as recognised."""
    others = bystanders(BYSTANDERS_SEED)
    spoken = [voices.speak(task.question.text, task.voice) for task in tqdm(chosen, "speaking")]
    for noise, snr in [("", 0), *((noise, snr) for noise in voices.NOISES for snr in NOISE_DB)]:
        condition = condition_name(noise, snr)
        for number, task in enumerate(tqdm(chosen, condition)):
            rng = np.random.default_rng([number, snr, len(noise)])
            sound = noisy_sound(spoken[number], noise, snr, rng, others)
            found = list(recognise_utterances(audio_blocks(sound), recogniser))
            best = max(found, key=lambda each: each.confidence, default=None)
            yield Trial(
                number,
                task.question.text,
                task.voice,
                condition,
                " ".join(each.text for each in found if each.text),
                best.text if best else "",
                round(best.confidence, 3) if best else 0.0,
            )


def bystanders(seed: int) -> list[Samples]:
    """Return the sentences of the babble: BYSTANDERS of each voice."""
    return [
        voices.speak(" ".join(words), voice)
        for number, voice in enumerate(voices.VOICES)
        for words in sentences(seed + number, BYSTANDERS)
    ]


def condition_name(noise: str, snr: int) -> str:
    """Return "white 20 dB", or "clean" without ``noise``."""
    return f"{noise} {snr} dB" if noise else "clean"


def noisy_sound(
    said: Samples, noise: str, snr: int, rng: np.random.Generator, others: list[Samples]
) -> Samples:
    """Return speech in a quiet room without ``noise``, else in this noise of ``snr`` dB."""
    if not noise:
        return voices.in_a_room(said, rng)
    length = voices.room_length(said)
    made = voices.white(length, rng) if noise == "white" else voices.babble(length, rng, others)
    return voices.in_a_room(said, rng, made, snr)


def score(
    chosen: Sequence[Task], trials: Sequence[Trial], environment: dict[str, str], logs: Path
) -> list[Trial]:
    """Return ``trials`` with the node's answers to the typed and the recognised texts."""
    from zsris_ros.ros.client.service_client import connected, disconnect

    known: dict[tuple[int, str], bool] = {}
    with connected() as client, ChildProcesses(environment, logs, disconnect) as children:
        start_processes(children, client, TABLETOP_BAG, "tabletop", "auto", print)

        def right(task: Task, text: str) -> bool:
            key = chosen.index(task), " ".join(spoken_words(text)) or text
            if key not in known:
                answer = client.refer(text, task.stamp_ns, ANSWER_TIMEOUT) if text else None
                known[key] = answer is not None and _right(task, answer.verdict, answer.mask)
            return known[key]

        return [
            replace(
                trial,
                typed_right=right(chosen[trial.number], trial.typed),
                heard_right=right(chosen[trial.number], trial.asked),
            )
            for trial in tqdm(trials, "asking")
        ]


def _right(task: Task, verdict: Verdict | None, mask: BoolArray | None) -> bool:
    """Return whether the verdict is right and, for FOUND, the mask too."""
    if verdict is not task.question.verdict:
        return False
    if verdict is not Verdict.FOUND:
        return True
    return mask is not None and iou(mask, task.scene.mask(task.question)) > RIGHT


def by_chance(chosen: Sequence[Task]) -> int:
    """Return the number of sentences that also occur in the language model's corpus."""
    corpus = set(sentences(SEED, COUNT))
    return sum(spoken_words(task.question.text) in corpus for task in chosen)


def measure(out: Path, logs: Path, recogniser: Recogniser) -> None:
    """Write summary.json and trials.jsonl into ``out``."""
    environment = ros_environment()
    os.environ.update(environment)  # for rclpy in this process
    import_module("zsris_ros.ros.client.service_client")  # without ROS it fails before recognition

    chosen = tasks()
    trials = score(chosen, list(recognise(chosen, recogniser)), environment, logs)
    about = {
        "recogniser": recogniser.name,
        "sentences": len(chosen),
        "by_chance": by_chance(chosen),
    }
    write_records(out, TRIALS, trials, {**about, "conditions": summary(trials)})


def summarise_again(out: Path) -> None:
    """Write summary.json again from trials.jsonl, after a change of MIN_CONFIDENCE."""
    rows = (out / TRIALS).read_text(encoding="utf-8").splitlines()
    trials = [Trial(**json.loads(row)) for row in rows]
    about = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
    write_records(out, TRIALS, trials, {**about, "conditions": summary(trials)})


def tables(results: Path) -> str:
    """Return the summary.json of each recogniser's folder as Markdown."""
    found = sorted(results.glob(f"*/{SUMMARY}"), reverse=True)
    return "\n\n".join(table(json.loads(path.read_text(encoding="utf-8"))) for path in found)


def table(found: Mapping[str, Any]) -> str:
    """Return a summary.json as Markdown."""
    about = (
        f"**{found['recogniser']}**: {found['sentences']} sentences; by chance "
        f"{found['by_chance']} of them are in the corpus of the trigram."
    )
    columns = {
        "word errors": "wer",
        "whole sentences": "whole",
        "right answer, typed": "typed_right",
        "recognised, every guess": "right_guesses",
        "**right**": "right",
        "asked again": "again",
        "wrong": "wrong",
    }
    rows = found["conditions"]
    cells = ((row["condition"], *(f"{row[key]:.0%}" for key in columns.values())) for row in rows)
    return "\n".join([about, "", *markdown_table(("", *columns), cells)])


def main(args: Sequence[str] | None = None) -> int:
    """Measure, write results and table, and return 0."""
    parser = argparse.ArgumentParser(description="Measure speech from sound to mask.")
    parser.add_argument("--out", type=Path, default=Path("docs/results/speech"))
    parser.add_argument("--docs", type=Path, default=Path("docs/speech.md"))
    parser.add_argument("--logs", type=Path, default=Path("out/speech"))
    parser.add_argument("--recogniser", default="pocketsphinx")
    parser.add_argument("--model", default="")
    parser.add_argument(
        "--table-only",
        action="store_true",
        help="write the summaries and tables of earlier measurements again",
    )
    chosen = parser.parse_args(args)
    if not chosen.table_only:
        recogniser = load_recogniser(chosen.recogniser, chosen.model)
        measure(chosen.out / recogniser.name, chosen.logs, recogniser)
    for earlier in sorted(chosen.out.glob(f"*/{SUMMARY}")):
        summarise_again(earlier.parent)
    update_page(chosen.docs, tables(chosen.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())

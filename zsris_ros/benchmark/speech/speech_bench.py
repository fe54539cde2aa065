"""Measures speech from sound to mask: ``python -m zsris_ros.benchmark.speech.speech_bench``.

The sentences are the shipped recording's questions and as many again about its scenes, said by
flite's voices in turn, in quiet and in noise. What is understood is asked of a running
refer_segment_node about the recording's frames over DDS, as is the typed sentence. Writes
docs/results/speech and the table of docs/speech.md. Needs flite, pocketsphinx, ROS and MuJoCo.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from zsris_ros.benchmark.speech import voices
from zsris_ros.benchmark.speech.speech_scores import Trial, summary
from zsris_ros.demo.demo_bag import SHIPPED, RecordedQuestion, RecordedScene, read_truth
from zsris_ros.demo.processes import Children, ros_environment
from zsris_ros.demo.show import ANSWERING, start
from zsris_ros.evaluation.metrics import iou
from zsris_ros.evaluation.reports.readme_tables import with_results
from zsris_ros.simulation.expressions import expressions
from zsris_ros.simulation.tabletop import tabletop_scene
from zsris_ros.speech.audio import Samples
from zsris_ros.speech.listening import listen
from zsris_ros.speech.load_recogniser import load_recogniser
from zsris_ros.speech.recogniser import Recogniser
from zsris_ros.speech.spoken_text import words_of
from zsris_ros.speech.wav import blocks
from zsris_ros.training.speech.corpus import sentences
from zsris_ros.training.speech.language_model import COUNT, SEED
from zsris_ros.types import BoolArray, Verdict

NOISE_DB = (20, 10, 5)
MORE = 6
"""Further sentences about each scene."""
BYSTANDERS = 6
"""Sentences that each voice says in the babble."""
BYSTANDERS_SEED = 1
RIGHT = 0.5
"""Overlap above which a mask is that of the object that is meant."""


@dataclass(frozen=True, eq=False)
class Task:
    """A sentence about a scene of the recording, and the voice that says it."""

    scene: RecordedScene
    question: RecordedQuestion
    voice: str

    @property
    def stamp_ns(self) -> int:
        """Of the frame that is asked about."""
        return self.scene.stamps_ns[-1]


def tasks(bag: Path = SHIPPED) -> list[Task]:
    """The recording's questions, and further expressions about the same scenes."""
    found: list[tuple[RecordedScene, RecordedQuestion]] = []
    for scene in read_truth(bag):
        found += [(scene, question) for question in scene.questions]
        asked = {question.text for question in scene.questions}
        simulated = tabletop_scene(scene.seed)
        more = [each for each in expressions(simulated) if each.text not in asked]
        for each in more[:: max(1, len(more) // MORE)][:MORE]:
            labels = tuple(simulated.objects[target].label for target in each.targets)
            question = RecordedQuestion(each.text, each.category, labels, each.verdict)
            found.append((scene, question))
    every = len(voices.VOICES)
    return [Task(*pair, voices.VOICES[at % every]) for at, pair in enumerate(found)]


def heard(chosen: Sequence[Task], recogniser: Recogniser) -> Iterator[Trial]:
    """Every sentence in every condition, as it is understood."""
    others = [
        voices.speak(" ".join(words), voice)
        for number, voice in enumerate(voices.VOICES)
        for words in sentences(BYSTANDERS_SEED + number, BYSTANDERS)
    ]
    said = [voices.speak(task.question.text, task.voice) for task in tqdm(chosen, "speaking")]
    for noise, snr in [("", 0), *((noise, snr) for noise in voices.NOISES for snr in NOISE_DB)]:
        condition = f"{noise} {snr} dB" if noise else "clean"
        for number, task in enumerate(tqdm(chosen, condition)):
            rng = np.random.default_rng([number, snr, len(noise)])
            sound = _sound(said[number], noise, snr, rng, others)
            found = list(listen(blocks(sound), recogniser))
            surest = max(found, key=lambda each: each.confidence, default=None)
            yield Trial(
                number,
                task.question.text,
                task.voice,
                condition,
                " ".join(each.text for each in found if each.text),
                surest.text if surest else "",
                round(surest.confidence, 3) if surest else 0.0,
            )


def _sound(
    said: Samples, noise: str, snr: int, rng: np.random.Generator, others: list[Samples]
) -> Samples:
    if not noise:
        return voices.in_a_room(said, rng)
    length = voices.room_length(said)
    made = voices.white(length, rng) if noise == "white" else voices.babble(length, rng, others)
    return voices.in_a_room(said, rng, made, snr)


def judged(chosen: Sequence[Task], trials: Sequence[Trial], logs: Path) -> list[Trial]:
    """``trials`` with what the node makes of the typed and of the heard texts."""
    environment = ros_environment()
    os.environ.update(environment)  # for rclpy in this process
    from zsris_ros.ros.client.service_client import connected, disconnect

    known: dict[tuple[int, str], bool] = {}
    with connected() as client, Children(environment, logs, disconnect) as children:
        start(children, client, SHIPPED, "tabletop", "auto", print)

        def right(task: Task, text: str) -> bool:
            key = chosen.index(task), " ".join(words_of(text)) or text
            if key not in known:
                answer = client.refer(text, task.stamp_ns, ANSWERING) if text else None
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
    """The right verdict and, where something is there to be found, its mask."""
    if verdict is not task.question.verdict:
        return False
    if verdict is not Verdict.FOUND:
        return True
    return mask is not None and iou(mask, task.scene.mask(task.question)) > RIGHT


def by_chance(chosen: Sequence[Task]) -> int:
    """How many of the sentences the language model's corpus happens to hold as well."""
    corpus = set(sentences(SEED, COUNT))
    return sum(words_of(task.question.text) in corpus for task in chosen)


def measure(out: Path, logs: Path, recogniser: Recogniser) -> None:
    """Writes summary.json and trials.jsonl into ``out``."""
    chosen = tasks()
    trials = judged(chosen, list(heard(chosen, recogniser)), logs)
    found = {
        "recogniser": recogniser.name,
        "sentences": len(chosen),
        "by_chance": by_chance(chosen),
        "conditions": summary(trials),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "summary.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    lines = [json.dumps(asdict(trial)) for trial in trials]
    (out / "trials.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def table(found: Mapping[str, Any]) -> str:
    """summary.json in Markdown."""
    lines = [
        f"{found['sentences']} sentences, {found['recogniser']}; by chance {found['by_chance']} of "
        "them are among those that the trigram was estimated from.",
        "",
        "| | word errors | whole sentences | right answer, typed | heard, every guess | "
        "**right** | asked again | wrong |",
        "|---|---|---|---|---|---|---|---|",
    ]
    shares = ("wer", "whole", "typed_right", "right_guesses", "right", "again", "wrong")
    for row in found["conditions"]:
        cells = " | ".join(f"{row[name]:.0%}" for name in shares)
        lines.append(f"| {row['condition']} | {cells} |")
    return "\n".join(lines)


def main(args: Sequence[str] | None = None) -> int:
    """Measures, writes results and table, and returns 0."""
    parser = argparse.ArgumentParser(description="Measure speech from sound to mask.")
    parser.add_argument("--out", type=Path, default=Path("docs/results/speech"))
    parser.add_argument("--docs", type=Path, default=Path("docs/speech.md"))
    parser.add_argument("--logs", type=Path, default=Path("out/speech"))
    parser.add_argument("--recogniser", default="pocketsphinx")
    parser.add_argument("--model", default="")
    parser.add_argument(
        "--table-only", action="store_true", help="write the table of what was measured before"
    )
    chosen = parser.parse_args(args)
    if not chosen.table_only:
        measure(chosen.out, chosen.logs, load_recogniser(chosen.recogniser, chosen.model))
    found = json.loads((chosen.out / "summary.json").read_text(encoding="utf-8"))
    page = chosen.docs.read_text(encoding="utf-8")
    chosen.docs.write_text(with_results(page, table(found)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Instructions about recorded frames, with true masks, simulated semantics and no weights.

``python -m zsris_ros.evaluation.libero.simulated_frames FRAMES OUT`` answers the questions of
frames whose objects have LIBERO's names. The similarity of a text and an object is simulated from
the words of its name (``simulated_semantics``); parsing, grounding and geometry are the real ones.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from zsris_ros.evaluation.datasets.frames import FramesData
from zsris_ros.evaluation.datasets.items import EvaluationItem
from zsris_ros.evaluation.evaluation_loop import MethodRun, evaluate
from zsris_ros.evaluation.expressions.simulated_semantics import (
    SimulatedClip,
    SimulatedEncoder,
    words,
)
from zsris_ros.evaluation.libero.object_names import name_of
from zsris_ros.evaluation.reports.picture_report import PictureReport
from zsris_ros.evaluation.reports.summary import summarise_folder, summary_lines
from zsris_ros.evaluation.run_folder import RunFolder
from zsris_ros.language import load_parser
from zsris_ros.models.preset import load_preset
from zsris_ros.proposals.from_file import FixedProposer
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.scene_encoder import SceneEncoder
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import Proposals
from zsris_ros.visualization.overlay import draw_answer

NOISE = 0.01
"""Standard deviation of the simulated cosines."""
PRESET = "openai-sam-b"
"""The preset of the settings; its weights are not loaded."""


def answer_simulated(data: FramesData, out: Path) -> dict[str, Any]:
    """Answer all questions about the frames with true masks; write records, summary and pictures.

    ``out``/report.html shows target, destination and place point of each frame's sentence.

    Args:
        data: The frames.
        out: The folder of the results; a stopped run is resumed.

    Returns:
        The summary, with the figures of ``zsris eval frames``.
    """
    settings = load_preset(PRESET).referring
    clip = SimulatedClip(settings.negatives)

    def propose(item: EvaluationItem) -> Proposals:
        bags = [words(name_of(name)) for name in data.object_names(item.name)]
        clip.set_scene(item.name, bags, "words", NOISE)
        return FixedProposer(item.masks, "truth").propose(item.frame)

    encoder = SceneEncoder([], SimulatedEncoder(clip), None)
    resolver = ProductResolver(clip, None, load_parser("auto"), settings)
    run: dict[str, Any] = {"dataset": "frames", "title": data.title, "data": {}}
    run |= {"weights": f"none: simulated, noise {NOISE:g}", "proposals": "truth"}
    results = RunFolder(out, run)
    segmenter = Segmenter(encoder, resolver)
    evaluate(data, [MethodRun(segmenter, propose, results, instructions=True)])
    summary = summarise_folder(out, verdicts=True)
    report = PictureReport("Instructions by their answer", pictures=len(data.names()))
    for name in tqdm(data.names(), "drawing", unit="frame"):
        item = data.item(name)
        scene = segmenter.look(item.frame, propose(item))
        for question in item.questions:
            if question.category == "sentence":
                result = segmenter.instruct(scene, question.text)
                picture = draw_answer(item.frame.rgb, result, question.text)
                report.add(
                    result.verdict.value, question.text, f"{name}: {result.message}", picture
                )
    report.write(out, f"Instructions about {data.title}", list(summary_lines(summary)))
    return summary


def main() -> None:
    """Answer the frames of a folder (first argument); write to a folder (second)."""
    frames, out = map(Path, sys.argv[1:3])
    print("\n".join(summary_lines(answer_simulated(FramesData(frames), out))))


if __name__ == "__main__":
    main()

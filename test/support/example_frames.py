"""Writes the frames of test/data/frames: `python -m support.example_frames`.

They show simulated tabletops. ``depth`` has everything, ``colour`` no depth and no camera,
``boxes`` no labels.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.datasets.frames import write_frame
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.datasets.tabletop_dataset import TabletopData
from zsris_ros.geometry.masks import mask_box
from zsris_ros.simulation.tabletop import tabletop_scene

FRAMES = Path(__file__).parents[1] / "data" / "frames"
SEEDS = {"depth": 2, "colour": 4, "boxes": 6}
SIZE = 320, 240


def main() -> None:
    for name, seed in SEEDS.items():
        data = TabletopData(seed, 1, verdicts=True)
        scene = tabletop_scene(seed, *SIZE)
        item = replace(data.to_item(scene), name=name)
        first, second = item.names[:2]
        sentence = f"pick up {first.text} and place it next to {second.text}"
        questions = (Question(sentence, "sentence", first.targets), *_chosen(item))
        if name == "colour":
            frame = replace(item.frame, depth=None, intrinsics=None)
            item = replace(item, frame=frame)
            questions = (replace(first, category="object"),)
        write_frame(FRAMES, replace(item, questions=questions), [o.name for o in scene.objects])
        if name == "boxes":
            (FRAMES / f"{name}_label.png").unlink()
            _write_boxes(FRAMES / f"{name}.json", item)


def _chosen(item: EvaluationItem) -> list[Question]:
    """Return one present, one ambiguous and one absent object."""
    wanted = ("present attribute", "ambiguous pair", "ambiguous kind", "absent pair")
    return [each for each in item.questions if each.category in wanted]


def _write_boxes(path: Path, item: EvaluationItem) -> None:
    """Replace the questions by boxes, as of a photograph without masks."""
    document: dict[str, Any] = json.loads(path.read_text())
    document["objects"] = {}
    document["questions"] = []
    for each in item.names[:3]:
        x, y, w, h = mask_box(item.masks[each.targets[0]])
        box = [x, y, w + 1, h + 1]
        document["questions"].append({"text": each.text, "box": box, "category": "photo"})
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()

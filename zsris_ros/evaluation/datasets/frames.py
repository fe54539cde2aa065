"""Frames of any source: pictures, labels and questions in one folder.

For each NAME the folder holds

==================  ==============================================================================
``NAME_rgb.png``    the picture
``NAME_depth.png``  optional: 16 bit, millimetres, 0 unknown, registered to the picture
``NAME_label.png``  optional: the label of the object at each pixel
``NAME.json``       ``objects`` {name: label} and ``questions`` [{``text``, ``targets`` [names] or
                    ``box`` [x, y, w, h], ``verdict``, ``category``}]; optional ``K``, the 3x3
                    camera matrix, which depth needs, and ``of_interest`` [names]: first the
                    target of an instruction, then the object that its destination names
==================  ==============================================================================

``docs/libero.md`` describes the form.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zsris_ros.evaluation.datasets.categories import category_of
from zsris_ros.evaluation.datasets.files import published_form, read_json, read_pixels, required
from zsris_ros.evaluation.datasets.items import Box, EvaluationItem, Question
from zsris_ros.geometry.masks import box_mask
from zsris_ros.language.instructions import parse_instruction
from zsris_ros.types import BoolArray, Frame, InputError, Intrinsics, Verdict

FORM = "the form of docs/libero.md"
PICTURE = "_rgb.png"
PARTS = ("drawer", "compartment")
"""Words for places that are parts of a labelled object."""


class FramesData:
    """The frames in the folder ``root``, in the order of their names.

    Args:
        root: The folder.
        only: A pattern of names, as in a shell.
        title: Title for readers, the folder's name by default.

    Raises:
        FileNotFoundError: The folder holds no frame of such a name.
    """

    def __init__(self, root: Path, only: str = "*", title: str = "") -> None:
        self._root, self.title = root, title or f"frames of {root.name}"
        names = (path.name.removesuffix(PICTURE) for path in root.glob(f"*{PICTURE}"))
        self._names = sorted(name for name in names if fnmatch(name, only))
        if not self._names:
            raise FileNotFoundError(
                f"{root} holds no frame {only}: --root must be the folder of NAME{PICTURE} and "
                f"NAME.json, in {FORM}"
            )

    def names(self) -> Sequence[str]:
        """Return the names of the frames."""
        return self._names

    def item(self, name: str) -> EvaluationItem:
        """Read one frame.

        An object without a pixel is hidden and is ignored.

        Raises:
            FileNotFoundError: A file is missing.
            InputError: A file is damaged or not in the form; the message names it.
        """
        path = required(self._root / f"{name}.json", f"the truth of {name}{PICTURE}")
        document = read_json(path)
        rgb = read_pixels(required(self._file(name, "rgb"), "the picture of a frame"), "RGB")
        depth, labels = (self._plane(name, kind, rgb.shape[:2]) for kind in ("depth", "label"))
        with published_form(path, FORM):
            matrix = document.get("K")
            metres = None if depth is None else depth.astype(np.float32) * np.float32(0.001)
            frame = Frame(rgb, metres, None if matrix is None else _intrinsics(matrix))
            masks = {} if labels is None else _visible(document["objects"], labels)
            order = {each: index for index, each in enumerate(masks)}
            questions = [_question(row, order, frame) for row in document["questions"]]
            interest = [str(each) for each in document.get("of_interest", ())]
            questions += list(_destinations(questions, interest, order))
        empty = np.zeros((0, *rgb.shape[:2]), bool)
        stacked = np.stack(list(masks.values())) if masks else empty
        return EvaluationItem(name, frame, stacked, tuple(questions))

    def object_names(self, name: str) -> Sequence[str]:
        """Return the names of the visible objects of one frame, in the order of its masks."""
        path = required(self._root / f"{name}.json", f"the truth of {name}{PICTURE}")
        labels = read_pixels(required(self._file(name, "label"), "the labels of a frame"))
        with published_form(path, FORM):
            return list(_visible(read_json(path)["objects"], labels))

    def _file(self, name: str, kind: str) -> Path:
        return self._root / f"{name}_{kind}.png"

    def _plane(self, name: str, kind: str, size: tuple[int, ...]) -> np.ndarray | None:
        """Return an optional picture of one channel, HxW."""
        path = self._file(name, kind)
        if not path.is_file():
            return None
        plane = read_pixels(path)
        if plane.shape != size or plane.dtype.kind not in "iu":
            raise InputError(
                f"{path} holds {plane.dtype} {plane.shape}: it must be one channel of integers in "
                f"the size of the colour picture, {size}"
            )
        return plane


def write_frame(
    root: Path,
    item: EvaluationItem,
    names: Sequence[str],
    of_interest: Sequence[str] = (),
) -> None:
    """Write a frame of at most 255 disjoint objects with their names; its JSON file comes last."""
    frame = item.frame
    root.mkdir(parents=True, exist_ok=True)
    labels = np.zeros(frame.rgb.shape[:2], np.uint8)
    for label, mask in enumerate(item.masks, start=1):
        labels[mask] = label
    pictures = {"rgb": frame.rgb, "label": labels}
    if frame.depth is not None:
        millimetres = np.nan_to_num(frame.depth, nan=0.0, posinf=0.0, neginf=0.0) * 1000
        pictures["depth"] = np.rint(millimetres.clip(0, 65535)).astype(np.uint16)
    for kind, pixels in pictures.items():
        Image.fromarray(pixels).save(root / f"{item.name}_{kind}.png")
    document: dict[str, Any] = {
        "objects": {name: label for label, name in enumerate(names, start=1)},
        "questions": [
            {
                "text": each.text,
                "targets": [names[index] for index in each.targets],
                "verdict": each.verdict.value,
                "category": each.category,
            }
            for each in item.questions
        ],
        "of_interest": list(of_interest),
    }
    if frame.intrinsics is not None:
        camera = frame.intrinsics
        document["K"] = [[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]]
    part = root / f"{item.name}.json.part"
    part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    os.replace(part, root / f"{item.name}.json")


def _intrinsics(matrix: Any) -> Intrinsics:
    values = np.asarray(matrix, float)
    if values.shape != (3, 3):
        raise InputError(f"K must be a 3x3 matrix, got {values.shape}")
    (fx, _, cx), (_, fy, cy) = values[:2].tolist()
    return Intrinsics(fx, fy, cx, cy)


def _visible(objects: Mapping[str, int], labels: np.ndarray) -> dict[str, BoolArray]:
    """Return the masks, bool HxW, of the objects that have a pixel."""
    masks = {name: labels == int(label) for name, label in objects.items()}
    return {name: mask for name, mask in masks.items() if mask.any()}


def _question(row: Mapping[str, Any], order: Mapping[str, int], frame: Frame) -> Question:
    text, targets = str(row["text"]), list(row.get("targets") or ())
    box = row.get("box")
    unknown = [name for name in targets if name not in order]
    if unknown:
        raise InputError(
            f'the question "{text}" means {unknown[0]}, and no pixel of NAME_label.png has its '
            "label: name visible objects only"
        )
    has_target = bool(targets) or box is not None
    default = Verdict.FOUND if has_target else Verdict.NOT_FOUND
    verdict = Verdict(row.get("verdict", default))
    if has_target is (verdict is Verdict.NOT_FOUND) or (targets and box is not None):
        raise InputError(
            f'the question "{text}" has the verdict {verdict.value}: FOUND and AMBIGUOUS need '
            "targets or a box, and NOT_FOUND has neither"
        )
    return Question(
        text,
        str(row.get("category") or category_of(text)),
        tuple(order[name] for name in targets),
        verdict,
        None if box is None else _box(box, frame),
    )


def _destinations(
    questions: Sequence[Question], interest: Sequence[str], order: Mapping[str, int]
) -> Iterator[Question]:
    """Yield the questions for the destination of an instruction that ``of_interest`` names.

    It names one if it holds an instruction's targets first and one other visible object; the region
    of an object ("basket_1_contain_region") is the object. Of a drawer or a compartment the whole
    is labelled, which is a category of its own.
    """
    longest = sorted(order, key=len, reverse=True)
    whole = {
        each: next((name for name in longest if f"{each}_".startswith(f"{name}_")), each)
        for each in interest
    }
    names = list(dict.fromkeys(whole.values()))
    for question in questions:
        targets = [name for name, index in order.items() if index in question.targets]
        others = [name for name in names if name not in targets]
        if not targets or set(names[: len(targets)]) != set(targets) or len(others) != 1:
            continue
        steps = parse_instruction(question.text).steps
        goal = next((step.destination for step in steps if step.destination is not None), None)
        if goal is None or others[0] not in order:
            continue
        part = any(anchor.head in PARTS for anchor in goal.anchors)
        category = "destination part" if part else "destination"
        yield Question(question.text, category, (order[others[0]],), asks="destination")


def _box(values: Any, frame: Frame) -> Box:
    x, y, w, h = (float(value) for value in values)
    box: Box = (x, y, w, h)
    if not (np.isfinite(box).all() and box_mask(box, frame.height, frame.width).any()):
        raise InputError(f"the box {list(values)} covers no pixel of the picture")
    return box

"""Converts the Object Segmentation Database, real RGB-D scenes of a table, to ``frames``.

Its folder holds ``objects.json`` (names of the frames) and for each NAME ``NAME_rgb.png``,
``NAME_depth.png`` (16 bit, millimetres, 0 unknown) and ``NAME_label.png`` (0 no depth, 1 table, 2
and above objects). The expressions use only space and depth. They are generated from the true masks
where they hold for one object by a clear margin. Or they are names, "the red box": those of
``osd_names.json``, written by looking at the pictures, and names of things that no frame shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from zsris_ros.evaluation.datasets.files import read_json, read_pixels, required
from zsris_ros.evaluation.datasets.frames import write_frame
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.geometry.centroid import centroid_3d
from zsris_ros.geometry.masks import mask_box
from zsris_ros.types import BoolArray, FloatArray, Frame, InputError, Intrinsics, Verdict

KINECT = Intrinsics(525.0, 525.0, 319.5, 239.5)
FIRST_OBJECT = 2

SIDEWAYS_MARGIN = 0.05
"""Least difference between the box centres of two objects, as a share of the image width."""
DISTANCE_MARGIN = 0.05
"""Least difference between the camera distances of two objects, in metres."""
SIZE_MARGIN = 1.3
"""Least ratio of the visible surfaces of two objects."""
HIDDEN_SHARE = 0.5
"""Least overlap of an object and an object behind it, as a share of the narrower width."""


NAMES = Path(__file__).with_name("osd_names.json")
"""For each frame its expressions with the number of the object that each means, from 1."""
ABSENT = ("the banana", "the hammer", "the blue mug")
"""Names of things that no frame shows."""


def convert_osd(root: Path, out: Path, *, names: bool = False, depth: bool = True) -> int:
    """Write the frames of the folder ``root`` with questions to ``out``; return their number.

    Frames that are already in ``out`` are kept.

    Args:
        root: The database.
        out: The folder of the frames.
        names: Asks for objects by name, in the frames that have any, instead of by place.
        depth: Whether the frames keep their depth.

    Raises:
        FileNotFoundError: A file is missing; the message names it.
        InputError: A file is damaged, or the images of a frame differ in size.
    """
    table: dict[str, dict[str, int]] = read_json(NAMES) if names else {}
    frames = [name for name in osd_names(root) if not names or name in table]
    for name in frames:
        if (out / f"{name}.json").exists():
            continue
        item = read_osd(root, name)
        if names:
            item = replace(item, questions=tuple(name_questions(table[name])))
        if not depth:
            item = replace(item, frame=replace(item.frame, depth=None))
        write_frame(out, item, [f"object {n}" for n in range(1, len(item.masks) + 1)])
    return len(frames)


def name_questions(names: Mapping[str, int]) -> Iterator[Question]:
    """Yield a question for each name of an object (numbered from 1), and for absent things."""
    for text, number in names.items():
        yield Question(text, "name", (number - 1,))
    for text in ABSENT:
        yield Question(text, "absent", (), Verdict.NOT_FOUND)


def osd_names(root: Path) -> list[str]:
    """Return the sorted names of the frames in the folder ``root``."""
    index = required(
        root / "objects.json",
        "the list of the frames, beside NAME_rgb.png, NAME_depth.png and NAME_label.png",
    )
    return sorted(read_json(index))


def read_osd(root: Path, name: str) -> EvaluationItem:
    """Read one frame. Raises as ``convert_osd``."""
    rgb, millimetres, labels = (
        read_pixels(required(root / f"{name}_{kind}.png", "a picture that objects.json names"))
        for kind in ("rgb", "depth", "label")
    )
    if labels.ndim != 2 or not rgb.shape[:2] == millimetres.shape == labels.shape:
        raise InputError(f"the pictures of {name} in {root} differ in size")
    depth = millimetres.astype(np.float32) * np.float32(0.001)
    numbers = [number for number in np.unique(labels) if number >= FIRST_OBJECT]
    masks = np.array([labels == number for number in numbers], bool).reshape(-1, *labels.shape)
    frame = Frame(rgb.astype(np.uint8), depth, KINECT)
    return EvaluationItem(name, frame, masks, tuple(spatial_questions(frame, masks)))


def spatial_questions(frame: Frame, masks: BoolArray) -> Iterator[Question]:
    """Yield expressions of position, distance and size that clearly hold for one of the masks."""
    if len(masks) < 2 or frame.depth is None or frame.intrinsics is None:
        return
    boxes = np.array([mask_box(mask) for mask in masks], np.float32)
    middles = (boxes[:, 0] + boxes[:, 2] / 2) / frame.width
    for key, side, most in ((middles, "left", "leftmost"), (-middles, "right", "rightmost")):
        yield from _one(f"the {most} object", "superlative", _clear(key, 0, SIDEWAYS_MARGIN))
        second = _clear(key, 1, SIDEWAYS_MARGIN) if len(masks) > 2 else None
        yield from _one(f"the second object from the {side}", "ordinal", second)
    points = [centroid_3d(mask, frame.depth, frame.intrinsics) for mask in masks]
    known = [point for point in points if point is not None]
    if len(known) < len(masks):
        return
    distances = np.linalg.norm(np.array(known), axis=1)
    for key, word in ((distances, "closest to"), (-distances, "farthest from")):
        place = _clear(key, 0, DISTANCE_MARGIN)
        yield from _one(f"the object {word} the camera", "distance", place)
    surfaces = masks.sum(axis=(1, 2)) * (np.array(known)[:, 2] / frame.intrinsics.fx) ** 2
    biggest = _clear(-np.log(surfaces), 0, float(np.log(SIZE_MARGIN)))
    yield from _one("the biggest object", "size", biggest)
    nearest = _clear(distances, 0, DISTANCE_MARGIN)
    if nearest is not None:
        yield from _beside(nearest, boxes)


def _beside(nearest: int, boxes: FloatArray) -> Iterator[Question]:
    """Yield questions for an object left of, right of or behind the nearest one, if it is certain.

    ``boxes`` Mx4 (x, y, w, h) in pixels. An object left of another ends before the other begins;
    objects centred beyond the other's centre are excluded. An object behind the nearest one shares
    half of the narrower width with it and ends higher in the image (so it does not carry it);
    objects that share no width are excluded.
    """
    begin, end = boxes[:, 0], boxes[:, 0] + boxes[:, 2]
    middles, bottoms = (begin + end) / 2, boxes[:, 1] + boxes[:, 3]
    shared = np.minimum(end, end[nearest]) - np.maximum(begin, begin[nearest])
    covers = shared >= HIDDEN_SHARE * np.minimum(boxes[:, 2], boxes[nearest, 2])
    others = np.arange(len(boxes)) != nearest
    for words, certain, possible in (
        ("left of", end <= begin[nearest], ~covers & (middles <= middles[nearest])),
        ("to the right of", begin >= end[nearest], ~covers & (middles >= middles[nearest])),
        ("behind", covers & (bottoms < bottoms[nearest]), shared > 0),
    ):
        found = np.flatnonzero(possible & others)
        if len(found) == 1 and certain[found[0]]:
            yield from _one(f"the object {words} the closest one", "relation", int(found[0]))


def _one(text: str, category: str, target: int | None) -> Iterator[Question]:
    if target is not None:
        yield Question(text, category, (target,))


def _clear(keys: Sequence[float] | np.ndarray, place: int, margin: float) -> int | None:
    """Return the index at ``place`` in ascending order; None if a neighbour is too near."""
    order = np.argsort(keys, kind="stable")
    ranked = np.asarray(keys)[order]
    gaps = np.diff(ranked)[max(0, place - 1) : place + 1]
    return int(order[place]) if len(gaps) and bool((gaps >= margin).all()) else None

"""Synthetic data sets in the file formats of RefCOCO, PhraseCut, Ref-YouTube-VOS and Ref-DAVIS17.

They test the readers and measures of the published data sets from end to end.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from zsris_ros.evaluation.datasets.refcoco import PICTURES
from zsris_ros.geometry.run_lengths import encode
from zsris_ros.simulation.expressions.expressions import ReferringExpression, expressions
from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.simulation.tabletop import TabletopObject, TabletopScene, tabletop_scene
from zsris_ros.types import BoolArray, ByteArray

CATEGORY_IDS = {name: number for number, name in enumerate(SHAPES, 1)}
OBJECTS = 1000
"""Annotation numbers of a scene start at its seed times this."""

SEEDS = (2, 4, 6)

Polygon = list[float]


@cache
def small_scenes() -> tuple[TabletopScene, ...]:
    """Render three scenes of 320x240 once; skip the test without rendering."""
    try:
        return tuple(tabletop_scene(seed, 320, 240) for seed in SEEDS)
    except RenderingUnavailable as error:
        pytest.skip(str(error))


def write_refcoco(
    root: str | Path,
    scenes: Sequence[TabletopScene],
    dataset: str = "refcoco",
    split_by: str = "unc",
    splits: Sequence[str] = ("val",),
) -> None:
    """Write ``root``/DATASET/refs(BY).p and instances.json, and the images.

    The scenes are dealt to the ``splits`` in turn. Expressions with several targets are left out,
    as RefCOCO has none. Objects with a hole are written as run lengths.
    """
    folder, image_folder = Path(root) / dataset, Path(root) / PICTURES[0]
    folder.mkdir(parents=True, exist_ok=True)
    image_folder.mkdir(parents=True, exist_ok=True)
    refs: list[dict[str, Any]] = []
    instances: dict[str, list[dict[str, Any]]] = {
        "images": [],
        "annotations": [],
        "categories": [
            {"supercategory": "tabletop", "id": number, "name": name}
            for name, number in CATEGORY_IDS.items()
        ],
    }
    sentences = 0
    for place, scene in enumerate(scenes):
        file_name = f"COCO_train2014_{scene.seed:012d}.jpg"
        _write_image(image_folder / file_name, scene.frame.rgb)
        size = {"height": scene.frame.height, "width": scene.frame.width}
        instances["images"].append({"id": scene.seed, "file_name": file_name, **size})
        instances["annotations"] += [_annotation(scene, each) for each in scene.objects]
        split = splits[place % len(splits)]
        for target, texts in _sentences(scene):
            ref = _reference(scene, target, texts, sentences, split)
            ref["ref_id"] = len(refs)
            refs.append(ref)
            sentences += len(texts)
    (folder / f"refs({split_by}).p").write_bytes(pickle.dumps(refs, protocol=2))
    (folder / "instances.json").write_text(json.dumps(instances), encoding="utf-8")


def write_phrasecut(root: str | Path, scenes: Sequence[TabletopScene], split: str = "test") -> None:
    """Write ``root``/refer_SPLIT.json, image_data_split.json and images/.

    Every expression is a phrase, also with several targets. The polygons are outer outlines: the
    format cannot represent holes.
    """
    image_folder = Path(root) / "images"
    image_folder.mkdir(parents=True, exist_ok=True)
    tasks, sizes = [], []
    for scene in scenes:
        _write_image(image_folder / f"{scene.seed}.jpg", scene.frame.rgb)
        size = {"height": scene.frame.height, "width": scene.frame.width}
        sizes.append({"image_id": scene.seed, **size, "split": split})
        tasks += [_task(scene, each) for each in expressions(scene)]
    (Path(root) / f"refer_{split}.json").write_text(json.dumps(tasks), encoding="utf-8")
    (Path(root) / "image_data_split.json").write_text(json.dumps(sizes), encoding="utf-8")


def painted_video(seed: int, frames: int = 3) -> tuple[list[ByteArray], list[ByteArray]]:
    """Return images uint8 48x64x3 of two moving squares, red 1 and blue 2, and their labels 48x64.

    Square 2 is hidden in the last frame.
    """
    rng = np.random.default_rng(seed)
    top = rng.integers(4, 20, 2)
    images, labels = [], []
    for number in range(frames):
        label = np.zeros((48, 64), np.uint8)
        label[top[0] : top[0] + 14, 4 + 3 * number : 18 + 3 * number] = 1
        if number < frames - 1:
            label[top[1] : top[1] + 14, 36:52] = 2
        colours = np.array([[90, 90, 90], [220, 30, 30], [30, 30, 220]], np.uint8)
        images.append(colours[label])
        labels.append(label)
    return images, labels


def write_ref_youtube_vos(
    root: str | Path, split: str = "train", videos: Sequence[str] = ("0a1b", "2c3d")
) -> None:
    """Write a miniature Ref-YouTube-VOS of painted videos; the objects only of the split train."""
    folder, meta = Path(root) / split, {}
    for seed, video in enumerate(videos):
        images, labels = painted_video(seed)
        names = [f"{5 * number:05d}" for number in range(len(images))]
        for name, image, label in zip(names, images, labels, strict=True):
            _write_frame(folder / "JPEGImages" / video / f"{name}.jpg", image)
            if split == "train":
                _write_palette(folder / "Annotations" / video / f"{name}.png", label)
        texts = [("a red square moving right", "1"), ("the blue square", "2")]
        expressions: dict[str, dict[str, str]] = {
            str(number): {"exp": text, **({"obj_id": target} if split == "train" else {})}
            for number, (text, target) in enumerate(texts)
        }
        meta[video] = {"expressions": expressions, "frames": names}
    path = Path(root) / "meta_expressions" / split / "meta_expressions.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"videos": meta}), encoding="utf-8")


def write_ref_davis17(root: str | Path, split: str = "val") -> None:
    """Write a miniature Ref-DAVIS17 of two painted videos and of one of another split.

    The files of annotator 2 are in Latin-1 and misspell a name, as the published ones do.
    """
    davis, texts = Path(root) / "DAVIS", Path(root) / "davis_text_annotations"
    texts.mkdir(parents=True, exist_ok=True)
    videos = ("blackswan", "classic-car")
    for seed, video in enumerate(videos):
        for number, (image, label) in enumerate(zip(*painted_video(seed), strict=True)):
            _write_frame(davis / "JPEGImages/480p" / video / f"{number:05d}.jpg", image)
            path = davis / "Annotations_unsupervised/480p" / video / f"{number:05d}.png"
            _write_palette(path, label)
    lists = davis / "ImageSets/2017"
    lists.mkdir(parents=True, exist_ok=True)
    (lists / f"{split}.txt").write_text("\n".join(videos) + "\n", encoding="utf-8")
    for annotator, encoding, car in ((1, "utf-8", "classic-car"), (2, "latin-1", "clasic-car")):
        for kind in ("", "_full_video"):
            lines = [
                f'{video} {target} "the {colour} caf\u00e9 square{kind}"'
                for video in ("blackswan", car, "bear")
                for target, colour in ((1, "red"), (2, "blue"))
            ]
            file = texts / f"Davis17_annot{annotator}{kind}.txt"
            file.write_text("\n".join(lines) + "\n", encoding=encoding)


def _write_palette(path: Path, labels: ByteArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(labels, "P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    image.save(path)


def _write_frame(path: Path, rgb: ByteArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_image(path, rgb)


def to_segmentation(mask: BoolArray) -> list[Polygon] | dict[str, Any]:
    """Return a mask bool HxW as COCO's "segmentation", which reads back as the same mask.

    A polygon for each part, or run lengths if a part has a hole.
    """
    # Outlines of pixels thrice enlarged run inside of their edges, and so between pixel centres.
    fine = mask.astype(np.uint8).repeat(3, axis=0).repeat(3, axis=1)
    contours, levels = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if levels is None or (levels[0, :, 3] >= 0).any():
        return encode(mask, compress=False)
    return [[float(v) for v in (points.ravel() + 0.5) / 3] for points in contours]


def _sentences(scene: TabletopScene) -> Iterator[tuple[TabletopObject, list[str]]]:
    """Yield each object that has expressions of its own, with their texts."""
    found: dict[int, list[str]] = {}
    for each in expressions(scene):
        if len(each.targets) == 1:
            found.setdefault(each.targets[0], []).append(each.text)
    return ((scene.objects[index], texts) for index, texts in found.items())


def _reference(
    scene: TabletopScene, target: TabletopObject, texts: list[str], first: int, split: str
) -> dict[str, Any]:
    number = _number(scene, target)
    return {
        "sent_ids": list(range(first, first + len(texts))),
        "file_name": f"COCO_train2014_{scene.seed:012d}_{number}.jpg",
        "ann_id": number,
        "image_id": scene.seed,
        "category_id": CATEGORY_IDS[target.words.nouns[0]],
        "split": split,
        "sentences": [
            {"tokens": text.split(), "raw": text.capitalize(), "sent_id": place, "sent": text}
            for place, text in enumerate(texts, first)
        ],
    }


def _annotation(scene: TabletopScene, target: TabletopObject) -> dict[str, Any]:
    return {
        "id": _number(scene, target),
        "image_id": scene.seed,
        "category_id": CATEGORY_IDS[target.words.nouns[0]],
        "segmentation": to_segmentation(target.mask),
        "area": float(target.pixels),
        "bbox": _box(target.mask),
        "iscrowd": 0,
    }


def _task(scene: TabletopScene, expression: ReferringExpression) -> dict[str, Any]:
    targets = [scene.objects[index] for index in expression.targets]
    numbers = [_number(scene, target) for target in targets]
    return {
        "task_id": f"{scene.seed}__{'_'.join(map(str, numbers))}",
        "image_id": scene.seed,
        "ann_ids": numbers,
        "instance_boxes": [_box(target.mask) for target in targets],
        "Polygons": [outlines(target.mask) for target in targets],
        "phrase": expression.text,
        "phrase_structure": {
            "name": targets[0].words.nouns[0],
            "attributes": [targets[0].words.colours[0]],
            "relation_ids": [],
            "relation_descriptions": [],
            "type": "attribute" if expression.category == "attribute" else "verbose",
        },
    }


def outlines(mask: BoolArray) -> list[list[list[int]]]:
    """Return the closed outline of each part of a mask bool HxW, as points [x, y] in pixels."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [[*points[:, 0].tolist(), points[0, 0].tolist()] for points in contours]


def _box(mask: BoolArray) -> list[int]:
    """Return x, y, width and height in pixels."""
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return [x, y, width, height]


def _number(scene: TabletopScene, target: TabletopObject) -> int:
    return scene.seed * OBJECTS + target.label


def _write_image(path: Path, rgb: ByteArray) -> None:
    Image.fromarray(rgb).save(path, quality=95)

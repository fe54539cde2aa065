"""VGPhraseCut (Wu et al., CVPR 2020) in its published form.

A folder ROOT as written by its authors' downloader::

    ROOT/refer_val.json             phrases and their regions; also refer_test.json, ...
    ROOT/image_data_split.json      sizes of the images
    ROOT/images/NUMBER.jpg          Visual Genome's images

A phrase means all matching instances, often several, and counts with their union. Methods that
answer with one mask therefore have a low bound here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from zsris_ros.evaluation.datasets.files import (
    check_size,
    published_form,
    read_json,
    read_picture,
    required,
)
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.types import BoolArray, Frame, InputError

SPLITS = ("train", "val", "test", "miniv")


class PhraseCutData:
    """One split; the items are images, named by Visual Genome's number.

    An image's phrases are its questions, with all their instances as targets. The category is the
    data set's own: "name", "attribute", "relation" or "verbose". The masks are the instances of all
    phrases, phrase by phrase, with the phrase's noun as class; an object of two phrases occurs
    twice.

    Raises:
        FileNotFoundError: A file is missing; the message names it.
        InputError: Unknown split, or files not in their published form.
    """

    def __init__(self, root: str | Path, split: str) -> None:
        if split not in SPLITS:
            raise InputError(f"PhraseCut has no split {split}: take one of {', '.join(SPLITS)}")
        self.title = f"PhraseCut {split}"
        self._root = Path(root)
        self._file = required(
            self._root / f"refer_{split}.json", "PhraseCut's phrases with their regions"
        )
        sizes_file = required(
            self._root / "image_data_split.json", "PhraseCut's list of its pictures"
        )
        self._tasks: dict[int, list[Mapping[str, Any]]] = {}
        tasks = read_json(self._file)
        with published_form(self._file):
            for task in tasks:
                self._tasks.setdefault(int(task["image_id"]), []).append(task)
        sizes = read_json(sizes_file)
        with published_form(sizes_file):
            self._sizes = {
                int(each["image_id"]): (int(each["height"]), int(each["width"])) for each in sizes
            }
            missing = [number for number in self._tasks if number not in self._sizes]
            if missing:
                raise InputError(f"picture {missing[0]} of {self._file} is missing")

    def names(self) -> Sequence[str]:
        """Return the images by number, ascending as in the published evaluation."""
        return [str(number) for number in sorted(self._tasks)]

    def item(self, name: str) -> EvaluationItem:
        """Read one image with its phrases. Raises InputError or FileNotFoundError."""
        number = int(name) if name.isdecimal() else None
        if number is None or number not in self._tasks:
            raise InputError(f"{self.title} has no picture {name}")
        height, width = self._sizes[number]
        rgb = read_picture([self._root / "images"], f"{number}.jpg", "Visual Genome's pictures")
        check_size(rgb, height, width, f"{number}.jpg")
        masks: list[BoolArray] = []
        classes: list[str] = []
        questions = []
        with published_form(self._file):
            for task in self._tasks[number]:
                structure = task.get("phrase_structure") or {}
                first = len(masks)
                masks.extend(instance_masks(task["Polygons"], height, width))
                classes.extend([str(structure.get("name", ""))] * (len(masks) - first))
                targets = tuple(range(first, len(masks)))
                category = str(structure.get("type", "verbose"))
                questions.append(Question(str(task["phrase"]), category, targets))
        return EvaluationItem(
            name=name,
            frame=Frame(rgb),
            masks=np.array(masks, dtype=bool).reshape(-1, height, width),
            questions=tuple(questions),
            classes=tuple(classes),
        )


def instance_masks(
    instances: Sequence[Sequence[Sequence[Sequence[float]]]], height: int, width: int
) -> Iterator[BoolArray]:
    """Yield the mask bool HxW of each instance, a union of polygons of points [x, y] in pixels.

    As in the data set's own evaluation, corners are truncated to whole pixels, edges are included,
    and polygons of one point are left out.
    """
    for polygons in instances:
        canvas = Image.new("1", (width, height))
        draw = ImageDraw.Draw(canvas)
        for polygon in polygons:
            corners = [(int(x), int(y)) for x, y in polygon]
            if len(corners) > 1:
                draw.polygon(corners, fill=1, outline=1)
        yield np.array(canvas, dtype=bool)

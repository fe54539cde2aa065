"""RefCOCO, RefCOCO+ and RefCOCOg (Yu et al., ECCV 2016; Mao et al., CVPR 2016) in published form.

A folder ROOT in the layout of the ``refer`` toolkit::

    ROOT/refcoco/refs(unc).p            expressions, a Python 2 pickle; also refs(google).p
    ROOT/refcoco/instances.json         objects, in COCO's form
    ROOT/refcoco+/refs(unc).p, instances.json
    ROOT/refcocog/refs(umd).p, refs(google).p, instances.json
    ROOT/images/mscoco/images/train2014/COCO_train2014_*.jpg

The images are COCO's train2014. ROOT/images/train2014 or ROOT/train2014 may also hold them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zsris_ros.evaluation.datasets.categories import category_of
from zsris_ros.evaluation.datasets.coco import segmentation_mask
from zsris_ros.evaluation.datasets.files import (
    check_size,
    published_form,
    read_json,
    read_picture,
    required,
)
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.datasets.unpickle import load_plain
from zsris_ros.types import Frame, InputError

TITLES = {"refcoco": "RefCOCO", "refcoco+": "RefCOCO+", "refcocog": "RefCOCOg"}
SPLITS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("refcoco", "unc"): ("train", "val", "testA", "testB"),
    ("refcoco", "google"): ("train", "val", "test"),
    ("refcoco+", "unc"): ("train", "val", "testA", "testB"),
    ("refcocog", "umd"): ("train", "val", "test"),
    ("refcocog", "google"): ("train", "val"),
}
"""The splits by data set and author of the splits."""

PICTURES = ("images/mscoco/images/train2014", "images/train2014", "train2014")


class RefcocoData:
    """One split; the items are images, named by COCO's number.

    All sentences of the image's references in this split are its questions, each a sample of its
    own as in the papers. The text is ``raw``, as in both published loaders, or ``sent`` in a file
    without ``raw``; the category is ``category_of`` it. The masks are all annotated objects of the
    image, crowds included, as in the published loader of true masks. ``published_truth`` is
    explained in ``coco.segmentation_mask``.

    A split is exactly the named one. (The toolkit takes "test" for every split with "test" in its
    name; the published scripts always take "umd" for RefCOCOg.)

    Raises:
        FileNotFoundError: A file is missing; the message names it.
        InputError: Unknown data set or split, or files not in their published form.
    """

    def __init__(
        self,
        root: str | Path,
        dataset: str,
        split_by: str,
        split: str,
        published_truth: bool = False,
    ) -> None:
        _check_names(dataset, split_by, split)
        self.title = f"{TITLES[dataset]} ({split_by}) {split}"
        self._root = Path(root)
        self._published_truth = published_truth
        folder = self._root / dataset
        refs_file = required(
            folder / f"refs({split_by}).p",
            f"the expressions of {TITLES[dataset]} as the refer toolkit publishes them",
        )
        self._instances_file = required(
            folder / "instances.json",
            f"the objects of {TITLES[dataset]} as the refer toolkit publishes them",
        )
        self._refs: dict[int, list[tuple[int, tuple[str, ...]]]] = {}
        refs = load_plain(refs_file)
        with published_form(refs_file):
            for ref in refs:
                if ref["split"] == split:
                    sentences = tuple(map(_text, ref["sentences"]))
                    self._refs.setdefault(ref["image_id"], []).append((ref["ann_id"], sentences))
        if not self._refs:
            raise InputError(f"{refs_file} holds nothing of the split {split}")
        self._read_instances()

    def names(self) -> Sequence[str]:
        """Return the images in the order of their first reference in the published file."""
        return [str(number) for number in self._refs]

    def item(self, name: str) -> EvaluationItem:
        """Read one image with its objects. Raises InputError or FileNotFoundError."""
        number = int(name) if name.isdecimal() else None
        if number not in self._refs:
            raise InputError(f"{self.title} has no picture {name}")
        with published_form(self._instances_file):
            image = self._images[number]
            height, width, file_name = image["height"], image["width"], str(image["file_name"])
        folders = [self._root / folder for folder in PICTURES]
        rgb = read_picture(folders, file_name, "COCO's train2014 pictures")
        check_size(rgb, height, width, file_name)

        objects = self._objects[number]
        with published_form(self._instances_file):
            masks = [
                segmentation_mask(each["segmentation"], height, width, self._published_truth)
                for each in objects
            ]
            classes = tuple(self._categories[each["category_id"]] for each in objects)
        places = {each["id"]: place for place, each in enumerate(objects)}
        return EvaluationItem(
            name=name,
            frame=Frame(rgb),
            masks=np.array(masks, dtype=bool).reshape(-1, height, width),
            questions=tuple(
                Question(text, category_of(text), (places[annotation],))
                for annotation, sentences in self._refs[number]
                for text in sentences
            ),
            classes=classes,
        )

    def _read_instances(self) -> None:
        """Read the annotations of the split's images."""
        content = read_json(self._instances_file)
        self._objects: dict[int, list[Mapping[str, Any]]] = {number: [] for number in self._refs}
        with published_form(self._instances_file):
            self._categories = {each["id"]: str(each["name"]) for each in content["categories"]}
            self._images = {
                each["id"]: each for each in content["images"] if each["id"] in self._refs
            }
            for each in content["annotations"]:
                if each["image_id"] in self._objects:
                    self._objects[each["image_id"]].append(each)
            for number, refs in self._refs.items():
                known = {each["id"] for each in self._objects[number]}
                if number not in self._images or not {ref for ref, _ in refs} <= known:
                    raise InputError(
                        f"picture {number} of the expressions, or one of its objects, is missing; "
                        "take instances.json and refs(...).p of the same data set"
                    )


def _text(sentence: Mapping[str, Any]) -> str:
    """Return the typed text, or the cleaned one in a file without it."""
    return str(sentence["raw"] if "raw" in sentence else sentence["sent"])


def _check_names(dataset: str, split_by: str, split: str) -> None:
    if dataset not in TITLES:
        raise InputError(f"there is no data set {dataset}: take one of {', '.join(TITLES)}")
    splitters = [by for name, by in SPLITS if name == dataset]
    if split_by not in splitters:
        raise InputError(f"{dataset} is split by {' or '.join(splitters)}, not by {split_by}")
    splits = SPLITS[dataset, split_by]
    if split not in splits:
        raise InputError(
            f"{dataset} split by {split_by} has no split {split}: take one of {', '.join(splits)}"
        )

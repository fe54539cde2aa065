"""Synthetic RefCOCO files: the reader returns the rendered scenes."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.synthetic_datasets import SEEDS, small_scenes, write_refcoco

from zsris_ros.evaluation.datasets.categories import category_of
from zsris_ros.evaluation.datasets.refcoco import SPLITS, RefcocoData
from zsris_ros.simulation.expressions.expressions import expressions
from zsris_ros.types import InputError

JPEG_ERROR = 3.0
"""Largest mean difference of a channel after saving as JPEG."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("refcoco")
    write_refcoco(root, small_scenes())
    return root


def test_the_written_data_set_is_read(root: Path) -> None:
    data = RefcocoData(root, "refcoco", "unc", "val")
    assert data.title == "RefCOCO (unc) val"
    assert data.names() == [str(seed) for seed in SEEDS]
    for scene, name in zip(small_scenes(), data.names(), strict=True):
        item = data.item(name)
        assert item.name == name
        assert item.frame.depth is None
        difference = np.abs(item.frame.rgb.astype(int) - scene.frame.rgb)
        assert difference.mean() < JPEG_ERROR
        np.testing.assert_array_equal(item.masks, [each.mask for each in scene.objects])
        assert item.classes == tuple(each.words.nouns[0] for each in scene.objects)
        # ``raw`` begins with a capital, ``sent`` does not.
        made = {(e.text.capitalize(), e.targets) for e in expressions(scene) if len(e.targets) == 1}
        assert {(q.text, q.targets) for q in item.questions} == made
        assert len(made) > 5
        for question in item.questions:
            assert question.category == category_of(question.text)
            mask = scene.objects[question.targets[0]].mask
            np.testing.assert_array_equal(item.truth(question), mask)


@pytest.mark.parametrize(("dataset", "by"), SPLITS, ids=str)
def test_a_split_is_exactly_the_one_named(tmp_path: Path, dataset: str, by: str) -> None:
    """Neither "test" for "testA" nor one split's pictures in another's."""
    splits = SPLITS[dataset, by][-len(SEEDS) :]
    write_refcoco(tmp_path, small_scenes(), dataset, by, splits)
    for place, split in enumerate(splits):
        names = RefcocoData(tmp_path, dataset, by, split).names()
        assert names == [str(seed) for seed in SEEDS[place :: len(splits)]]
    if "testA" in splits:
        with pytest.raises(InputError, match="take one of train, val, testA, testB"):
            RefcocoData(tmp_path, dataset, by, "test")


def test_an_unknown_data_set_or_split_is_refused(root: Path) -> None:
    with pytest.raises(InputError, match="take one of refcoco, refcoco"):
        RefcocoData(root, "refcocoX", "unc", "val")
    with pytest.raises(InputError, match="split by umd or google, not by unc"):
        RefcocoData(root, "refcocog", "unc", "val")
    with pytest.raises(InputError, match="holds nothing of the split testA"):
        RefcocoData(root, "refcoco", "unc", "testA")
    data = RefcocoData(root, "refcoco", "unc", "val")
    for name in ("99", "", "x", "-2", "2 "):
        with pytest.raises(InputError, match="has no picture"):
            data.item(name)


def test_missing_files_are_named(root: Path) -> None:
    folder = root / "images/mscoco/images/train2014"
    picture = folder / f"COCO_train2014_{SEEDS[0]:012d}.jpg"
    data = RefcocoData(root, "refcoco", "unc", "val")
    (root / "train2014").mkdir()
    moved = picture.rename(root / "train2014" / picture.name)
    assert data.item(str(SEEDS[0])).frame.width == 320
    moved.unlink()
    with pytest.raises(FileNotFoundError, match=rf"{picture.name} is missing.*{folder}"):
        data.item(str(SEEDS[0]))
    (root / "refcoco/instances.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"instances\.json is missing: it is the objects"):
        RefcocoData(root, "refcoco", "unc", "val")
    (root / "refcoco/refs(unc).p").unlink()
    with pytest.raises(FileNotFoundError, match=r"refs\(unc\)\.p is missing: it is the expr"):
        RefcocoData(root, "refcoco", "unc", "val")


def test_the_typed_sentence_is_read_and_the_cleaned_one_where_there_is_no_other(root: Path) -> None:
    def texts() -> list[str]:
        data = RefcocoData(root, "refcoco", "unc", "val")
        return [question.text for question in data.item(str(SEEDS[0])).questions]

    def typed(refs: Any) -> Any:
        for ref in refs:
            for each in ref["sentences"]:
                each["raw"] = f"The {each['sent']}, please!"
        return refs

    def cleaned(refs: Any) -> Any:
        for ref in refs:
            for each in ref["sentences"]:
                del each["raw"]
        return refs

    edit_refs(root, typed)
    raw = texts()
    edit_refs(root, cleaned)
    sent = texts()
    assert raw == [f"The {text}, please!" for text in sent]
    assert [category_of(text.capitalize()) for text in sent] == [category_of(text) for text in sent]


def test_crowds_are_objects_as_the_published_loader_takes_them(root: Path) -> None:
    path = root / "refcoco/instances.json"
    content = json.loads(path.read_text())
    data = RefcocoData(root, "refcoco", "unc", "val")
    whole = data.item(str(SEEDS[0]))
    numbers = [a["id"] for a in content["annotations"] if a["image_id"] == SEEDS[0]]
    for each in content["annotations"]:
        each["iscrowd"] = 1
    path.write_text(json.dumps(content))
    crowds = RefcocoData(root, "refcoco", "unc", "val").item(str(SEEDS[0]))
    assert len(crowds.masks) == len(numbers)
    np.testing.assert_array_equal(crowds.masks, whole.masks)
    assert (crowds.classes, crowds.questions) == (whole.classes, whole.questions)


def test_the_published_truth_loses_where_polygons_overlap(root: Path) -> None:
    path = root / "refcoco/instances.json"
    content = json.loads(path.read_text())
    annotation = next(
        each for each in content["annotations"] if isinstance(each["segmentation"], list)
    )
    annotation["segmentation"] *= 2  # one polygon twice: nothing is left
    path.write_text(json.dumps(content))
    name, number = str(annotation["image_id"]), annotation["id"]
    place = [
        each["id"] for each in content["annotations"] if each["image_id"] == annotation["image_id"]
    ].index(number)
    ours = RefcocoData(root, "refcoco", "unc", "val").item(name)
    theirs = RefcocoData(root, "refcoco", "unc", "val", published_truth=True).item(name)
    assert ours.masks[place].sum() > 50
    assert not theirs.masks[place].any()
    np.testing.assert_array_equal(
        np.delete(ours.masks, place, axis=0), np.delete(theirs.masks, place, axis=0)
    )


def edit_refs(root: Path, change: Callable[[Any], Any]) -> None:
    path = root / "refcoco/refs(unc).p"
    path.write_bytes(pickle.dumps(change(pickle.loads(path.read_bytes())), 2))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda refs: {"refs": refs}, r"refs\(unc\)\.p is not in its published form"),
        (lambda refs: [{**refs[0], "sentences": "abc"}], "published form"),
        (lambda refs: [{k: v for k, v in refs[0].items() if k != "ann_id"}], "KeyError 'ann_id'"),
        (lambda refs: 7, "published form"),
        (lambda refs: [], "holds nothing of the split val"),
        (lambda refs: [{**refs[0], "ann_id": 5}], "of the same data set"),
        (lambda refs: [{**refs[0], "image_id": 5}], "of the same data set"),
        (lambda refs: [{**refs[0], "image_id": [5]}], "published form"),
        (lambda refs: [*refs, edit_refs], "which is code and not data"),
    ],
)
def test_expressions_in_another_form_are_refused(
    root: Path, change: Callable[[Any], Any], reason: str
) -> None:
    edit_refs(root, change)
    with pytest.raises(InputError, match=reason):
        RefcocoData(root, "refcoco", "unc", "val")


def test_objects_and_pictures_in_another_form_are_refused(root: Path) -> None:
    name = str(SEEDS[0])
    data = RefcocoData(root, "refcoco", "unc", "val")
    picture = root / f"images/mscoco/images/train2014/COCO_train2014_{SEEDS[0]:012d}.jpg"
    Image.new("L", (10, 20)).save(picture)
    with pytest.raises(InputError, match="10x20 pixels and its objects were drawn on 320x240"):
        data.item(name)
    Image.new("L", (320, 240)).save(picture)
    assert data.item(name).frame.rgb.shape == (240, 320, 3), "a grey picture will do"
    picture.write_bytes(picture.read_bytes()[:200])
    with pytest.raises(InputError, match="not a whole picture"):
        data.item(name)
    path = root / "refcoco/instances.json"
    whole = path.read_text()
    path.write_text(whole[:-5])
    with pytest.raises(InputError, match="is not JSON"):
        RefcocoData(root, "refcoco", "unc", "val")
    content = json.loads(whole)
    path.write_text(json.dumps({**content, "annotations": 3}))
    with pytest.raises(InputError, match="published form"):
        RefcocoData(root, "refcoco", "unc", "val")
    for each in content["annotations"]:
        each["segmentation"] = [[1, 2, 3]]
    path.write_text(json.dumps(content))
    Image.new("RGB", (320, 240)).save(picture)
    with pytest.raises(InputError, match=r"instances\.json: a polygon is a flat list"):
        RefcocoData(root, "refcoco", "unc", "val").item(name)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("bear", "name"),
        ("brown bear", "attribute"),
        ("man in blue", "attribute"),
        ("guy on right", "position"),
        ("left guy", "position"),
        ("leftmost zebra", "superlative"),
        ("the biggest bear", "superlative"),
        ("person behind the fence", "relation"),
        ("tallest giraffe next to the tree", "relation"),
        ("giraffe between the two others", "between"),
        ("second from left", "ordinal"),
        ("two dogs", "plural"),
        ("the one not in red", "negation"),
        ("", "none"),
        ("?!", "none"),
    ],
)
def test_kinds_of_expressions(text: str, kind: str) -> None:
    assert category_of(text) == kind

"""Synthetic PhraseCut files: the reader returns the rendered scenes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays
from support.synthetic_datasets import SEEDS, outlines, small_scenes, write_phrasecut

from zsris_ros.evaluation.datasets.phrasecut import PhraseCutData, instance_masks
from zsris_ros.simulation.expressions.expressions import expressions
from zsris_ros.types import BoolArray, InputError

small_masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("phrasecut")
    write_phrasecut(root, small_scenes())
    return root


def filled(mask: BoolArray) -> BoolArray:
    """Fill the holes of a mask: all but the background connected to the border."""
    background = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    _, labels = cv2.connectedComponents(background, connectivity=4)
    inside: BoolArray = labels[1:-1, 1:-1] != labels[0, 0]
    return inside


def test_the_written_data_set_is_read(root: Path) -> None:
    data = PhraseCutData(root, "test")
    assert data.title == "PhraseCut test"
    assert data.names() == [str(seed) for seed in SEEDS]
    several = 0
    for scene, name in zip(small_scenes(), data.names(), strict=True):
        item = data.item(name)
        made = expressions(scene)
        assert [question.text for question in item.questions] == [each.text for each in made]
        assert len(item.masks) == len(item.classes) == sum(len(each.targets) for each in made)
        for question, each in zip(item.questions, made, strict=True):
            targets = [scene.objects[index] for index in each.targets]
            several += len(targets) > 1
            assert len(question.targets) == len(targets)
            assert item.classes[question.targets[0]] == targets[0].words.nouns[0]
            for index, target in zip(question.targets, targets, strict=True):
                np.testing.assert_array_equal(item.masks[index], filled(target.mask))
            union = np.any([filled(target.mask) for target in targets], axis=0)
            np.testing.assert_array_equal(item.truth(question), union)
    assert several, "no phrase of the scenes means several objects"


@given(small_masks)
def test_outlines_are_drawn_with_their_edges(mask: BoolArray) -> None:
    (drawn,) = instance_masks([outlines(mask)], *mask.shape)
    np.testing.assert_array_equal(drawn, filled(mask))


def test_corners_are_cut_to_whole_pixels_and_points_left_out() -> None:
    instances = [[[[1.9, 1.2], [3.99, 1.5], [3.0, 2.9], [1, 2]], [[5, 5]]], [], [[[0, 0], [2, 0]]]]
    first, none, line = instance_masks(instances, 6, 7)
    assert first.sum() == 6 and first[1:3, 1:4].all()
    assert not none.any()
    assert line.sum() == 3 and line[0, :3].all()


def test_missing_files_are_named(root: Path) -> None:
    with pytest.raises(InputError, match="take one of train, val, test, miniv"):
        PhraseCutData(root, "testA")
    with pytest.raises(FileNotFoundError, match=r"refer_val\.json is missing: it is PhraseCut's"):
        PhraseCutData(root, "val")
    data = PhraseCutData(root, "test")
    with pytest.raises(InputError, match="has no picture 99"):
        data.item("99")
    (root / f"images/{SEEDS[0]}.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"Visual Genome's pictures belong in .*images"):
        data.item(str(SEEDS[0]))
    (root / "image_data_split.json").unlink()
    with pytest.raises(FileNotFoundError, match="list of its pictures"):
        PhraseCutData(root, "test")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Polygons", None),
        ("Polygons", [[[1, 2, 3]]]),
        ("Polygons", [[[["a", "b"], [1, 2]]]]),
        ("Polygons", [[[[float("nan"), 1], [1, 2]]]]),
        ("phrase_structure", "abc"),
        ("image_id", "abc"),
        ("image_id", 12345),
    ],
)
def test_other_forms_are_refused(root: Path, key: str, value: Any) -> None:
    path = root / "refer_test.json"
    tasks = json.loads(path.read_text())
    tasks[0][key] = value
    path.write_text(json.dumps(tasks))
    with pytest.raises(InputError, match=r"published form|is missing"):
        PhraseCutData(root, "test").item(str(SEEDS[0]))


def test_phrases_without_structure_are_read(root: Path) -> None:
    path = root / "refer_test.json"
    tasks = json.loads(path.read_text())
    tasks[0]["phrase_structure"] = None
    path.write_text(json.dumps(tasks))
    item = PhraseCutData(root, "test").item(str(SEEDS[0]))
    assert item.questions[0].category == "verbose"
    assert item.classes[0] == ""

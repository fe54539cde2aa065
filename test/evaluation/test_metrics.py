"""Metrics of masks, on small masks counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zsris_ros.evaluation.metrics import (
    Overlap,
    answer_iou,
    best_ious,
    best_overlap,
    closest_object,
    iou,
    mean,
    object_centric_overlap,
    overall_iou,
    overlap,
    precision,
    wilson,
)
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.types import BoolArray, Proposals

NONE = np.zeros((2, 4), bool)
ALL = np.ones((2, 4), bool)
LEFT = np.array([[1, 1, 0, 0], [1, 1, 0, 0]], bool)
TOP = np.array([[1, 1, 1, 1], [0, 0, 0, 0]], bool)

masks = arrays(bool, (3, 4))


@given(masks, masks)
def test_iou_is_that_of_sets_of_pixels(a: BoolArray, b: BoolArray):
    one, other = ({tuple(p) for p in np.argwhere(mask)} for mask in (a, b))
    assert overlap(a, b) == overlap(b, a) == (len(one & other), len(one | other))
    assert iou(a, b) == (len(one & other) / len(one | other) if one | other else 1)


def test_two_empty_masks_are_right_only_without_a_target():
    nothing = overlap(NONE, NONE)
    assert answer_iou(nothing, has_target=False) == 1
    assert answer_iou(nothing, has_target=True) == 0  # as the published loop counts it
    assert answer_iou(overlap(NONE, LEFT), has_target=False) == 0
    assert answer_iou(overlap(LEFT, LEFT), has_target=True) == 1


def test_the_best_proposal_of_each_object():
    given_masks = np.array([TOP, ALL])
    found = Proposals(given_masks, mask_boxes(given_masks), np.ones(2, np.float32), ("x", "x"))
    values = best_ious(np.array([LEFT, TOP]), found)
    assert values.dtype == np.float32 and values.tolist() == [0.5, 1.0]
    empty = Proposals(given_masks[:0], mask_boxes(given_masks[:0]), np.ones(0, np.float32), ())
    assert best_ious(np.array([LEFT, TOP]), empty).tolist() == [0, 0]
    assert best_ious(given_masks[:0], found).shape == (0,)
    assert best_overlap(LEFT, given_masks) == (4, 8)
    assert best_overlap(LEFT, given_masks[:0]) == (0, 4)
    # None fits at all: the one that adds the least to the union.
    assert best_overlap(LEFT, np.array([~LEFT, ~LEFT & TOP])) == (0, 6)


def test_the_object_that_an_answer_shows():
    objects = np.array([LEFT, TOP, ~TOP & ~LEFT])
    assert closest_object(objects, TOP) == 1
    assert closest_object(objects, ALL) == 0  # 4 of 8 pixels, as the second: the first counts
    assert closest_object(objects[:1], ~LEFT) is None
    assert closest_object(objects, NONE) is None and closest_object(objects[:0], ALL) is None


def test_overall_iou_weighs_pixels_and_mean_iou_answers():
    found = [overlap(ALL, ALL), overlap(LEFT, NONE)]
    assert overall_iou(found) == pytest.approx(8 / 12)
    assert mean(each.iou for each in found) == 0.5
    assert overall_iou([]) == mean([]) == precision([], 0.5) == overall_iou([Overlap(0, 0)]) == 0


def test_precision_is_the_share_above_the_threshold():
    assert precision([0.2, 0.5, 0.51, 1.0], 0.5) == 0.5


@given(masks, st.lists(masks, max_size=4))
def test_object_centric_iou_is_of_all_answers_at_once(true: BoolArray, answers: list[BoolArray]):
    every, before = [true, *answers], true.copy()
    found = object_centric_overlap(true, answers)
    assert found == (np.all(every, axis=0).sum(), np.any(every, axis=0).sum())  # VATEX, Eq. (9)
    assert all(found.iou <= iou(true, answer) for answer in answers)
    assert (true == before).all(), "the mask is unchanged"


def test_wilson_interval() -> None:
    low, high = wilson(9, 10)
    assert (low, high) == (pytest.approx(0.596, abs=0.001), pytest.approx(0.982, abs=0.001))
    assert wilson(10, 10)[1] == 1.0

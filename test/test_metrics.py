"""The figures masks are judged by, on masks small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from zsris_ros.evaluation.metrics import Tally, best_ious, iou
from zsris_ros.geometry import mask_boxes
from zsris_ros.types import Proposals

NONE = np.zeros((2, 4), bool)
ALL = np.ones((2, 4), bool)
LEFT = np.array([[1, 1, 0, 0], [1, 1, 0, 0]], bool)
TOP = np.array([[1, 1, 1, 1], [0, 0, 0, 0]], bool)


def test_iou_counts_pixels():
    assert iou(LEFT, TOP) == pytest.approx(2 / 6)
    assert iou(LEFT, LEFT) == 1 and iou(LEFT, NONE) == 0 and iou(NONE, NONE) == 1


def test_best_ious_takes_the_best_proposal_of_each_object():
    masks = np.array([TOP, ALL])
    found = Proposals(masks, mask_boxes(masks), np.ones(2, np.float32), ("x", "x"))
    values = best_ious(np.array([LEFT, TOP]), found)
    assert values.dtype == np.float32 and values.tolist() == [0.5, 1.0]
    empty = Proposals(masks[:0], mask_boxes(masks[:0]), np.ones(0, np.float32), ())
    assert best_ious(np.array([LEFT, TOP]), empty).tolist() == [0, 0]
    assert best_ious(masks[:0], found).shape == (0,)


def test_overall_iou_weighs_pixels_and_mean_iou_answers():
    tally = Tally()
    assert (tally.n, tally.miou, tally.oiou) == (0, 0, 0)
    assert tally.add(ALL, ALL) == 1
    assert tally.add(LEFT, NONE) == 0
    assert tally.n == 2 and tally.miou == 0.5 and tally.oiou == pytest.approx(8 / 12)

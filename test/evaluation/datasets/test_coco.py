"""COCO's polygons and run lengths as masks, equal to those of COCO's own tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from support.synthetic_datasets import to_segmentation

from zsris_ros.evaluation.datasets.coco import polygon_mask, segmentation_mask
from zsris_ros.geometry.run_lengths import decode, encode
from zsris_ros.types import BoolArray, InputError

HEIGHT, WIDTH = 30, 40
RECORDED = json.loads((Path(__file__).parents[2] / "data" / "coco_polygons.json").read_text())
"""Polygons, and pycocotools 2.0.11's masks of them as run lengths of 30x40 pixels."""

small_masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))
coordinates = st.floats(-60, 60) | st.integers(-50, 50)
polygons = st.lists(st.tuples(coordinates, coordinates), max_size=9).map(
    lambda corners: [value for corner in corners for value in corner]
)


def test_polygons_are_drawn_as_recorded() -> None:
    assert len(RECORDED) > 20
    for row in RECORDED:
        expected = decode({"size": [HEIGHT, WIDTH], "counts": row["counts"]})
        np.testing.assert_array_equal(polygon_mask(row["polygon"], HEIGHT, WIDTH), expected)


@given(polygons)
def test_the_direction_and_the_first_corner_do_not_matter(polygon: list[float]) -> None:
    corners = np.array(polygon).reshape(-1, 2)
    mask = polygon_mask(polygon, HEIGHT, WIDTH)
    assert mask.shape == (HEIGHT, WIDTH)
    turned = np.roll(corners, 1, axis=0).ravel().tolist()
    np.testing.assert_array_equal(polygon_mask(turned, HEIGHT, WIDTH), mask)
    backwards = corners[::-1].ravel().tolist()
    np.testing.assert_array_equal(polygon_mask(backwards, HEIGHT, WIDTH), mask)


def test_the_published_truth_leaves_out_overlaps_of_polygons() -> None:
    left, right = [0, 0, 6, 0, 6, 4, 0, 4], [4, 0, 10, 0, 10, 4, 4, 4]
    union = segmentation_mask([left, right], 5, 12)
    published = segmentation_mask([left, right], 5, 12, published_truth=True)
    assert union[:4, :10].all() and union.sum() == 40
    assert not published[:4, 4:6].any() and published.sum() == 32
    assert not (published & ~union).any()


@given(small_masks)
def test_masks_are_restored_from_polygons_and_run_lengths(mask: BoolArray) -> None:
    for segmentation in (to_segmentation(mask), encode(mask), encode(mask, compress=False)):
        for published_truth in (False, True):
            read = segmentation_mask(segmentation, *mask.shape, published_truth)
            np.testing.assert_array_equal(read, mask)


@pytest.mark.parametrize(
    "segmentation",
    [None, 7, "abc", [3], ["abc"], [[1, 2, 3, 4, 5]], [[1, 2, 3, 4, 5, float("nan")]],
     [[1, 2, 3, 4, 5, 1e300]], [[1, 2, 3, 4, 5, None]], [[[1, 2], [3]]], {}, {"size": [5, 6]},
     {"size": [5, 6], "counts": [7]}, {"size": [6, 5], "counts": [30]},
     {"size": [10**9, 10**9], "counts": [10**18]}, {"size": 5, "counts": []}],
)  # fmt: skip
def test_an_invalid_segmentation_is_refused(segmentation: Any) -> None:
    with pytest.raises(InputError):
        segmentation_mask(segmentation, 5, 6)


def test_a_line_and_an_empty_segmentation_give_empty_masks() -> None:
    for segmentation in ([], [[]], [[1, 1, 4, 4]], to_segmentation(np.zeros((5, 6), bool))):
        assert not segmentation_mask(segmentation, 5, 6).any()

"""Proposals in a region equal those of the frame, and none is cut by the region's border."""

from __future__ import annotations

import numpy as np
import pytest
from support.depth_scenes import Ball, look, on_table

from zsris_ros.evaluation.metrics import iou
from zsris_ros.geometry.masks import bounding_region, mask_boxes
from zsris_ros.geometry.projection import back_project
from zsris_ros.proposals.depth.depth_proposer import DepthProposer
from zsris_ros.proposals.region_of_interest import crop_frame, propose_in_region
from zsris_ros.types import BoolArray, Frame, Proposals, RegionOfInterest

OBJECTS = (
    on_table((0.12, 0.06, 0.2), -0.25, 0.1, 0.4),
    on_table((0.08, 0.08, 0.08), 0.2, -0.1, 0.8),
    Ball((0, 0.05, 0.05), 0.05),
)


@pytest.fixture(scope="module")
def seen() -> tuple[Frame, BoolArray]:
    return look(OBJECTS)


def around(mask: BoolArray, reach: int) -> RegionOfInterest:
    roi = bounding_region(mask)
    rows, columns = roi
    height, width = mask.shape
    return (
        slice(max(0, rows.start - reach), min(height, rows.stop + reach)),
        slice(max(0, columns.start - reach), min(width, columns.stop + reach)),
    )


@pytest.mark.parametrize("index", range(3))
def test_an_object_in_the_region_has_its_mask(seen: tuple[Frame, BoolArray], index: int) -> None:
    frame, masks = seen
    found = propose_in_region(DepthProposer(), frame, around(masks[index], 60))
    assert found.masks.shape[1:] == masks.shape[1:]
    assert max(iou(mask, masks[index]) for mask in found.masks) > 0.9
    assert np.array_equal(found.boxes, mask_boxes(found.masks))
    assert len(found.sources) == len(found.quality) == len(found)


def test_the_regions_camera_sees_the_same_points(seen: tuple[Frame, BoolArray]) -> None:
    frame, masks = seen
    roi = around(masks[1], 7)
    part = crop_frame(frame, roi)
    assert np.array_equal(part.rgb, frame.rgb[roi])
    whole = back_project(frame.depth, frame.intrinsics)[roi]
    assert np.allclose(back_project(part.depth, part.intrinsics), whole, atol=1e-6, equal_nan=True)


class Painted:
    """Proposes every patch of one brightness."""

    def accepts(self, frame: Frame) -> bool:
        return True

    def propose(self, frame: Frame) -> Proposals:
        values = np.unique(frame.rgb[..., 0])
        masks = frame.rgb[..., 0] == values[values > 0][:, None, None]
        quality = np.linspace(0.9, 0.5, len(masks)).astype(np.float32)
        sources = tuple(str(value) for value in values[values > 0])
        return Proposals(masks, mask_boxes(masks), quality, sources)


def test_masks_cut_by_the_region_but_not_by_the_frame_are_dropped() -> None:
    rgb = np.zeros((40, 60, 3), np.uint8)
    for value, (top, left) in enumerate([(0, 10), (10, 20), (10, 36), (25, 10)], 1):
        rgb[top : top + 8, left : left + 8] = value
    found = propose_in_region(Painted(), Frame(rgb), (slice(0, 28), slice(5, 40)))
    assert found.sources == ("1", "2")
    assert np.array_equal(found.masks[1], rgb[..., 0] == 2)
    assert np.array_equal(found.boxes, [[10, 0, 7, 7], [20, 10, 7, 7]])
    assert found.quality.tolist() == pytest.approx([0.9, 0.9 - 0.4 / 3])

"""A window of a frame is proposed from as the whole frame is, and nothing is cut by its border."""

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

THINGS = (
    on_table((0.12, 0.06, 0.2), -0.25, 0.1, 0.4),
    on_table((0.08, 0.08, 0.08), 0.2, -0.1, 0.8),
    Ball((0, 0.05, 0.05), 0.05),
)


@pytest.fixture(scope="module")
def seen() -> tuple[Frame, BoolArray]:
    return look(THINGS)


def around(mask: BoolArray, reach: int) -> RegionOfInterest:
    window = bounding_region(mask)
    assert window is not None
    rows, columns = window
    height, width = mask.shape
    return (
        slice(max(0, rows.start - reach), min(height, rows.stop + reach)),
        slice(max(0, columns.start - reach), min(width, columns.stop + reach)),
    )


@pytest.mark.parametrize("thing", range(3))
def test_a_thing_in_the_window_has_its_mask(seen: tuple[Frame, BoolArray], thing: int) -> None:
    frame, masks = seen
    found = propose_in_region(DepthProposer(), frame, around(masks[thing], 60))
    assert found.masks.shape[1:] == masks.shape[1:]
    assert max(iou(mask, masks[thing]) for mask in found.masks) > 0.9
    assert np.array_equal(found.boxes, mask_boxes(found.masks))
    assert len(found.sources) == len(found.quality) == len(found)


def test_the_window_s_camera_sees_the_same_points(seen: tuple[Frame, BoolArray]) -> None:
    frame, masks = seen
    window = around(masks[1], 7)
    part = crop_frame(frame, window)
    assert np.array_equal(part.rgb, frame.rgb[window])
    assert part.depth is not None and part.intrinsics is not None
    assert frame.depth is not None and frame.intrinsics is not None
    whole = back_project(frame.depth, frame.intrinsics)[window]
    assert np.allclose(back_project(part.depth, part.intrinsics), whole, atol=1e-6, equal_nan=True)


class Painted:
    """Proposes every patch of one brightness."""

    needs_depth = False

    def propose(self, frame: Frame) -> Proposals:
        values = np.unique(frame.rgb[..., 0])
        masks = frame.rgb[..., 0] == values[values > 0][:, None, None]
        quality = np.linspace(0.9, 0.5, len(masks)).astype(np.float32)
        sources = tuple(str(value) for value in values[values > 0])
        return Proposals(masks, mask_boxes(masks), quality, sources)


def test_what_the_window_s_border_cuts_is_left_out_and_what_the_frame_s_cuts_is_not() -> None:
    rgb = np.zeros((40, 60, 3), np.uint8)
    for value, (top, left) in enumerate([(0, 10), (10, 20), (10, 36), (25, 10)], 1):
        rgb[top : top + 8, left : left + 8] = value
    found = propose_in_region(Painted(), Frame(rgb), (slice(0, 28), slice(5, 40)))
    assert found.sources == ("1", "2")
    assert np.array_equal(found.masks[1], rgb[..., 0] == 2)
    assert np.array_equal(found.boxes, [[10, 0, 7, 7], [20, 10, 7, 7]])
    assert found.quality.tolist() == pytest.approx([0.9, 0.9 - 0.4 / 3])

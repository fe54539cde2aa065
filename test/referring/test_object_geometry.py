"""Heights of objects above their support plane."""

from __future__ import annotations

import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.referring.objects.object_geometry import heights_above_support
from zsris_ros.types import BoolArray, FloatArray, Frame, Intrinsics, Proposals

CAMERA = Intrinsics(300.0, 300.0, 159.5, 119.5)


def depth_of_block(height_m: float) -> tuple[FloatArray, BoolArray]:
    """Return the depth of a block on a table 0.8 m below the camera, and the mask of the block."""
    depth = np.full((240, 320), 0.8, np.float32)
    block = np.zeros(depth.shape, bool)
    block[90:150, 120:200] = True
    depth[block] -= height_m
    return depth, block


def heights(depth: FloatArray | None, mask: BoolArray) -> FloatArray:
    masks = mask[None]
    frame = Frame(np.zeros((*mask.shape, 3), np.uint8), depth, CAMERA)
    proposals = Proposals(masks, mask_boxes(masks), np.ones(1, np.float32), ("depth",))
    return heights_above_support(frame, proposals)


def test_the_height_is_measured_from_the_table() -> None:
    for metres in (0.03, 0.12):
        assert abs(float(heights(*depth_of_block(metres))[0]) - metres) < 0.005


def test_heights_are_unknown_without_depth_or_a_table() -> None:
    depth, block = depth_of_block(0.1)
    assert np.isnan(heights(None, block)).all()
    assert np.isnan(heights(np.zeros_like(depth), block)).all()
    depth[block] = np.nan
    assert np.isnan(heights(depth, block)).all()

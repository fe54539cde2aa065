"""A frame of three squares with depth: left and near, in the middle, right and far and large."""

from __future__ import annotations

import numpy as np

from zsris_ros.types import BoolArray, Frame, Intrinsics

CAMERA = Intrinsics(60.0, 60.0, 31.5, 23.5)


def blob(left: int, width: int = 10, top: int = 10, height: int = 10) -> BoolArray:
    """A rectangle in a mask bool 48x64."""
    mask = np.zeros((48, 64), bool)
    mask[top : top + height, left : left + width] = True
    return mask


SQUARES = np.stack([blob(4), blob(25), blob(45, 16, height=30)])


def squares_frame() -> Frame:
    """The frame of SQUARES."""
    depth = np.full((48, 64), 1.0, np.float32)
    for mask, metres in zip(SQUARES, (0.5, 0.7, 0.9), strict=True):
        depth[mask] = metres
    return Frame(np.full((48, 64, 3), 90, np.uint8), depth, CAMERA)

"""The bounding boxes of masks, in pixels (x, y)."""

from __future__ import annotations

import numpy as np

from zsris_ros.types import BoolArray, FloatArray, RegionOfInterest


def mask_box(mask: BoolArray) -> tuple[float, float, float, float]:
    """(x, y, w, h) of a mask bool HxW with w = x_max - x_min; four zeros when it is empty."""
    window = bounding_region(mask)
    if window is None:
        return 0.0, 0.0, 0.0, 0.0
    rows, columns = window
    return (
        float(columns.start),
        float(rows.start),
        float(columns.stop - 1 - columns.start),
        float(rows.stop - 1 - rows.start),
    )


def mask_boxes(masks: BoolArray) -> FloatArray:
    """`mask_box` of each of N masks (bool NxHxW), as float32 Nx4."""
    return np.array([mask_box(mask) for mask in masks], dtype=np.float32).reshape(-1, 4)


def bounding_region(mask: BoolArray) -> RegionOfInterest | None:
    """The rows and columns that hold the mask's pixels; None when it is empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)

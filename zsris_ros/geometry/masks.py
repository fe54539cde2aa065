"""Bounding boxes of masks, in pixels (x, y), and masks of boxes."""

from __future__ import annotations

import numpy as np

from zsris_ros.types import BoolArray, FloatArray, RegionOfInterest


def mask_box(mask: BoolArray) -> tuple[float, float, float, float]:
    """Return (x, y, w, h) of a mask bool HxW with w = x_max - x_min; zeros for an empty mask."""
    roi = bounding_region(mask)
    if roi is None:
        return 0.0, 0.0, 0.0, 0.0
    rows, columns = roi
    width, height = columns.stop - 1 - columns.start, rows.stop - 1 - rows.start
    return float(columns.start), float(rows.start), float(width), float(height)


def mask_boxes(masks: BoolArray) -> FloatArray:
    """Return the `mask_box` of each of N masks (bool NxHxW), as float32 Nx4."""
    return np.array([mask_box(mask) for mask in masks], dtype=np.float32).reshape(-1, 4)


def bounding_region(mask: BoolArray) -> RegionOfInterest | None:
    """Return the smallest region that contains the mask's pixels; None for an empty mask."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def box_mask(box: tuple[float, float, float, float], height: int, width: int) -> BoolArray:
    """Return the pixels inside of a box (x, y, w, h), bool HxW; the part outside is cut off."""
    x, y, w, h = box
    mask = np.zeros((height, width), bool)
    mask[max(0, round(y)) : max(0, round(y + h)), max(0, round(x)) : max(0, round(x + w))] = True
    return mask


def filled_box(mask: BoolArray) -> BoolArray:
    """Return the pixels of the bounding box of a mask, bool HxW."""
    filled = np.zeros_like(mask)
    roi = bounding_region(mask)
    if roi is not None:
        filled[roi] = True
    return filled

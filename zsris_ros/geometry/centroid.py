"""Centroids of masks: pixels inside the mask, and metres on the surface under it."""

from __future__ import annotations

import cv2
import numpy as np

from zsris_ros.geometry.masks import bounding_region
from zsris_ros.geometry.projection import back_project_region, check_sizes, valid_depth
from zsris_ros.types import BoolArray, FloatArray, InputError, Intrinsics, Pixel, Point

_EROSION = 0.04  # radius, relative to the side of a square of the mask's area
_MAX_EROSION = 5  # pixels; depth cameras mix foreground and background no farther from a contour
_MIN_CORE = 0.25  # an eroded mask with a smaller share of the mask's depth is not used


def centroid_3d(mask: BoolArray, depth: FloatArray, intrinsics: Intrinsics) -> Point | None:
    """Return the robust centre, in metres, of the surface under ``mask`` (bool HxW).

    The centre is the component-wise median of the back-projected valid depth in the eroded mask,
    which mixed pixels at the contour and holes do not shift. Thin and small masks, which erosion
    would leave with too little depth, are not eroded. None without valid depth under the mask.

    Raises InputError when mask and depth differ in size.
    """
    check_sizes(mask, depth)
    roi = bounding_region(mask)
    if roi is None:
        return None
    inside = mask[roi]
    core = eroded_core(inside, inside & valid_depth(depth[roi]))
    if not core.any():
        return None
    x, y, z = np.median(back_project_region(core, depth, roi, intrinsics), axis=0).tolist()
    return x, y, z


def depth_share(mask: BoolArray, depth: FloatArray) -> float:
    """Return the share, 0 to 1, of the mask's pixels with valid depth; 0 for an empty mask.

    Raises InputError when mask and depth differ in size.
    """
    check_sizes(mask, depth)
    valid = valid_depth(depth[mask])
    return float(valid.mean()) if valid.size else 0.0


def inside_pixel(mask: BoolArray) -> Pixel:
    """Return the pixel (x, y) farthest from the mask's contour, the first one on a tie.

    Raises InputError for an empty mask.
    """
    roi = bounding_region(mask)
    if roi is None:
        raise InputError("an empty mask has no inside: ask only for masks with pixels")
    inner = _distance_to_contour(mask[roi])
    row, column = np.unravel_index(int(np.argmax(inner)), inner.shape)
    return float(column + roi[1].start), float(row + roi[0].start)


def centroid_pixel(mask: BoolArray) -> Pixel:
    """Return the mean (x, y) of the mask's pixels, moved inside the mask where it is outside.

    All pixels around the result belong to the mask, so that any rounding is inside. A mean that is
    outside moves to the nearest pixel at least half as far from the contour as the innermost one.

    Raises InputError for an empty mask.
    """
    roi = bounding_region(mask)
    if roi is None:
        raise InputError("an empty mask has no centre: ask only for masks with pixels")
    inside = mask[roi]
    rows, columns = np.nonzero(inside)
    y, x = float(rows.mean()), float(columns.mean())
    around = inside[int(np.floor(y)) : int(np.ceil(y)) + 1, int(np.floor(x)) : int(np.ceil(x)) + 1]
    if not around.all():
        inner = _distance_to_contour(inside)
        rows, columns = np.nonzero(inner >= inner.max() / 2)
        nearest = int(np.argmin((rows - y) ** 2 + (columns - x) ** 2))
        y, x = float(rows[nearest]), float(columns[nearest])
    return x + roi[1].start, y + roi[0].start


def eroded_core(mask: BoolArray, valid: BoolArray) -> BoolArray:
    """Return the pixels of ``valid`` away from the mask's contour, or all where those are few."""
    core = valid & _eroded(mask)
    few = np.count_nonzero(core) < max(1.0, _MIN_CORE * np.count_nonzero(valid))
    return valid if few else core


def _distance_to_contour(mask: BoolArray) -> FloatArray:
    """Distance of each mask pixel to the nearest pixel outside, float32 HxW."""
    padded = np.pad(mask, 1).astype(np.uint8)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance[1:-1, 1:-1], np.float32)


def _eroded(mask: BoolArray) -> BoolArray:
    radius = min(_MAX_EROSION, round(_EROSION * float(np.sqrt(np.count_nonzero(mask)))))
    if radius < 1:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    padded = cv2.erode(np.pad(mask, radius).astype(np.uint8), kernel)
    return padded[radius:-radius, radius:-radius].astype(bool)

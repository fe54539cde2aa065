"""Centroids of masks, in pixels inside the mask and in metres on the surface seen under it."""

from __future__ import annotations

import cv2
import numpy as np

from zsris_ros.geometry.masks import bounding_region
from zsris_ros.geometry.projection import check_sizes, points_of, valid_depth
from zsris_ros.types import BoolArray, FloatArray, InputError, Intrinsics, Pixel, Point

_EROSION_SHARE = 0.04  # of the side of a square of the mask's area
_EROSION_LIMIT = 5  # pixels; mixed pixels of depth cameras reach no further
_CORE_SHARE = 0.25  # an eroded mask that keeps less of the mask's depth is not trusted


def centroid_3d(mask: BoolArray, depth: FloatArray, intrinsics: Intrinsics) -> Point | None:
    """The robust centre, in metres, of the surface seen under ``mask`` (bool HxW).

    The component-wise median of the back-projected valid depth of the eroded mask: half of the
    surface is nearer and half is farther, half left and half right, so mixed pixels at the contour
    and holes cannot pull it away. The erosion grows with the mask up to a few pixels; where it
    would leave too little depth (thin or small masks) the mask is used as it is. None without any
    valid depth under the mask.

    Raises InputError when mask and depth differ in size.
    """
    check_sizes(mask, depth)
    window = bounding_region(mask)
    if window is None:
        return None
    inside = mask[window]
    core = core_of(inside, inside & valid_depth(depth[window]))
    if not core.any():
        return None
    x, y, z = np.median(points_of(core, depth, window, intrinsics), axis=0).tolist()
    return x, y, z


def depth_share(mask: BoolArray, depth: FloatArray) -> float:
    """The share, 0 to 1, of the mask's pixels that have valid depth; 0 for an empty mask.

    Raises InputError when mask and depth differ in size.
    """
    check_sizes(mask, depth)
    known = valid_depth(depth[mask])
    return float(known.mean()) if known.size else 0.0


def inside_pixel(mask: BoolArray) -> Pixel:
    """The (x, y) of the pixel that is farthest from the mask's contour; the first of equals.

    Raises InputError for an empty mask.
    """
    window = bounding_region(mask)
    if window is None:
        raise InputError("an empty mask has no inside: ask only for masks with pixels")
    inner = _distance_to_contour(mask[window])
    row, column = np.unravel_index(int(np.argmax(inner)), inner.shape)
    return float(column + window[1].start), float(row + window[0].start)


def centroid_pixel(mask: BoolArray) -> Pixel:
    """The mean (x, y) of the mask's pixels, moved inside the mask where it falls outside.

    The result is inside however it is rounded: all pixels around it belong to the mask. A mean that
    is not inside moves to the nearest pixel that is at least half as far from the contour as the
    mask's innermost pixel.

    Raises InputError for an empty mask.
    """
    window = bounding_region(mask)
    if window is None:
        raise InputError("an empty mask has no centre: ask only for masks with pixels")
    inside = mask[window]
    rows, columns = np.nonzero(inside)
    y, x = float(rows.mean()), float(columns.mean())
    around = inside[int(np.floor(y)) : int(np.ceil(y)) + 1, int(np.floor(x)) : int(np.ceil(x)) + 1]
    if not around.all():
        inner = _distance_to_contour(inside)
        rows, columns = np.nonzero(inner >= inner.max() / 2)
        nearest = int(np.argmin((rows - y) ** 2 + (columns - x) ** 2))
        y, x = float(rows[nearest]), float(columns[nearest])
    return x + window[1].start, y + window[0].start


def core_of(mask: BoolArray, known: BoolArray) -> BoolArray:
    """The pixels of ``known`` away from the mask's contour; all of them where those are few."""
    core = known & _eroded(mask)
    few = np.count_nonzero(core) < max(1.0, _CORE_SHARE * np.count_nonzero(known))
    return known if few else core


def _distance_to_contour(mask: BoolArray) -> FloatArray:
    """How far each pixel of the mask is from the nearest pixel outside, float32 HxW."""
    padded = np.pad(mask, 1).astype(np.uint8)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance[1:-1, 1:-1], np.float32)


def _eroded(mask: BoolArray) -> BoolArray:
    radius = min(_EROSION_LIMIT, round(_EROSION_SHARE * float(np.sqrt(np.count_nonzero(mask)))))
    if radius < 1:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    padded = cv2.erode(np.pad(mask, radius).astype(np.uint8), kernel)
    return padded[radius:-radius, radius:-radius].astype(bool)

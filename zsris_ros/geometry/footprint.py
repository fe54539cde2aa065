"""The objects on a support plane: their footprints, flat tops and openings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from zsris_ros.geometry.height_map import DoubleArray, HeightMap, Spot
from zsris_ros.types import BoolArray

_TOP_BIN = 0.01
_FLAT = 0.2
"""Least share of an object's visible pixels in its top surface."""
_RIM_DEPTH = 0.012
_OPENING_CELL = 0.002
_LEAST_OPENING = 0.3
"""Least width of an opening as a share of the rim's."""


@dataclass(frozen=True, eq=False)
class Footprint:
    """The place of an object on the plane: middle and extent in level coordinates, and heights.

    ``low`` and ``high`` are the corners of its rectangle along the level axes, ``radius`` the
    distance of its farthest points from the middle, ``passage`` the width of the narrowest hole
    that lets it through, ``top`` the height of its highest points, ``surface`` the height of its
    flat top, None without one. All are those of the visible surface, in metres.
    """

    middle: Spot
    low: Spot
    high: Spot
    radius: float
    passage: float
    top: float
    surface: float | None

    def moved(self, to: Spot) -> Footprint:
        """Return the footprint with its middle at another spot."""
        x, y = to[0] - self.middle[0], to[1] - self.middle[1]
        low, high = (self.low[0] + x, self.low[1] + y), (self.high[0] + x, self.high[1] + y)
        return replace(self, middle=to, low=low, high=high)


def footprint(heights: HeightMap, mask: BoolArray) -> Footprint | None:
    """Return the footprint of the object under ``mask`` (bool HxW); None without valid depth."""
    cloud = heights.cloud(mask)
    if len(cloud) < 4:
        return None
    low, high = np.percentile(cloud[:, :2], (1, 99), axis=0)
    middle = (low + high) / 2
    top = float(np.percentile(cloud[:, 2], 97))
    _, sides, _ = cv2.minAreaRect(cloud[:, :2].astype(np.float32))
    *_, passage, _ = sorted((*sides, top))  # lengthwise, through a hole of the second longest side
    return Footprint(
        (float(middle[0]), float(middle[1])),
        (float(low[0]), float(low[1])),
        (float(high[0]), float(high[1])),
        float(np.percentile(np.linalg.norm(cloud[:, :2] - middle, axis=1), 99)),
        float(passage),
        top,
        _flat_top(cloud[:, 2], top),
    )


def standing(heights: HeightMap, masks: BoolArray) -> BoolArray:
    """Return the pixels of the objects on the plane, bool on the grid of ``heights.points``.

    An object reaches above the plane, and less than half of it is at the plane's height, such as
    the floor of a bowl. ``masks`` is bool NxHxW.
    """
    above = heights.points[..., 2]
    found = np.zeros(above.shape, bool)
    for mask in masks:
        own = heights.strided(mask)
        levels = above[own & np.isfinite(above)]
        if not levels.size or np.percentile(levels, 97) <= 2 * heights.tolerance:
            continue
        if np.mean(levels <= heights.tolerance) < 0.5:
            found |= own
    return found


@dataclass(frozen=True, eq=False)
class Opening:
    """The largest circle inside the rim of a container: middle, radius and height in metres."""

    middle: Spot
    radius: float
    height: float


def opening(
    heights: HeightMap, mask: BoolArray, taken: Sequence[tuple[Spot, float]] = ()
) -> Opening | None:
    """Return the opening of the container under ``mask`` (bool HxW); None without a visible one.

    ``taken`` are discs, middle and radius in metres, that the opening leaves out.
    """
    cloud = heights.cloud(mask)
    if len(cloud) < 4:
        return None
    top = float(np.percentile(cloud[:, 2], 97))
    rim = cloud[cloud[:, 2] > top - _RIM_DEPTH, :2]
    low = rim.min(axis=0) - _OPENING_CELL
    cells = np.floor((rim - low) / _OPENING_CELL).astype(np.int32)
    columns, rows = cells.max(axis=0) + 2
    free = np.zeros((int(rows), int(columns)), np.uint8)
    hull = cv2.convexHull(cells)
    cv2.fillConvexPoly(free, hull, (1,))
    free[cells[:, 1], cells[:, 0]] = 0
    y, x = np.indices(free.shape) * _OPENING_CELL + _OPENING_CELL / 2 + low[::-1, None, None]
    for spot, radius in taken:
        free[np.hypot(x - spot[0], y - spot[1]) <= radius] = 0
    inside = cv2.distanceTransform(free, cv2.DIST_L2, 5) * _OPENING_CELL
    widest = float(inside.max())
    _, sides, _ = cv2.minAreaRect(hull)
    if widest < max(0.01, _LEAST_OPENING * min(sides) * _OPENING_CELL / 2):
        return None
    ridge = inside >= 0.95 * widest
    x, y = x[ridge], y[ridge]
    # A ridge can be a ring around the discs; its own cell is free, its mean is not.
    best = np.argmin(np.hypot(x - x.mean(), y - y.mean()))
    return Opening((float(x[best]), float(y[best])), widest, top)


def _flat_top(heights: DoubleArray, top: float) -> float | None:
    """Return the height of the level with the most points; None where none holds many."""
    edges = np.arange(min(float(heights.min()), 0.0), top + 2 * _TOP_BIN, _TOP_BIN / 2)
    counts, _ = np.histogram(heights, edges)
    pairs = counts[:-1] + counts[1:]
    best = int(pairs.argmax())
    if pairs[best] < _FLAT * len(heights):
        return None
    near = heights[(heights >= edges[best]) & (heights <= edges[best + 2])]
    return float(np.median(near))

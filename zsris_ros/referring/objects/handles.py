"""Handles of vessels: thin parts that stand out beside a round body, measured in a mask's shape.

A mug's body is as wide as its inscribed disc, its handle much narrower. Morphological opening by a
disc of half that radius keeps the body and removes the handle, whose reach beyond the opened body,
in radii of the body, depends neither on the distance nor on the side at which it shows.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from zsris_ros.geometry.masks import bounding_region
from zsris_ros.types import BoolArray, FloatArray, Scene

_DISC = 0.5
"""Radius of the opening in radii of the body: a handle is less than half as wide as the body."""
_LEAST_RADIUS = 5.0
"""Pixels; a handle beside a smaller body is as thin as the error of its border."""
_MOST_REACH = 1.25
"""In radii of the body: what reaches farther is a piece of the body behind another object, or a
part of another object; the handles of mugs reach up to 1."""
_STEP_M = 0.01
"""Metres by which what hides a part of an object is nearer than the object beside it."""
_HIDING = 0.2
"""Share of a gap's border that is nearer than the object where something hides a part of it."""


def handle_reaches(scene: Scene, indices: Sequence[int] | None = None) -> FloatArray:
    """Return how far a thin part reaches beside the bodies of masks, in radii of the body.

    Float32 for the masks at ``indices`` (None: all), NaN for one that is too small or that is no
    single body. A round body has about 0.05, right angles at its ends have (sqrt(2) - 1) / 2 or
    0.2, a handle seen from its side has 0.3 to 1. One in front of the body or behind it does not
    show. Gaps that depth shows to be filled by a nearer object are taken for the body, and a mask
    cut off by the image's border goes on beyond it.
    """
    masks, depth = scene.proposals.masks, scene.frame.depth
    chosen = range(len(masks)) if indices is None else indices
    return np.array([_reach(masks[index], depth) for index in chosen], np.float32)


def _reach(mask: BoolArray, depth: FloatArray | None) -> float:
    region = bounding_region(mask)
    if region is None:
        return float("nan")
    # A margin of one pixel, except at the image's border.
    window = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in region)
    body = _largest_piece(mask[window])
    if depth is not None:
        body = _with_hidden_parts(body, depth[window])
    inside = _distance(body)
    radius = float(inside.max())
    if radius < _LEAST_RADIUS or body.all():
        return float("nan")
    opened = _distance(inside <= _DISC * radius) <= _DISC * radius
    reach = float(_distance(~opened)[body].max()) / radius
    return reach if reach <= _MOST_REACH else float("nan")


def _distance(inside: BoolArray) -> FloatArray:
    """Return the distance in pixels of each pixel to the nearest one that is not inside."""
    return np.asarray(
        cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    )


def _largest_piece(mask: BoolArray) -> BoolArray:
    """Return the largest connected piece of a mask that is not empty."""
    _, pieces = cv2.connectedComponents(mask.astype(np.uint8))
    areas = np.bincount(pieces[mask])
    return np.asarray(pieces == areas.argmax())


def _with_hidden_parts(body: BoolArray, depth: FloatArray) -> BoolArray:
    """Return a body bool HxW with the gaps of its convex hull that a nearer object fills.

    Behind the gap between a mug and its handle there is the table; in the gap of a bowl that holds
    an apple there is the apple, nearer than the bowl at a part of their common border.
    """
    pixels = body.astype(np.uint8)
    hull = cv2.convexHull(cv2.findNonZero(pixels))
    filled = cv2.fillConvexPoly(np.zeros_like(pixels), hull, 1)
    count, gaps = cv2.connectedComponents(cv2.subtract(filled, pixels), connectivity=4)
    known = np.isfinite(depth) & (depth > 0)
    beside = cv2.erode(np.where(body & known, depth, np.inf).astype(np.float32), np.ones((3, 3)))
    border = (gaps > 0) & known & np.isfinite(beside)
    nearer = border & (depth < beside - _STEP_M)
    borders, hiding = (np.bincount(gaps[each], minlength=count) for each in (border, nearer))
    return np.asarray(body | (hiding > _HIDING * borders)[gaps])

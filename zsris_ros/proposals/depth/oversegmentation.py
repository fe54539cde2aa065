"""Oversegmentation of a depth image into smooth patches between creases and jumps."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.types import BoolArray, FloatArray

LabelArray = npt.NDArray[np.int32]

JUMP = 85.0
"""Degrees; neighbouring pixels at a steeper angle to the image plane are not connected."""

_DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1))
_STEP = 5  # pixels to either side that define the bend
_LEVELS = (8.0, 12.0, 18.0, 27.0, 40.0)  # degrees of bend at which patches are seeded
_CONVEX_WEIGHT = 0.7  # faces of one object may stay one patch
_STEPS = 4  # pixels a patch grows at each level
_MIN_SEED = 30  # pixels


@dataclass(frozen=True, eq=False)
class Creases:
    """The surface's sharpest bends at each pixel, and the smoothed depth.

    ``concave`` and ``convex`` are float32 HxW degrees, 0 on a plane and outside; ``depth`` float32
    HxW metres, NaN outside.
    """

    concave: FloatArray
    convex: FloatArray
    depth: FloatArray


def find_creases(depth: FloatArray, inside: BoolArray, focal: float, tolerance: float) -> Creases:
    """Measure how much the surface bends at every pixel of ``inside`` (bool HxW).

    The bend is the angle between the lines to the pixels a few steps to either side, the sharpest
    of four directions. At a jump of depth the far side is concave, the near side convex. Pixels
    outside are ignored.

    Args:
        depth: Metres, float32 HxW, valid inside.
        inside: The pixels to measure, bool HxW.
        focal: Focal length in pixels.
        tolerance: Largest difference of 1/z in 1/m between depths that smoothing averages.
    """
    smooth = _smooth(depth, inside, tolerance)
    height, width = smooth.shape
    padded = np.pad(smooth, _STEP, constant_values=np.nan)
    scale = np.float32(focal / _STEP) / smooth
    concave, convex = np.zeros_like(smooth), np.zeros_like(smooth)
    for dy, dx in _DIRECTIONS:
        bend = np.zeros_like(smooth)
        for side in (-1, 1):
            y, x = _STEP + side * dy * _STEP, _STEP + side * dx * _STEP
            rise = (padded[y : y + height, x : x + width] - smooth) * scale
            bend -= np.arctan(rise / np.float32(np.hypot(dy, dx)))
        np.fmax(concave, bend, out=concave)
        np.fmax(convex, -bend, out=convex)
    return Creases(np.degrees(concave), np.degrees(convex), smooth)


def _smooth(depth: FloatArray, inside: BoolArray, tolerance: float) -> FloatArray:
    """Depth smoothed inside without mixing across jumps, NaN outside."""
    disparity = 1 / np.where(inside, depth, np.float32(1))
    if not inside.any():
        return np.full_like(depth, np.nan)
    # The bilateral filter ignores pixels outside, which get a farther depth.
    disparity[~inside] = disparity[inside].min() - 10 * tolerance
    smooth = cv2.bilateralFilter(disparity.astype(np.float32), 7, tolerance, 3.0)
    return np.where(inside, 1 / smooth, np.float32(np.nan)).astype(np.float32)


def oversegment(creases: Creases, inside: BoolArray, focal: float) -> LabelArray:
    """Return smooth patches numbered from 1, int32 HxW; 0 exactly outside.

    Watershed by flooding: seeds appear where the surface is flattest and grow over ever sharper
    bends; each pixel joins the neighbour nearest in depth. Patches never cross a jump, and rarely a
    crease.
    """
    barrier = np.maximum(creases.concave, _CONVEX_WEIGHT * creases.convex)
    bend = np.pad(np.where(inside, barrier, np.inf), 1, constant_values=np.inf)
    z = np.pad(creases.depth, 1, constant_values=np.nan).ravel()
    labels = np.zeros(bend.shape, np.int32)
    reach = float(np.tan(np.radians(JUMP))) / focal
    for level in _LEVELS:
        _grow(labels, bend <= level, z, reach, _STEPS)
        _seed(labels, bend <= level, margin=1, min_area=_MIN_SEED)
    finite = np.isfinite(bend)
    _grow(labels, finite, z, reach)
    _seed(labels, finite, min_area=_MIN_SEED)
    _grow(labels, finite, z, np.inf)
    _seed(labels, finite)
    return labels[1:-1, 1:-1]


def _seed(labels: LabelArray, area: BoolArray, margin: int = 0, min_area: int = 1) -> None:
    """Number the large free components of ``area`` as new patches, in place."""
    free = (area & (labels == 0)).astype(np.uint8)
    core = cv2.erode(free, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(core, connectivity=4)
    large = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= min_area) + 1
    numbers = np.zeros(count, np.int32)
    numbers[large] = labels.max() + 1 + np.arange(large.size)
    np.maximum(labels, numbers[parts], out=labels)


def _grow(
    labels: LabelArray, area: BoolArray, z: FloatArray, reach: float, steps: int | None = None
) -> None:
    """Give free pixels of ``area`` the label of the neighbour nearest in depth, in place.

    Neighbours whose depth differs by more than ``reach`` times the depth are not connected. The
    border pixels of labels HxW are outside; ``z`` is the flattened depth H*W.
    """
    flat = labels.reshape(-1)
    free = np.flatnonzero(area & (labels == 0))
    width = labels.shape[1]
    while free.size and steps != 0:
        best = np.zeros(free.size, np.int32)
        here = z[free]
        nearest = reach * here
        for offset in (1, -1, width, -width):
            label = flat[free + offset]
            gap = np.abs(z[free + offset] - here)
            closer = (label > 0) & (gap <= nearest)
            best[closer] = label[closer]
            nearest[closer] = gap[closer]
        found = best > 0
        if not found.any():
            return
        flat[free[found]] = best[found]
        free = free[~found]
        steps = steps - 1 if steps is not None else None

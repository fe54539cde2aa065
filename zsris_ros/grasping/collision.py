"""Collision of a gripper's boxes with the scene, the support and the object.

The scene is a map of obstacle heights: every visible surface extends down to the support. The
object is its completed surface, tested point by point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.grasping.gripper import Box
from zsris_ros.grasping.observation import obstacles_of
from zsris_ros.grasping.plan import DoubleArray
from zsris_ros.types import BoolArray, ByteArray

_CELL = 0.004
_MARGINS = (0.004, 0.010, 0.018)  # metres around obstacles; the first is a collision
_INSIDE = 2  # object points inside a box that are a collision
_SHRINK = 0.001


@dataclass(frozen=True, eq=False)
class ObstacleMap:
    """The height of the scene over the support plane, metres, once for each safety margin."""

    low: DoubleArray
    layers: tuple[npt.NDArray[np.float32], ...]

    @staticmethod
    def of(scene: DoubleArray) -> ObstacleMap:
        """Return the obstacle map of scene points float64 Kx3 in the support frame."""
        points = obstacles_of(scene)
        if not len(points):
            return ObstacleMap(np.zeros(2), (np.zeros((1, 1), np.float32),) * len(_MARGINS))
        border = int(np.ceil(_MARGINS[-1] / _CELL)) + 1
        cells = np.floor(points[:, :2] / _CELL).astype(np.int64)
        low = cells.min(axis=0) - border
        heights = np.zeros(cells.max(axis=0) - low + border + 1, np.float32)
        np.maximum.at(heights, tuple((cells - low).T), points[:, 2].astype(np.float32))
        layers = tuple(
            np.asarray(cv2.dilate(heights, _disc(margin)), np.float32) for margin in _MARGINS
        )
        return ObstacleMap(low * _CELL, layers)

    def hits(self, points: DoubleArray, layer: int = 0) -> BoolArray:
        """Return which points (..., 3) lie in the scene, or within a layer's margin beside it."""
        heights = self.layers[layer]
        cell = np.floor((points[..., :2] - self.low) / _CELL).astype(np.int64)
        inside = ((cell >= 0) & (cell < heights.shape)).all(axis=-1)
        i, j = np.where(inside, cell[..., 0], 0), np.where(inside, cell[..., 1], 0)
        return np.asarray(inside & (points[..., 2] < heights[i, j]))

    def clearance(self, points: DoubleArray) -> DoubleArray:
        """Return the share of margins kept by each of M grasps with S points (MxSx3)."""
        free = [~self.hits(points, layer).any(axis=1) for layer in range(len(self.layers))]
        return np.asarray(np.mean(free, axis=0))


def _disc(radius: float) -> ByteArray:
    reach = int(np.ceil(radius / _CELL))
    x = np.arange(-reach, reach + 1) * _CELL
    return (np.hypot(x[:, None], x[None]) <= radius + _CELL / 2).astype(np.uint8)


def box_samples(box: Box, spacing: float) -> DoubleArray:
    """Return a grid of points in a box with its corners, at most ``spacing`` apart: float64 Sx3."""
    axes = [
        np.linspace(low, high, max(2, int(np.ceil((high - low) / spacing)) + 1))
        for low, high in zip(box.low, box.high, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def lower_samples(boxes: Sequence[Box], spacing: float, upright: bool) -> list[DoubleArray]:
    """Return the `box_samples` of each box that can be the lowest ones above a place.

    They lie on the faces at high x, y and z, those of a gripper that comes in from above where all
    its axes point down; of an upright gripper only on that at high z.
    """
    every = [box_samples(box, spacing) for box in boxes]
    faces = slice(2, 3) if upright else slice(3)
    return [
        samples[(samples == box.high)[:, faces].any(axis=1)]
        for box, samples in zip(boxes, every, strict=True)
    ]


def touches(boxes: Sequence[Box], points: DoubleArray, sweep: float) -> bool:
    """Return whether points Nx3 (TCP frame) are in boxes swept along z by the length ``sweep``."""
    for box in boxes:
        low = np.array(box.low) + _SHRINK
        high = np.array(box.high) - _SHRINK
        low[2] -= sweep
        inside = points
        for axis in (2, 0, 1):  # few points of the object are as far back as the gripper
            along = inside[:, axis]
            inside = inside[(along > low[axis]) & (along < high[axis])]
        if len(inside) >= _INSIDE:
            return True
    return False

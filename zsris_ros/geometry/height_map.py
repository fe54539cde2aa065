"""The heights of a depth image above its support plane.

Level coordinates are metres to the right, away from the camera (both along the plane) and above
the plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.oriented_box import level_axes
from zsris_ros.geometry.plane import Plane
from zsris_ros.geometry.projection import back_project, project
from zsris_ros.types import BoolArray, FloatArray, Intrinsics, Pixel, Point

_COLUMNS = 320
"""Width of the image on which heights are computed."""
_CELL = 0.005
_PIXELS_A_CELL = 2.5
_TOLERANCE = 0.006
"""Largest distance from a surface in metres, increased by the plane's noise."""

DoubleArray = npt.NDArray[np.float64]
Spot = tuple[float, float]
"""Metres to the right and away from the camera, on the plane."""


@dataclass(frozen=True, eq=False)
class HeightMap:
    """The level coordinates of every pixel of a depth image, strided.

    Attributes:
        points: Float32 HxWx3, metres right, away and above the plane; NaN without depth.
        stride: The stride from the image to ``points``.
        axes: Float64 3x3, the level directions as columns in the optical frame.
        origin_height: The plane's coordinate along the third axis.
        noise: The standard deviation of heights on the plane, in metres.
        intrinsics: Of the image.
    """

    points: FloatArray
    stride: int
    axes: DoubleArray
    origin_height: float
    noise: float
    intrinsics: Intrinsics

    @classmethod
    def of(cls, depth: FloatArray, intrinsics: Intrinsics, plane: Plane) -> HeightMap:
        """Return the height map of ``depth`` (float32 HxW, metres) above ``plane``."""
        stride = max(1, round(depth.shape[1] / _COLUMNS))
        length = float(np.linalg.norm(plane.vector))
        normal = -plane.vector / length
        axes = level_axes((float(normal[0]), float(normal[1]), float(normal[2])))
        points = back_project(
            np.ascontiguousarray(depth[::stride, ::stride]), intrinsics.strided(stride)
        )
        level = (points @ axes.astype(np.float32)).astype(np.float32)
        level[..., 2] += np.float32(1 / length)
        near = np.nanmedian(points[..., 2]) if np.isfinite(points).any() else 1.0
        return cls(level, stride, axes, -1 / length, plane.noise * float(near) ** 2, intrinsics)

    @cached_property
    def tolerance(self) -> float:
        """The largest distance from a surface of its own points, in metres."""
        return _TOLERANCE + 3 * self.noise

    @cached_property
    def cell(self) -> float:
        """The side of a grid cell in metres, wide enough for the pixels of the surface."""
        away = np.abs(np.diff(self.points[..., :2], axis=0)).max(axis=-1)
        step = float(np.nanmedian(away)) if np.isfinite(away).any() else _CELL
        return float(np.clip(_PIXELS_A_CELL * step, _CELL, 0.03))

    def strided(self, mask: BoolArray) -> BoolArray:
        """Return a mask of the image, bool HxW, on the grid of ``points``."""
        return np.ascontiguousarray(mask[:: self.stride, :: self.stride])

    def cloud(self, mask: BoolArray) -> DoubleArray:
        """Return the level coordinates float64 Nx3 under a mask of the image."""
        found = self.points[self.strided(mask)]
        return found[np.isfinite(found).all(axis=1)].astype(np.float64)

    def point(self, spot: Spot, height: float) -> Point:
        """Return the point ``height`` metres above the plane at ``spot``, in the optical frame."""
        level = np.array([*spot, height + self.origin_height])
        x, y, z = (self.axes @ level).tolist()
        return x, y, z

    def pixel(self, point: Point) -> Pixel:
        """Return the pixel that shows a point of the optical frame."""
        x, y = project(np.array(point), self.intrinsics).tolist()
        return x, y

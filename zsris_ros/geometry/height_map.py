"""The heights of a depth image above its support plane, and free spots on a surface.

Level coordinates are metres to the right, away from the camera (both along the plane) and above
the plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
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
_TOP_BIN = 0.01
_FLAT = 0.2
"""Least share of an object's visible pixels in its top surface."""
_RIM = 0.03
"""Height in metres up to which an object's own edge (a plate's, a tray's) is no obstacle on it."""
_RIM_DEPTH = 0.012
_OPENING_CELL = 0.002
_LEAST_OPENING = 0.3
"""Least width of an opening as a share of the rim's."""

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


@dataclass(frozen=True, eq=False)
class SurfaceGrid:
    """A surface from above in cells: where it is seen, and where higher objects stand.

    ``seen`` and ``occupied`` are bool RxC by (away, right); ``origin`` is the spot of cell (0, 0).
    """

    seen: BoolArray
    occupied: BoolArray
    origin: Spot
    cell: float

    @classmethod
    def of(
        cls,
        heights: HeightMap,
        height: float,
        within: BoolArray | None,
        carried: BoolArray | None,
        reach: float,
        objects: BoolArray | None = None,
        ceiling: float = np.inf,
    ) -> SurfaceGrid | None:
        """Return the grid of the surface at ``height`` metres above the plane.

        Args:
            heights: The height map.
            height: The height of the surface.
            within: Bool HxW, the pixels of the supporting object; None for the support plane.
            carried: Bool HxW, the pixels of the object that leaves its place; None without one.
            reach: Metres around the surface in which higher objects count.
            objects: Bool on the grid of ``heights.points``, pixels that are not the surface: the
                floor of a bowl on a table.
            ceiling: Metres above the surface from which on objects are no obstacles.

        Returns:
            None where the surface is not seen.
        """
        points, tolerance = heights.points, heights.tolerance
        above = points[..., 2] - np.float32(height)
        valid = np.isfinite(above)
        ignored = np.zeros(valid.shape, bool)
        if carried is not None:
            grown = cv2.dilate(heights.strided(carried).astype(np.uint8), np.ones((5, 5)))
            ignored = grown.astype(bool)
        surface = valid & (np.abs(above) <= tolerance) & ~ignored
        higher = valid & (above > 1.5 * tolerance) & (above < ceiling) & ~ignored
        if objects is not None:
            surface &= ~objects
        if within is not None:
            own = heights.strided(within)
            surface &= own
            higher &= ~own | (above > _RIM)
        if not surface.any():
            return None
        cell = heights.cell
        around = reach + 4 * cell
        low = np.percentile(points[surface][:, :2], 0.5, axis=0) - around
        high = np.percentile(points[surface][:, :2], 99.5, axis=0) + around
        columns, rows = (np.minimum((high - low) / cell, 1500)).astype(int) + 1
        shape = int(rows), int(columns)
        seen = _counts(points[surface], low, cell, shape) > 0
        closed = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3)))
        occupied = _counts(points[higher], low, cell, shape) > 0
        return cls(closed.astype(bool), occupied, (float(low[0]), float(low[1])), cell)

    def with_disc(self, spot: Spot, radius: float) -> SurfaceGrid:
        """Return the grid with a further object of ``radius`` metres at ``spot``."""
        x, y = self.spots
        disc = np.hypot(x - spot[0], y - spot[1]) <= radius
        return SurfaceGrid(self.seen, self.occupied | disc, self.origin, self.cell)

    @cached_property
    def spots(self) -> tuple[DoubleArray, DoubleArray]:
        """The coordinates of the cells' middles: metres right and away, float64 RxC each."""
        rows, columns = np.indices(self.seen.shape)
        x = self.origin[0] + (columns + 0.5) * self.cell
        y = self.origin[1] + (rows + 0.5) * self.cell
        return x, y

    @cached_property
    def clearance(self) -> DoubleArray:
        """Metres from each cell to the nearest higher object, float64 RxC."""
        return _distance(~self.occupied) * self.cell

    @cached_property
    def margin(self) -> DoubleArray:
        """Metres from each cell to the nearest cell where the surface is not seen, float64 RxC."""
        return _distance(self.seen & ~self.occupied) * self.cell

    @property
    def middle(self) -> Spot:
        """The mean of the cells where the surface is seen."""
        x, y = self.spots
        return float(x[self.seen].mean()), float(y[self.seen].mean())

    def free(self, radius: float, edge: float) -> BoolArray:
        """Return the cells with ``radius`` metres to other objects and ``edge`` to the edges."""
        free: BoolArray = (self.clearance >= radius) & (self.margin >= edge) & self.seen
        return free

    def nearest(self, allowed: BoolArray, to: Spot) -> Spot | None:
        """Return the allowed cell that is nearest to a spot; None without any."""
        if not allowed.any():
            return None
        x, y = self.spots
        distance = np.where(allowed, np.hypot(x - to[0], y - to[1]), np.inf)
        best = np.unravel_index(int(np.argmin(distance)), distance.shape)
        return float(x[best]), float(y[best])


def _counts(
    points: npt.NDArray[np.float32], low: DoubleArray, cell: float, shape: tuple[int, int]
) -> npt.NDArray[np.int64]:
    """Return the number of points Nx3 in each cell of a grid."""
    columns = np.floor((points[:, 0] - low[0]) / cell).astype(np.int64)
    rows = np.floor((points[:, 1] - low[1]) / cell).astype(np.int64)
    inside = (columns >= 0) & (rows >= 0) & (columns < shape[1]) & (rows < shape[0])
    index = rows[inside] * shape[1] + columns[inside]
    return np.bincount(index, minlength=shape[0] * shape[1]).reshape(shape)


def _distance(inside: BoolArray) -> DoubleArray:
    """Return the distance in cells of each cell to the nearest one outside, float64 RxC."""
    if inside.all():
        return np.full(inside.shape, 1e6)
    found = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(found, np.float64)

"""Free spots on a surface: its cells from above, and the distances to higher objects and edges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.height_map import DoubleArray, HeightMap, Spot
from zsris_ros.types import BoolArray

_RIM = 0.03
"""Height in metres up to which an object's own edge (a plate's, a tray's) is no obstacle on it."""


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

"""Place points: where a carried object can be put down, in metres.

Directions are the camera's: left and right along the support plane, in front is towards the
camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zsris_ros.geometry.footprint import Footprint, footprint, opening, standing
from zsris_ros.geometry.height_map import HeightMap, Spot
from zsris_ros.geometry.surface_grid import SurfaceGrid
from zsris_ros.referring.objects.object_geometry import support_plane
from zsris_ros.types import BoolArray, DestinationKind, PlacePoint, Scene

_DIRECTIONS: dict[str, tuple[float, float]] = {
    "left_of": (-1.0, 0.0),
    "right_of": (1.0, 0.0),
    "in_front_of": (0.0, -1.0),
    "behind": (0.0, 1.0),
}
_SECTOR = np.cos(np.radians(40.0))
_GAP = 0.03
"""Metres between the carried object and the object that it is put beside."""
_REACH = 0.35
"""Farthest gap that still counts as beside."""
_SHIFT = 0.15
"""Distance in metres of "move it to the left"."""
_MARGIN = 0.01
"""Metres between the carried object and any other object."""
_DEFAULT_RADIUS, _DEFAULT_HEIGHT = 0.04, 0.1
"""Radius and height of a carried object without valid depth, in metres."""
_FIT = 0.005
"""Tolerance of an object's measured width at an opening, in metres."""
_OVERHANG = 0.2
"""Least share of an object's visible pixels that are higher than the carried object."""


class NoPlaceError(Exception):
    """No place point can be given; the message is the reason."""


@dataclass(frozen=True, eq=False)
class Anchor:
    """One object or group that a destination names: its name and mask, bool HxW.

    ``mask`` is None for the support plane. ``moved`` is the spot that an earlier step puts it at.
    """

    name: str
    mask: BoolArray | None
    moved: PlacePoint | None = None


@dataclass
class Placer:
    """Finds place points in one scene; later points stay clear of earlier ones.

    Attributes:
        scene: The scene.
        placed: Spot, height and radius of the objects placed so far.
    """

    scene: Scene
    placed: list[tuple[Spot, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._heights: HeightMap | None = None
        self._objects: BoolArray | None = None

    def place(
        self, kind: DestinationKind, anchors: Sequence[Anchor], carried: BoolArray | None
    ) -> PlacePoint:
        """Return the place point of a destination.

        Args:
            kind: The place relative to the anchors.
            anchors: The anchors; two or more for "between".
            carried: Bool HxW, the mask of the carried object; None if unknown.

        Raises:
            NoPlaceError: Depth or the support plane is missing, or no spot is free.
        """
        heights = self._height_map()
        size = None if carried is None else footprint(heights, carried)
        radius = (size.radius if size is not None else _DEFAULT_RADIUS) + _MARGIN
        if not anchors:
            if size is None or kind not in _DIRECTIONS:
                raise NoPlaceError("the destination names no object")
            spot, height = self._shifted(heights, kind, size, carried, radius)
        elif kind == "on":
            spot, height = self._on(heights, anchors[0], carried, radius)
        elif kind == "inside":
            spot, height = self._inside(heights, anchors[0], size, radius)
        elif kind == "above":
            found = self._footprint(heights, anchors[0])
            spot, height = found.middle, found.top
        elif kind == "under":
            spot, height = self._under(heights, anchors[0], size, carried, radius)
        else:
            spot, height = self._beside(heights, kind, anchors, carried, radius)
        self.placed.append((spot, height, radius))
        point = heights.point(spot, height)
        up = heights.axes[:, 2]
        normal = (float(up[0]), float(up[1]), float(up[2]))
        return PlacePoint(point, normal, height, heights.pixel(point))

    def _height_map(self) -> HeightMap:
        frame = self.scene.frame
        if frame.depth is None or frame.intrinsics is None:
            raise NoPlaceError("place points need depth and the camera's intrinsics")
        if self._heights is None:
            plane = support_plane(frame)
            if plane is None:
                raise NoPlaceError("depth shows no support plane")
            self._heights = HeightMap.of(frame.depth, frame.intrinsics, plane)
            self._objects = standing(self._heights, self.scene.proposals.masks)
        return self._heights

    def _footprint(self, heights: HeightMap, anchor: Anchor) -> Footprint:
        if anchor.mask is None:
            raise NoPlaceError(f"{anchor.name} is the support plane itself")
        found = footprint(heights, anchor.mask)
        if found is None:
            raise NoPlaceError(f"{anchor.name} has no valid depth")
        if anchor.moved is None:
            return found
        level = np.asarray(anchor.moved.point) @ heights.axes
        return found.moved((float(level[0]), float(level[1])))

    def _grid(
        self,
        heights: HeightMap,
        height: float,
        within: BoolArray | None,
        carried: BoolArray | None,
        radius: float,
        name: str,
        ceiling: float = np.inf,
    ) -> SurfaceGrid:
        objects = self._objects if within is None else None
        grid = SurfaceGrid.of(heights, height, within, carried, radius, objects, ceiling)
        if grid is None:
            raise NoPlaceError(f"no flat surface of {name} is visible")
        for spot, taken in self._taken(heights, height):
            grid = grid.with_disc(spot, taken)
        return grid

    def _taken(self, heights: HeightMap, height: float) -> list[tuple[Spot, float]]:
        """Return the discs of the objects placed at a height so far."""
        near = 2 * heights.tolerance
        return [(spot, radius) for spot, at, radius in self.placed if abs(at - height) <= near]

    def _on(
        self, heights: HeightMap, anchor: Anchor, carried: BoolArray | None, radius: float
    ) -> tuple[Spot, float]:
        """Return the free spot nearest to the middle of the anchor's top surface."""
        height, within = 0.0, anchor.mask
        if anchor.mask is not None:
            found = self._footprint(heights, anchor)
            if anchor.moved is not None or found.surface is None:
                return found.middle, found.top  # nested objects: a bowl on a bowl
            height = found.surface
        grid = self._grid(heights, height, within, carried, radius, anchor.name)
        widest = float(grid.margin.max())
        edge = min(radius, widest / 2)
        spot = grid.nearest(grid.free(radius, edge), grid.middle)
        if spot is None:
            raise NoPlaceError(f"no spot on {anchor.name} is free")
        return spot, height

    def _inside(
        self, heights: HeightMap, anchor: Anchor, size: Footprint | None, radius: float
    ) -> tuple[Spot, float]:
        """Return the middle of the anchor's opening, beside earlier objects where there is room."""
        found = self._footprint(heights, anchor)
        hole = None if anchor.mask is None else opening(heights, anchor.mask)
        if hole is None or anchor.mask is None:
            return found.middle, found.top
        if size is not None and size.passage > 2 * hole.radius + _FIT:
            raise NoPlaceError(
                f"the object is {_centimetres(size.passage)} wide and the opening of {anchor.name} "
                f"{_centimetres(2 * hole.radius)}"
            )
        if anchor.moved is not None:
            return found.middle, found.top
        rest = opening(heights, anchor.mask, self._taken(heights, hole.height))
        if rest is not None and rest.radius >= radius - _MARGIN:
            hole = rest
        return hole.middle, hole.height

    def _under(
        self,
        heights: HeightMap,
        anchor: Anchor,
        size: Footprint | None,
        carried: BoolArray | None,
        radius: float,
    ) -> tuple[Spot, float]:
        """Return the free visible spot of the plane nearest to the middle of an overhang."""
        if anchor.mask is None:
            raise NoPlaceError(f"{anchor.name} is the support plane itself")
        clear = (_DEFAULT_HEIGHT if size is None else size.top) + _MARGIN
        cloud = heights.cloud(anchor.mask)
        over = cloud[cloud[:, 2] > clear, :2]
        if len(over) <= _OVERHANG * len(cloud):
            raise NoPlaceError(f"under {anchor.name} there is no room of {_centimetres(clear)}")
        low, high = np.percentile(over, (1, 99), axis=0)
        grid = self._grid(heights, 0.0, None, carried, radius, "the support plane", clear)
        x, y = grid.spots
        beneath = (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
        middle = (low + high) / 2
        goal = float(middle[0]), float(middle[1])
        spot = grid.nearest(grid.free(radius, radius) & beneath, goal)
        if spot is None:
            raise NoPlaceError(f"the place under {anchor.name} is hidden from the camera")
        return spot, 0.0

    def _beside(
        self,
        heights: HeightMap,
        kind: DestinationKind,
        anchors: Sequence[Anchor],
        carried: BoolArray | None,
        radius: float,
    ) -> tuple[Spot, float]:
        """Return a free spot of the support plane beside or between the anchors."""
        found = [self._footprint(heights, anchor) for anchor in anchors]
        names = " and ".join(anchor.name for anchor in anchors)
        grid = self._grid(heights, 0.0, None, carried, radius, "the support plane")
        for anchor, each in zip(anchors, found, strict=True):
            if anchor.moved is not None:
                grid = grid.with_disc(each.middle, each.radius)
        free = grid.free(radius, radius)
        x, y = grid.spots
        if kind == "between":
            return self._between(grid, free, found, names)
        one = found[0]
        gap_x = np.maximum(np.maximum(one.low[0] - x, x - one.high[0]), 0)
        gap_y = np.maximum(np.maximum(one.low[1] - y, y - one.high[1]), 0)
        gap = np.hypot(gap_x, gap_y)
        free &= (gap <= radius + _REACH) & (gap >= radius)
        direction = _DIRECTIONS.get(kind)
        if direction is None:
            cost = np.where(free, np.abs(gap - radius - _GAP), np.inf)
            best = np.unravel_index(int(np.argmin(cost)), cost.shape)
            spot = (float(x[best]), float(y[best])) if free.any() else None
        else:
            across, away = x - one.middle[0], y - one.middle[1]
            along = across * direction[0] + away * direction[1]
            free &= along >= _SECTOR * np.hypot(across, away)
            half = (one.high[0] - one.low[0], one.high[1] - one.low[1])
            reach = abs(half[0] * direction[0] + half[1] * direction[1]) / 2 + radius + _GAP
            spot = grid.nearest(
                free,
                (one.middle[0] + reach * direction[0], one.middle[1] + reach * direction[1]),
            )
        if spot is None:
            raise NoPlaceError(f"no visible spot {kind.replace('_', ' ')} {names} is free")
        return spot, 0.0

    def _between(
        self, grid: SurfaceGrid, free: BoolArray, found: Sequence[Footprint], names: str
    ) -> tuple[Spot, float]:
        if len(found) < 2:
            raise NoPlaceError(f"between needs two objects: only {names} was found")
        first, second = (np.asarray(each.middle) for each in found[:2])
        middle, apart = (first + second) / 2, second - first
        length = max(float(np.linalg.norm(apart)), 1e-6)
        x, y = grid.spots
        along = ((x - middle[0]) * apart[0] + (y - middle[1]) * apart[1]) / length
        aside = np.abs((x - middle[0]) * apart[1] - (y - middle[1]) * apart[0]) / length
        allowed = free & (np.abs(along) <= length / 3) & (aside <= max(length / 3, _GAP))
        spot = grid.nearest(allowed, (float(middle[0]), float(middle[1])))
        if spot is None:
            raise NoPlaceError(f"no visible spot between {names} is free")
        return spot, 0.0

    def _shifted(
        self,
        heights: HeightMap,
        kind: DestinationKind,
        size: Footprint,
        carried: BoolArray | None,
        radius: float,
    ) -> tuple[Spot, float]:
        """Return the free spot at a fixed distance from the object, or the nearest to it."""
        grid = self._grid(heights, 0.0, None, carried, radius, "the support plane")
        direction = _DIRECTIONS[kind]
        x, y = grid.spots
        across, away = x - size.middle[0], y - size.middle[1]
        along = across * direction[0] + away * direction[1]
        free = grid.free(radius, radius) & (along >= _SECTOR * np.hypot(across, away))
        free &= along >= _SHIFT / 3
        goal = size.middle[0] + _SHIFT * direction[0], size.middle[1] + _SHIFT * direction[1]
        spot = grid.nearest(free, goal)
        if spot is None:
            raise NoPlaceError("no visible spot in that direction is free")
        return spot, 0.0


def _centimetres(metres: float) -> str:
    return f"{100 * metres:.0f} cm"

"""The unseen side of an object, down to its support.

Two assumptions, in this order:

- *mirror*: the object is symmetric about an upright plane, perhaps about a second one across it and
  about the level plane at half its height. A plausible plane puts mirrored points on the object or
  into occluded space, and hardly any into space that the camera sees as free (Bohg et al., "Mind
  the gap", ICRA 2011).
- *extrusion*: below its outline as seen from above, the object reaches down to the support.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from zsris_ros.grasping.observation import Observation
from zsris_ros.grasping.plan import Completion, DoubleArray
from zsris_ros.types import BoolArray

_MOST_VIOLATIONS = 0.05
_LEAST_COINCIDENCE = 0.12
_VIOLATION_COST = 3.0
_SAMPLES = 250
_TURNS = np.radians(np.arange(-50.0, 51.0, 10.0))
_ACROSS = np.radians(np.arange(-20.0, 21.0, 10.0))
_NEW = 0.003  # metres from known points at which a mirrored one adds something
_FINE_TURNS = np.radians((-5.0, 0.0, 5.0))
_FINER = (1.0, 0.4)  # of the first fine step
_OFFSETS = 12
_BEYOND = 0.05  # metres behind the farthest visible point
_CELL = 0.006
_LAYER = 0.006
_SECTORS = 36
_WIDEST_GAP = 9  # sectors


@dataclass(frozen=True, eq=False)
class CompletedObject:
    """The object's surface: visible points first, then assumed ones. Support frame, metres.

    ``points`` and ``normals`` float64 Nx3; ``visible`` of them were seen. The true outline lies
    about ``resolution`` metres outside of the points.
    """

    points: DoubleArray
    normals: DoubleArray
    visible: int
    assumption: Completion
    resolution: float = 0.0

    @property
    def middle(self) -> DoubleArray:
        """The middle of the extent along each axis, float64 3."""
        low, high = np.percentile(self.points, (2, 98), axis=0)
        return np.asarray((low + high) / 2)

    @property
    def extent(self) -> DoubleArray:
        """The extent along each axis, float64 3."""
        return np.asarray(np.ptp(self.points, axis=0))


def complete(seen: Observation) -> CompletedObject:
    """Add the unseen side of the object."""
    added = _mirrored(seen)
    assumption: Completion = "mirror"
    if added is None:
        added, assumption = _extruded(seen.points), "extrusion"
    if not len(added[0]):
        assumption = "none"
    points = np.vstack([seen.points, added[0]])
    walls, outwards = _gaps_closed(seen, points)
    return CompletedObject(
        np.vstack([points, walls]),
        np.vstack([seen.normals, added[1], outwards]),
        len(seen.points),
        assumption,
        seen.resolution,
    )


def _mirrored(seen: Observation) -> tuple[DoubleArray, DoubleArray] | None:
    """Return hidden mirrored points and their normals; None without a plausible plane.

    A plane that faces the camera gives the back. If they are plausible, a plane across it gives the
    far side of an object at an angle to the camera, and the level plane at half the height the
    underside of a round object.
    """
    points, normals, count = seen.points, seen.normals, len(seen.points)
    camera = seen.support.axes.T @ -np.asarray(seen.support.position)
    ahead = np.arctan2(-camera[1], -camera[0])
    angle, offset = _upright_plane(seen, points, ahead + _TURNS)
    grown = _grown(seen, points, normals, _level(angle), offset, _LEAST_COINCIDENCE)
    if grown is None:
        return None
    points, normals = grown
    angle, offset = _upright_plane(seen, points, angle + np.pi / 2 + _ACROSS)
    grown = _grown(seen, points, normals, _level(angle), offset, _LEAST_COINCIDENCE)
    points, normals = grown or (points, normals)
    top = float(np.percentile(points[:, 2], 98))
    grown = _grown(seen, points, normals, np.array([0.0, 0.0, 1.0]), top / 2, 0.0)
    points, normals = grown or (points, normals)
    return points[count:], normals[count:]


def _level(angle: float) -> DoubleArray:
    return np.array([np.cos(angle), np.sin(angle), 0.0])


def _grown(
    seen: Observation,
    points: DoubleArray,
    normals: DoubleArray,
    normal: DoubleArray,
    offset: float,
    least_coincidence: float,
) -> tuple[DoubleArray, DoubleArray] | None:
    """Return points and normals, with the hidden ones mirrored at ``normal . p = offset``.

    None if too many mirrored points are in free space, or too few on the object.
    """
    mirrored = points - 2 * (points @ normal - offset)[:, None] * normal
    free, coincident = seen.refuted(mirrored)
    if free.mean() > _MOST_VIOLATIONS or coincident.mean() < least_coincidence:
        return None
    known, _ = cKDTree(points).query(mirrored, distance_upper_bound=_NEW)
    added = ~free & ~coincident & (known > _NEW) & (mirrored[:, 2] > 0)
    turned = normals - 2 * (normals @ normal)[:, None] * normal
    return np.vstack([points, mirrored[added]]), np.vstack([normals, turned[added]])


def _upright_plane(
    seen: Observation, points: DoubleArray, angles: DoubleArray
) -> tuple[float, float]:
    """Return the (angle, offset) of the best upright mirror plane, searched coarsely, then finely.

    Planes are tried from the nearest quarter of the object to slightly behind its farthest point.
    """
    sample = points[:: max(1, len(points) // _SAMPLES)]
    along = sample @ np.stack([_level(angle) for angle in angles]).T  # samples x angles
    low, high = along.min(axis=0), along.max(axis=0)
    reach = (high - low + _BEYOND)[:, None]
    angle, offset = _best_plane(
        seen, sample, angles, low[:, None] + np.linspace(0.25, 1.0, _OFFSETS) * reach
    )
    step = np.linspace(-1, 1, 7) * float(np.median(high - low)) / _OFFSETS
    for scale in _FINER:
        offsets = np.tile(offset + scale * step, (len(_FINE_TURNS), 1))
        angle, offset = _best_plane(seen, sample, angle + scale * _FINE_TURNS, offsets)
    return angle, offset


def _best_plane(
    seen: Observation, sample: DoubleArray, angles: DoubleArray, offsets: DoubleArray
) -> tuple[float, float]:
    """Return the best of A angles and AxO offsets: many points on the object, few seen through."""
    normals = np.stack([_level(angle) for angle in angles])
    shift = -2 * ((sample @ normals.T)[:, :, None] - offsets)  # samples x angles x offsets
    mirrored = sample[:, None, None, :] + shift[..., None] * normals[None, :, None, :]
    free, coincident = seen.refuted(mirrored)
    score = coincident.mean(axis=0) - _VIOLATION_COST * free.mean(axis=0)
    best = np.unravel_index(int(np.argmax(score)), score.shape)
    return float(angles[best[0]]), float(offsets[best])


def _extruded(points: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Walls from the outline, as seen from above, down to the support, and their normals."""
    spacing, _ = cKDTree(points).query(points, k=2)
    cell = max(_CELL, 2 * float(np.median(spacing[:, 1])))
    cells = np.floor(points[:, :2] / cell).astype(np.int64)
    low = cells.min(axis=0) - 1
    size = cells.max(axis=0) - low + 2
    tops = np.full(size, -np.inf)
    np.maximum.at(tops, tuple((cells - low).T), points[:, 2])
    occupied = np.isfinite(tops)
    directions = _outward(occupied)
    walls: list[DoubleArray] = []
    outwards: list[DoubleArray] = []
    for step in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        border = occupied & ~np.roll(occupied, (-step[0], -step[1]), axis=(0, 1))
        for i, j in np.argwhere(border):
            xy = (np.array([i, j]) + low + 0.5) * cell
            levels = np.arange(_CELL / 2, tops[i, j], _CELL)
            walls.append(np.column_stack([np.tile(xy, (len(levels), 1)), levels]))
            outwards.append(np.tile(np.append(directions[i, j], 0.0), (len(levels), 1)))
    if not walls:
        return np.zeros((0, 3)), np.zeros((0, 3))
    return np.vstack(walls), np.vstack(outwards)


def _outward(occupied: BoolArray) -> DoubleArray:
    """Return the direction out of the outline at each cell: float64 HxWx2 of length 1 or 0."""
    filled = ndimage.binary_fill_holes(ndimage.binary_closing(occupied, iterations=2))
    inwards = np.stack(np.gradient(ndimage.gaussian_filter(filled.astype(np.float64), 1.5)), -1)
    return np.asarray(-inwards / np.maximum(np.linalg.norm(inwards, axis=-1, keepdims=True), 1e-9))


def _gaps_closed(seen: Observation, points: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Wall points where a layer's outline has a gap around the middle, and their normals."""
    middle = (
        np.percentile(points[:, :2], 2, axis=0) + np.percentile(points[:, :2], 98, axis=0)
    ) / 2
    offset = points[:, :2] - middle
    sector = ((np.arctan2(offset[:, 1], offset[:, 0]) / (2 * np.pi) + 0.5) * _SECTORS).astype(int)
    layer = np.maximum(points[:, 2] / _LAYER, 0).astype(int)
    radius = np.full((int(layer.max()) + 1, _SECTORS), -np.inf)
    np.maximum.at(radius, (layer, sector % _SECTORS), np.linalg.norm(offset, axis=1))
    filled, slope = np.full_like(radius, np.nan), np.zeros_like(radius)
    for row, known in enumerate(np.isfinite(radius)):
        at = np.flatnonzero(known)
        if not 4 <= len(at) < _SECTORS:
            continue
        after = np.append(at[1:], at[0] + _SECTORS)
        for start, stop in zip(at, after, strict=True):
            if 1 < stop - start <= _WIDEST_GAP:
                inside = np.arange(start + 1, stop)
                ends = radius[row, start], radius[row, stop % _SECTORS]
                filled[row, inside % _SECTORS] = np.interp(inside, (start, stop), ends)
                slope[row, inside % _SECTORS] = (ends[1] - ends[0]) / (stop - start)
    rows, columns = np.nonzero(np.isfinite(filled))
    angle = ((columns + 0.5) / _SECTORS - 0.5) * 2 * np.pi
    out = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    around = np.stack([-np.sin(angle), np.cos(angle), np.zeros_like(angle)], axis=1)
    walls = out * filled[rows, columns][:, None]
    turning = slope[rows, columns] * _SECTORS / (2 * np.pi)
    outwards = walls - turning[:, None] * around
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    walls[:, :2] += middle
    walls[:, 2] = (rows + 0.5) * _LAYER
    hidden = ~seen.refuted(walls)[0]
    return walls[hidden], outwards[hidden]

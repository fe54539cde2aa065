"""The unseen side of an object, down to its support.

Two assumptions, in this order:

- *mirror*: the object is symmetric about an upright plane. The best plane puts mirrored points
  where the object is seen or where nothing can be seen, and hardly any where the camera sees
  through (Bohg et al., "Mind the gap", ICRA 2011).
- *extrusion*: below its outline as seen from above, the object reaches down to the support.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zsris_ros.grasping.observation import Observation
from zsris_ros.grasping.plan import Completion, DoubleArray

_TOLERANCE = 0.007  # metres; depth noise and the curvature between two pixels
_MOST_VIOLATIONS = 0.05
_LEAST_COINCIDENCE = 0.12
_VIOLATION_COST = 3.0
_SAMPLES = 250
_TURNS = np.radians(np.arange(-50.0, 51.0, 10.0))
_FINE_TURNS = np.radians((-5.0, 0.0, 5.0))
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
    """Mirrored points that are hidden, and their normals; None where no plane is plausible."""
    points = seen.points
    sample = points[:: max(1, len(points) // _SAMPLES)]
    camera = seen.support.axes.T @ -np.asarray(seen.support.position)
    ahead = np.arctan2(-camera[1], -camera[0])
    spread = float(np.ptp(points[:, :2] @ np.array([np.cos(ahead), np.sin(ahead)])))
    angle, offset, score = _best_plane(
        seen, sample, ahead + _TURNS, np.linspace(0.2, 1.0, _OFFSETS) * spread, _BEYOND
    )
    step = spread / _OFFSETS
    angle, offset, score = _best_plane(
        seen, sample, angle + _FINE_TURNS, np.linspace(-step, step, 7), None, offset
    )
    if not np.isfinite(score):
        return None
    normal = np.array([np.cos(angle), np.sin(angle), 0.0])
    mirrored = points - 2 * (points @ normal - offset)[:, None] * normal
    depth, measured, on_object = seen.seen_depth(mirrored)
    free = measured > depth + _TOLERANCE
    coincident = on_object & (np.abs(measured - depth) <= _TOLERANCE)
    if free.mean() > _MOST_VIOLATIONS or coincident.mean() < _LEAST_COINCIDENCE:
        return None
    keep = ~free & ~coincident
    turned = seen.normals - 2 * (seen.normals @ normal)[:, None] * normal
    return mirrored[keep], turned[keep]


def _best_plane(
    seen: Observation,
    sample: DoubleArray,
    angles: DoubleArray,
    offsets: DoubleArray,
    beyond: float | None,
    around: float = 0.0,
) -> tuple[float, float, float]:
    """The (angle, offset, score) of the best mirror plane n . p = offset.

    With ``beyond``, offsets count from the nearest visible point along n, up to ``beyond`` metres
    behind the farthest; without it, from ``around``.
    """
    normals = np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1)
    along = sample @ normals.T  # samples x angles
    if beyond is None:
        planes = np.broadcast_to(around + offsets, (len(angles), len(offsets)))
    else:
        low, high = along.min(axis=0), along.max(axis=0)
        shares = np.linspace(0.25, 1.0, len(offsets))
        planes = low[:, None] + shares * (high - low + beyond)[:, None]
    shift = -2 * (along[:, :, None] - planes[None])  # samples x angles x offsets
    mirrored = sample[:, None, None, :] + shift[..., None] * normals[None, :, None, :]
    depth, measured, on_object = seen.seen_depth(mirrored)
    with np.errstate(invalid="ignore"):
        free = (measured > depth + _TOLERANCE) | (mirrored[..., 2] < -_TOLERANCE)
        coincident = on_object & (np.abs(measured - depth) <= _TOLERANCE)
    score = coincident.mean(axis=0) - _VIOLATION_COST * free.mean(axis=0)
    best = np.unravel_index(int(np.argmax(score)), score.shape)
    return float(angles[best[0]]), float(planes[best]), float(score[best])


def _extruded(points: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Walls from the outline, as seen from above, down to the support, and their normals."""
    cells = np.floor(points[:, :2] / _CELL).astype(np.int64)
    low = cells.min(axis=0) - 1
    size = cells.max(axis=0) - low + 2
    tops = np.full(size, -np.inf)
    np.maximum.at(tops, tuple((cells - low).T), points[:, 2])
    occupied = np.isfinite(tops)
    middle = points[:, :2].mean(axis=0)
    walls: list[DoubleArray] = []
    outwards: list[DoubleArray] = []
    for step in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        border = occupied & ~np.roll(occupied, (-step[0], -step[1]), axis=(0, 1))
        for i, j in np.argwhere(border):
            xy = (np.array([i, j]) + low + 0.5) * _CELL
            levels = np.arange(_CELL / 2, tops[i, j], _CELL)
            walls.append(np.column_stack([np.tile(xy, (len(levels), 1)), levels]))
            direction = xy - middle
            direction = direction / max(1e-6, float(np.linalg.norm(direction)))
            outwards.append(np.tile([*direction, 0.0], (len(levels), 1)))
    if not walls:
        return np.zeros((0, 3)), np.zeros((0, 3))
    return np.vstack(walls), np.vstack(outwards)


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
    filled = np.full_like(radius, np.nan)
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
    rows, columns = np.nonzero(np.isfinite(filled))
    angle = ((columns + 0.5) / _SECTORS - 0.5) * 2 * np.pi
    outwards = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    walls = outwards * filled[rows, columns][:, None]
    walls[:, :2] += middle
    walls[:, 2] = (rows + 0.5) * _LAYER
    depth, measured, _ = seen.seen_depth(walls)
    with np.errstate(invalid="ignore"):
        hidden = ~(measured > depth + _TOLERANCE)
    return walls[hidden], outwards[hidden]

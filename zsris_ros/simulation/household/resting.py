"""Resting poses: the faces of its convex hull that an object stands or lies on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, Delaunay, QhullError

from zsris_ros.simulation.convex_parts import ConvexPart
from zsris_ros.simulation.household.object_model import ObjectModel, transformed

DoubleArray = npt.NDArray[np.float64]

_SAME_FACE = 0.995
"""Cosine from which two triangles of a hull belong to one face."""
_GRID = 60
_RARE = 0.2
"""Faces with a smaller share of the largest one's area are not rested on."""


def stand_up(model: ObjectModel) -> ObjectModel:
    """Turn a model of unknown orientation onto its likeliest resting face."""
    return transformed(model, resting_poses(model.parts)[0][0])


def resting_poses(parts: tuple[ConvexPart, ...]) -> list[tuple[DoubleArray, float]]:
    """Return rotations (3x3) that put a stable face down, and their probabilities, sorted.

    A hollow object is not put upside down.
    """
    corners = _coarse(np.vstack([part.corners for part in parts]))
    hull = ConvexHull(corners)
    volume = sum(part.volume for part in parts)
    centre = np.sum([part.volume * part.centroid for part in parts], axis=0) / volume
    void = (hull.volume * hull_centroid(hull, corners) - volume * centre) / max(
        hull.volume - volume, 1e-9
    )
    hollow = volume < 0.6 * hull.volume
    normals, areas = _faces(hull, corners)
    scores = []
    for normal, area in zip(normals, areas, strict=True):
        if area < _RARE * max(areas):
            scores.append(0.0)
            continue
        stable = rests_on(corners, normal, centre)
        upside_down = hollow and (void - centre) @ normal > 0.1 * np.linalg.norm(void - centre)
        scores.append(area if stable and not upside_down else 0.0)
    chances = np.array(scores) if any(scores) else np.array(areas)
    chances = np.where(chances < _RARE * chances.max(), 0, chances)
    order = [int(i) for i in np.argsort(-chances, kind="stable") if chances[i] > 0]
    return [(_turned_down(normals[i]), float(chances[i] / chances.sum())) for i in order]


def _coarse(points: DoubleArray) -> DoubleArray:
    """Return the points on a grid of 1/_GRID of the size: a round object gets few faces."""
    step = float(np.ptp(points, axis=0).max()) / _GRID
    return np.asarray(np.unique(np.round(points / step), axis=0) * step)


def _faces(hull: ConvexHull, corners: DoubleArray) -> tuple[list[DoubleArray], list[float]]:
    """Return the outward normals and areas of a hull's faces, its coplanar triangles joined."""
    a, b, c = (corners[hull.simplices[:, corner]] for corner in range(3))
    triangle = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    left = np.argsort(-triangle, kind="stable")
    normals: list[DoubleArray] = []
    areas: list[float] = []
    while len(left):
        normal = hull.equations[left[0], :3]
        same = hull.equations[left, :3] @ normal > _SAME_FACE
        normals.append(normal)
        areas.append(float(triangle[left[same]].sum()))
        left = left[~same]
    return normals, areas


def _turned_down(down: DoubleArray) -> DoubleArray:
    """Return a rotation that turns the direction ``down`` to -z."""
    x = np.cross(down, np.eye(3)[int(np.argmin(np.abs(down)))])
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(-down, x), -down])


def rests_on(corners: DoubleArray, normal: DoubleArray, centre: DoubleArray) -> bool:
    """Return whether the centre of mass lies over the corners within 2 mm of the lowest plane."""
    along = corners @ normal
    foot = corners[along > along.max() - 0.002]
    x = np.cross(normal, np.eye(3)[int(np.argmin(np.abs(normal)))])
    x /= np.linalg.norm(x)
    plane = np.stack([x, np.cross(normal, x)], axis=1)
    try:
        return bool(Delaunay(foot @ plane).find_simplex((centre @ plane)[None])[0] >= 0)
    except (QhullError, ValueError):
        return False


def hull_centroid(hull: ConvexHull, corners: DoubleArray) -> DoubleArray:
    """Return the centroid of the hull of ``corners``, float64 3."""
    middle = corners.mean(axis=0)
    tetrahedra = corners[hull.simplices] - middle
    volumes = np.abs(np.linalg.det(tetrahedra)) / 6
    return np.asarray(
        middle + (tetrahedra.mean(axis=1) * 0.75 * volumes[:, None]).sum(axis=0) / volumes.sum()
    )

"""Candidates of a vacuum cup: flat patches of the visible surface."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from zsris_ros.grasping.gripper import SuctionCup
from zsris_ros.grasping.observation import Observation
from zsris_ros.grasping.plan import DoubleArray

_SPACING = 0.008  # metres between places that are tried
_STEEPEST = np.radians(60.0)  # between a patch's normal and up
_SECTORS = 8
_FEWEST = 12  # points of a patch

TOO_CURVED = "no flat patch as large as the cup"
TOO_STEEP = "the surface is too steep"


@dataclass(frozen=True, eq=False)
class Patch:
    """A place for the cup: TCP ``axes`` and ``position`` in the support frame.

    ``flatness`` in [0, 1] measures the planarity; there is surface under all of the lip.
    """

    axes: DoubleArray
    position: DoubleArray
    flatness: float


def draft_patches(seen: Observation, cup: SuctionCup, rejected: Counter[str]) -> list[Patch]:
    """Return the places where the cup seals; count the others by reason."""
    tree = cKDTree(seen.points)
    _, first = np.unique(
        np.floor(seen.points / _SPACING).astype(np.int64), axis=0, return_index=True
    )
    near = tree.query_ball_point(seen.points[first], 1.2 * cup.radius)
    wide = np.array([len(members) >= _FEWEST for members in near], bool)
    if not wide.all():
        rejected[TOO_CURVED] += int(np.count_nonzero(~wide))
    patches: list[Patch] = []
    surfaces = [seen.points[members] for members in near[wide]]
    middles, normals = _planes(surfaces)
    for index, around, middle, normal in zip(first[wide], surfaces, middles, normals, strict=True):
        if normal @ seen.normals[index] < 0:
            normal = -normal
        if normal[2] < np.cos(_STEEPEST):
            rejected[TOO_STEEP] += 1
            continue
        position = seen.points[index] + ((middle - seen.points[index]) @ normal) * normal
        off = np.abs((around - middle) @ normal)
        error = float(np.percentile(off, 95))
        axes = cup_axes(-normal) if error <= cup.tolerance else None
        if axes is None or _resting(around - position, axes, cup.radius) < 1:
            rejected[TOO_CURVED] += 1
            continue
        patches.append(Patch(axes, position, 1 - error / cup.tolerance))
    return patches


def _planes(surfaces: list[DoubleArray]) -> tuple[DoubleArray, DoubleArray]:
    """Return the means and the unit normals, Px3 each, of planes through P sets of points Nx3."""
    if not surfaces:
        return np.zeros((0, 3)), np.zeros((0, 3))
    sizes = np.array([len(points) for points in surfaces])
    begins = np.cumsum(sizes) - sizes
    points = np.vstack(surfaces)
    middles = np.add.reduceat(points, begins) / sizes[:, None]
    off = points - np.repeat(middles, sizes, axis=0)
    spread = np.add.reduceat(off[:, :, None] * off[:, None, :], begins)
    return middles, np.linalg.eigh(spread)[1][:, :, 0]


def cup_axes(approach: DoubleArray) -> DoubleArray:
    """Return TCP axes, float64 3x3, whose z is the unit vector ``approach``."""
    sideways = np.eye(3)[0 if abs(approach[0]) < 0.9 else 1]
    y = np.cross(approach, sideways)
    y /= np.linalg.norm(y)
    return np.stack([np.cross(y, approach), y, approach], axis=1)


def _resting(offsets: DoubleArray, axes: DoubleArray, radius: float) -> float:
    """Return the share of the lip's sectors with surface at or beyond four fifths of the radius."""
    x, y = (offsets @ axes[:, :2]).T
    far = np.hypot(x, y) >= 0.8 * radius
    sectors = np.floor((np.arctan2(y[far], x[far]) / (2 * np.pi) + 0.5) * _SECTORS)
    return len(np.unique(sectors % _SECTORS)) / _SECTORS

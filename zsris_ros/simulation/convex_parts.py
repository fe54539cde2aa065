"""Collision shapes: a mesh as a few convex parts.

MuJoCo collides convex hulls. Three partitions of a mesh are tried (one hull, slices along its
longest axis, sectors around its upright axis); the coarsest whose total volume comes close to the
mesh's own is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import ConvexHull, QhullError

from zsris_ros.types import InputError

DoubleArray = npt.NDArray[np.float64]

_SAMPLES = 24_000
_OVERLAP = 0.0005  # metres by which parts overlap
_SECTORS, _LEVELS, _SLICES = 12, 5, 10
_SOLID = 0.97  # of its hull; a mesh that fills as much is one part
_SLACK = 0.03  # by which a coarser partition's volume may be worse
_MOST_PIECES, _SMALLEST_PIECE = 3, 100  # connected pieces of a mesh, faces of a piece
_SMALLEST = 2e-9  # cubic metres; flatter parts are left out


@dataclass(frozen=True, eq=False)
class ConvexPart:
    """The corners of a convex part, float64 Nx3 metres, its volume (m^3) and centroid."""

    corners: DoubleArray
    volume: float
    centroid: DoubleArray


def convex_parts(vertices: DoubleArray, faces: npt.NDArray[np.int32]) -> list[ConvexPart]:
    """Cover a mesh (float64 Vx3 metres, int32 Fx3, z upright) with convex parts.

    Raises:
        InputError: The mesh is flat.
    """
    pieces = _separate(vertices, faces)
    return [part for piece in pieces for part in _parts_of(vertices, piece)]


def _separate(vertices: DoubleArray, faces: npt.NDArray[np.int32]) -> list[npt.NDArray[np.int32]]:
    """Return the faces of each connected piece, such as mug and handle; one piece of too many."""
    _, same = np.unique(np.round(vertices, 5), axis=0, return_inverse=True)
    corners = same.ravel()[faces]
    links = np.concatenate([corners[:, :2], corners[:, 1:]])
    count = int(corners.max()) + 1
    graph = coo_matrix((np.ones(len(links)), links.T), shape=(count, count))
    _, piece_of = connected_components(graph, directed=False)
    labels, sizes = np.unique(piece_of[corners[:, 0]], return_counts=True)
    if not 1 < len(labels) <= _MOST_PIECES or sizes.min() < _SMALLEST_PIECE:
        return [faces]
    return [faces[piece_of[corners[:, 0]] == label] for label in labels]


def _parts_of(vertices: DoubleArray, faces: npt.NDArray[np.int32]) -> list[ConvexPart]:
    points = surface_samples(vertices, faces)
    whole = _hull(points)
    if whole is None:
        raise InputError("a mesh without volume has no collision shape: scale it to metres")
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    solid = abs(float(np.linalg.det(np.stack([a, b, c], axis=1)).sum())) / 6
    if not 0 < solid < _SOLID * whole.volume:
        return [whole]
    choices = [[whole]]
    for cells in (_slices(points), _sectors(points)):
        choices.append([part for part in map(_hull, cells) if part])
    wrong = [abs(np.log(sum(part.volume for part in parts) / solid)) for parts in choices]
    return min(
        (parts for parts, off in zip(choices, wrong, strict=True) if off <= min(wrong) + _SLACK),
        key=len,
    )


def surface_samples(vertices: DoubleArray, faces: npt.NDArray[np.int32]) -> DoubleArray:
    """Return the vertices and points spread evenly over the faces, float64 Nx3."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(faces), _SAMPLES, p=area / area.sum())
    u, v = rng.random((2, _SAMPLES, 1))
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    inside = a[chosen] + u * (b - a)[chosen] + v * (c - a)[chosen]
    return np.asarray(np.vstack([vertices[np.unique(faces)], inside]))


def _slices(points: DoubleArray) -> Iterator[DoubleArray]:
    """Slices across the longest principal axis, each cut in two along the next."""
    middle = points.mean(axis=0)
    axes = np.linalg.svd(points[::10] - middle, full_matrices=False)[2]
    along, across = (points - middle) @ axes[0], (points - middle) @ axes[1]
    for part in _intervals(along, _SLICES):
        half = (across[part].min() + across[part].max()) / 2 if part.any() else 0.0
        yield points[part & (across <= half + _OVERLAP)]
        yield points[part & (across >= half - _OVERLAP)]


def _sectors(points: DoubleArray) -> Iterator[DoubleArray]:
    """Sectors around the upright axis, cut into levels."""
    middle = (points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2
    offset = points[:, :2] - middle
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    for level in _intervals(points[:, 2], _LEVELS):
        for sector in range(_SECTORS):
            centre = (sector + 0.5) * 2 * np.pi / _SECTORS - np.pi
            away = np.abs((angle - centre + np.pi) % (2 * np.pi) - np.pi)
            distance = np.hypot(*offset.T)
            # Sectors overlap by a length, not by an angle.
            inside = (away - np.pi / _SECTORS) * distance <= _OVERLAP
            yield points[level & inside]


def _intervals(values: DoubleArray, count: int) -> Iterator[npt.NDArray[np.bool_]]:
    edges = np.linspace(values.min(), values.max(), count + 1)
    for low, high in pairwise(edges):
        yield (values >= low - _OVERLAP) & (values <= high + _OVERLAP)


def _hull(points: DoubleArray) -> ConvexPart | None:
    if len(points) < 8:
        return None
    try:
        hull = ConvexHull(points)
    except QhullError:
        return None
    if hull.volume < _SMALLEST:
        return None
    corners = points[hull.vertices]
    tetrahedra = points[hull.simplices] - corners.mean(axis=0)
    volumes = np.abs(np.linalg.det(tetrahedra)) / 6
    centroid = (tetrahedra.mean(axis=1) * 0.75 * volumes[:, None]).sum(axis=0) / volumes.sum()
    return ConvexPart(corners, float(hull.volume), centroid + corners.mean(axis=0))

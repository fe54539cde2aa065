"""Meshes with texture coordinates: turned bodies, bent bars and boxes, in metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.household.object_model import Surface
from zsris_ros.simulation.shapes import Profile

DoubleArray = npt.NDArray[np.float64]

_SIDES = 36
"""Corners of a turned body's circle."""
_BAR_SIDES = 12


def turned(profile: Sequence[tuple[float, float]]) -> Surface:
    """Turn a profile of (radius, z) around the z axis, from the outer bottom over the top.

    The texture's width goes around the axis, its height along the profile.
    """
    return lofted([(radius, radius, z) for radius, z in profile])


def lofted(profile: Sequence[tuple[float, float, float]], corners: float = 2.0) -> Surface:
    """Connect superellipses of (half of x, half of y, z), from the outer bottom over the top.

    Args:
        profile: The half axes and the height of each section, metres.
        corners: The superellipses' exponent: 2 is an ellipse, 8 nearly a rectangle.
    """
    half_x, half_y, heights = np.array(profile, np.float64).T
    angles = np.linspace(0, 2 * np.pi, _SIDES + 1)
    x, y = (np.sign(v) * np.abs(v) ** (2 / corners) for v in (np.cos(angles), np.sin(angles)))
    rings = np.stack(
        [
            half_x[:, None] * x,
            half_y[:, None] * y,
            np.broadcast_to(heights[:, None], (len(heights), len(angles))),
        ],
        axis=-1,
    )
    return _skin(rings)


def bar(path: DoubleArray, widths: DoubleArray, thicknesses: DoubleArray) -> Surface:
    """Sweep an ellipse along a path in the x-z plane.

    Args:
        path: Float64 Nx3, metres; y is constant.
        widths: The ellipse's axis along y at each point, metres, N.
        thicknesses: Its other axis, N; both are 0 at closed ends.
    """
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True).clip(1e-12)
    across = np.array([0.0, 1.0, 0.0])
    normal = np.cross(along, across)
    angles = np.linspace(0, 2 * np.pi, _BAR_SIDES + 1)
    rings = (
        path[:, None]
        + (widths[:, None] / 2 * np.cos(angles))[..., None] * across
        + (thicknesses[:, None] / 2 * np.sin(angles))[..., None] * normal[:, None]
    )
    return _skin(rings)


def box(size: DoubleArray, middle: DoubleArray | None = None) -> Surface:
    """Return a box of a size (float64 3, metres) on z = 0, or around ``middle``.

    Each face shows a cell of a texture of 3 x 2: -x, x, -y in its upper row, y, -z, z below.
    """
    signs = np.array([(x, y, z) for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)], np.float64)
    centre = np.array([0.0, 0.0, size[2] / 2]) if middle is None else middle
    quads = ((2, 0, 4, 6), (1, 3, 7, 5), (0, 1, 5, 4), (3, 2, 6, 7), (2, 3, 1, 0), (4, 5, 7, 6))
    faces = [face for a, b, c, d in quads for face in ((a, b, c), (a, c, d))]
    uv = [
        ((cell % 3 + u) / 3, (cell // 3 + v) / 2)
        for cell in range(6)
        for u, v in ((0, 1), (1, 1), (1, 0), (0, 0))
    ]
    uv_faces = [face for k in range(0, 24, 4) for face in ((k, k + 1, k + 2), (k, k + 2, k + 3))]
    return Surface(
        centre + signs * size / 2,
        np.array(faces, np.int32),
        np.array(uv),
        np.array(uv_faces, np.int32),
    )


def outer_wall(rng: np.random.Generator, radius: float, height: float, narrowest: float) -> Profile:
    """Return the outer wall of a vessel that narrows to the foot by down to ``narrowest``."""
    foot, bulge = rng.uniform(narrowest, 1.02), rng.uniform(-0.04, 0.1)
    t = np.linspace(0, 1, 8)
    radii = radius * (foot + (1 - foot) * t + bulge * np.sin(np.pi * t))
    return list(zip(radii.tolist(), (height * t).tolist(), strict=True))


def egg(radius: float, length: float, points: float) -> Profile:
    """Return an ellipsoid's profile, ``length`` times as high as wide, with points at its ends."""
    a = np.linspace(-np.pi / 2, np.pi / 2, 17)
    z = radius * length * (np.sin(a) + points * np.sign(a) * np.abs(np.sin(a)) ** 12)
    return list(zip((radius * np.cos(a)).tolist(), z.tolist(), strict=True))


def rod(start: float, end: float, thick: float, thin: float, y: float = 0.0) -> Surface:
    """Return a round bar along x that goes from one thickness to another."""
    x = np.array([start, start, *np.linspace(start, end, 5), end])
    sizes = closed(np.array([0, thick, *np.linspace(thick, thin, 5), 0]))
    x[0], x[-1] = start - 1e-4, end + 1e-4
    return bar(path_of(x, 0.0, y), sizes, sizes)


def stick(low: float, high: float, thick: float = 0.003) -> Surface:
    """Return an upright round bar on the z axis."""
    return turned([(0.0, low), (thick / 2, low), (thick / 2, high), (0.0, high)])


def ring(
    middle: tuple[float, float], radii: tuple[float, float], thick: float
) -> tuple[Surface, Surface]:
    """Return two halves of a flat ring in the x-y plane around ``middle``."""
    a = np.linspace(0, np.pi, 13)
    halves = []
    for side in (1, -1):
        path = path_of(radii[0] * np.cos(a), side * radii[1] * np.sin(a))
        half = bar(path, even(path, thick), even(path, thick))
        halves.append(laid(half, middle))
    return halves[0], halves[1]


def laid(surface: Surface, middle: tuple[float, float] = (0.0, 0.0)) -> Surface:
    """Turn a surface from the x-z plane into the x-y plane and move it there."""
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    return replace(surface, vertices=surface.vertices @ turn.T + np.array([*middle, 0.0]))


def path_of(x: DoubleArray, z: DoubleArray | float, y: float = 0.0) -> DoubleArray:
    """Return a path for ``bar``, float64 Nx3, of N values of x and z."""
    return np.stack([x, np.full_like(x, y), np.broadcast_to(z, x.shape)], axis=1)


def even(path: DoubleArray, value: float) -> DoubleArray:
    """Return the same size at each point of a path, N."""
    return np.full(len(path), value)


def closed(sizes: DoubleArray) -> DoubleArray:
    """Return the sizes of a bar with both ends closed."""
    closed = np.array(sizes, np.float64)
    closed[[0, -1]] = 0.0
    return closed


def spread(length: float, count: int) -> list[float]:
    """Return places that divide a length around 0 evenly."""
    return [float(v) for v in np.linspace(-length / 2, length / 2, count)]


def _skin(rings: DoubleArray) -> Surface:
    """Connect N rings of K points (float64 NxKx3), the last point of each equal to its first."""
    rows, columns = rings.shape[:2]
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij")
    cells = (row * columns + column).ravel()
    a, b, c, d = cells, cells + 1, cells + columns + 1, cells + columns
    uv_faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    vertices = rings.reshape(-1, 3)
    # The seam is one line of vertices with two texture coordinates.
    seam = np.arange(len(vertices))
    seam[columns - 1 :: columns] -= columns - 1
    faces = seam[uv_faces]
    corners = vertices[faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    kept = area > 1e-12  # a point on the axis leaves triangles without area
    lengths = np.linalg.norm(np.diff(rings[:, 0], axis=0), axis=1)
    height = np.concatenate([[0.0], np.cumsum(lengths)])
    height /= height[-1]
    width = np.linspace(0, 1, columns)
    uv = np.stack(np.meshgrid(width, 1 - height), axis=-1).reshape(-1, 2)
    return Surface(vertices, faces[kept].astype(np.int32), uv, uv_faces[kept].astype(np.int32))

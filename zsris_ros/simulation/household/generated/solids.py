"""Meshes with texture coordinates: turned bodies, bent bars and boxes, in metres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.household.object_model import Surface

DoubleArray = npt.NDArray[np.float64]

_SIDES = 36
"""Corners of a turned body's circle."""
_BAR_SIDES = 12


def turned(profile: Sequence[tuple[float, float]]) -> Surface:
    """Turn a profile of (radius, z) around the z axis, from the outer bottom over the top.

    The texture's width goes around the axis, its height along the profile.
    """
    radii, heights = np.array(profile, np.float64).T
    angles = np.linspace(0, 2 * np.pi, _SIDES + 1)
    rings = np.stack(
        [
            radii[:, None] * np.cos(angles),
            radii[:, None] * np.sin(angles),
            np.broadcast_to(heights[:, None], (len(radii), len(angles))),
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

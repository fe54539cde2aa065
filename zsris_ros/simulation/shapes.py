"""Triangle meshes of the tabletop objects, standing on z = 0, in metres, independent of MuJoCo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SEGMENTS = 40
Profile = list[tuple[float, float]]
"""(radius, z) points of a solid of revolution, from the outer bottom over the top."""


@dataclass(frozen=True)
class Mesh:
    """``vertices`` float64 Vx3 in metres, ``faces`` int32 Fx3, outward counter-clockwise."""

    vertices: npt.NDArray[np.float64]
    faces: npt.NDArray[np.int32]

    def joined(self, other: Mesh) -> Mesh:
        """Return both meshes as one."""
        return Mesh(
            np.vstack([self.vertices, other.vertices]),
            np.vstack([self.faces, other.faces + len(self.vertices)]),
        )


@dataclass(frozen=True)
class Shape:
    """A mesh at scale 1 and the radius in metres of the disc that it stands on."""

    mesh: Mesh
    radius: float


def revolve(profile: Profile) -> Mesh:
    """Return the solid of revolution of ``profile`` around z."""
    angles = np.linspace(0.0, 2.0 * np.pi, SEGMENTS, endpoint=False)
    rings = [
        np.column_stack([r * np.cos(angles), r * np.sin(angles), np.full(SEGMENTS, z)])
        for r, z in profile
    ]
    here = np.arange(SEGMENTS)
    there = (here + 1) % SEGMENTS
    faces = []
    for ring in range(len(profile) - 1):
        a, b = ring * SEGMENTS, (ring + 1) * SEGMENTS
        faces.append(np.column_stack([a + here, a + there, b + there]))
        faces.append(np.column_stack([a + here, b + there, b + here]))
    mesh = Mesh(np.vstack(rings), np.vstack(faces).astype(np.int32))
    # A profile point on the axis leaves triangles of zero area.
    corners = mesh.vertices[mesh.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return Mesh(mesh.vertices, mesh.faces[np.linalg.norm(normal, axis=1) > 1e-12])


def _box(x: float, y: float, z: float) -> Mesh:
    signs = [(sx, sy, sz) for sz in (-1, 1) for sy in (-1, 1) for sx in (-1, 1)]
    corners = np.array([(sx * x / 2, sy * y / 2, (sz + 1) * z / 2) for sx, sy, sz in signs])
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    faces = [face for a, b, c, d in quads for face in ((a, b, c), (a, c, d))]
    return Mesh(corners, np.array(faces, dtype=np.int32))


def _ball() -> Mesh:
    r = 0.042
    polar = np.linspace(-np.pi / 2, np.pi / 2, 21)
    return revolve([(r * np.cos(a), r + r * np.sin(a)) for a in polar])


def vessel(outer: Profile, wall: float, floor: float) -> Profile:
    """Close an outer profile into a hollow vessel: over the rim and down the inside."""
    inner = [(r - wall, max(z, floor)) for r, z in reversed(outer) if r > wall]
    return [(0.0, 0.0), *outer, *inner, (0.0, floor)]


def _mug() -> Mesh:
    body = revolve(vessel([(0.040, 0.0), (0.042, 0.01), (0.042, 0.095)], 0.005, 0.008))
    return body.joined(_handle(centre=(0.045, 0.0, 0.05), radius=0.027, tube=0.007))


def _handle(centre: tuple[float, float, float], radius: float, tube: float) -> Mesh:
    """Return half a torus in the x-z plane, open towards the axis."""
    arc = np.linspace(-np.pi / 2 - 0.25, np.pi / 2 + 0.25, 19)
    around = np.linspace(0.0, 2.0 * np.pi, 10, endpoint=False)
    distance = radius + tube * np.cos(around)[None, :]
    x = distance * np.cos(arc)[:, None]
    z = distance * np.sin(arc)[:, None]
    y = np.broadcast_to(tube * np.sin(around)[None, :], x.shape)
    vertices = np.stack([x, y, z], axis=-1).reshape(-1, 3) + np.array(centre)
    n = len(around)
    here = np.arange(n)
    there = (here + 1) % n
    faces = []
    for ring in range(len(arc) - 1):
        a, b = ring * n, (ring + 1) * n
        faces.append(np.column_stack([a + here, b + here, b + there]))
        faces.append(np.column_stack([a + here, b + there, a + there]))
    return Mesh(vertices, np.vstack(faces).astype(np.int32))


def _bowl() -> Mesh:
    arc = np.linspace(0.0, 1.25, 9)
    outer = [(0.028 + 0.052 * np.sin(a), 0.075 * (1.0 - np.cos(a))) for a in arc]
    return revolve(vessel(outer, 0.005, 0.006))


_CYLINDER = [(0.0, 0.0), (0.036, 0.0), (0.036, 0.11), (0.0, 0.11)]
_CONE = [(0.0, 0.0), (0.05, 0.0), (0.0, 0.13)]
_BOTTLE = [
    *((0.0, 0.0), (0.034, 0.0), (0.035, 0.01), (0.035, 0.12), (0.030, 0.145), (0.014, 0.17)),
    *((0.013, 0.20), (0.015, 0.202), (0.015, 0.215), (0.0, 0.215)),
]
_PLATE = [
    *((0.0, 0.0), (0.055, 0.0), (0.07, 0.006), (0.095, 0.018)),
    *((0.093, 0.021), (0.066, 0.010), (0.0, 0.009)),
]
SHAPES: Mapping[str, Shape] = {
    "box": Shape(_box(0.085, 0.085, 0.085), 0.060),
    "ball": Shape(_ball(), 0.042),
    "cylinder": Shape(revolve(_CYLINDER), 0.036),
    "cone": Shape(revolve(_CONE), 0.050),
    "mug": Shape(_mug(), 0.060),
    "bowl": Shape(_bowl(), 0.080),
    "bottle": Shape(revolve(_BOTTLE), 0.036),
    "plate": Shape(revolve(_PLATE), 0.095),
}

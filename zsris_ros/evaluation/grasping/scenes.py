"""Scenes to grasp and to place in: objects of the simulated tabletop, or household scenes.

World frame: the table top is z = 0, metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.convex_parts import ConvexPart, convex_parts
from zsris_ros.simulation.household.household_layout import PlacedModel, draw_household
from zsris_ros.simulation.household.model_library import ModelLibrary, describe
from zsris_ros.simulation.household.object_model import Surface
from zsris_ros.simulation.layout import COLOURS, Layout, PlacedObject, Viewpoint, draw_layout
from zsris_ros.simulation.render import render
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.types import ByteArray, Frame

DoubleArray = npt.NDArray[np.float64]

MASSES = 0.05, 0.5  # kilograms
_RADIUS = 0.20  # metres around the middle of the table in which objects stand
_GAPS = 0.008, 0.035  # metres between the discs that objects stand on
_SIZES: Mapping[str, tuple[float, float]] = {
    "box": (0.45, 0.72),
    "ball": (0.55, 0.82),
    "cylinder": (0.60, 0.95),
    "cone": (0.70, 1.05),
    "mug": (0.80, 1.05),
    "bowl": (0.75, 1.05),
    "bottle": (0.75, 1.00),
    "plate": (0.80, 1.05),
}
"""Scales of the tabletop's shapes that household objects of the kind have."""
_ROLES = {
    **dict.fromkeys(("mug", "bowl"), "container"),
    **dict.fromkeys(("plate", "box", "cylinder"), "support"),
}


@dataclass(frozen=True, eq=False)
class SceneObject:
    """One body: ``parts`` for contact, surfaces for the picture, both in the object's own frame.

    ``position`` and ``axes`` (3x3) place it in the world; ``mass`` in kilograms; ``kind`` groups
    results; ``role`` as in `ObjectModel`; furniture does not move. On a ``laden`` object lies
    another one.
    """

    name: str
    kind: str
    parts: tuple[ConvexPart, ...]
    surfaces: tuple[Surface, ...]
    mass: float
    position: DoubleArray
    axes: DoubleArray
    role: str = "object"
    laden: bool = False

    @property
    def vertices(self) -> DoubleArray:
        """The vertices of all surfaces, float64 Vx3, in the object's own frame."""
        return np.vstack([each.vertices for each in self.surfaces])


@dataclass(frozen=True, eq=False)
class SceneLayout:
    """Objects before they settle, and the pose of the camera.

    ``layout`` is set where the simulated tabletop draws the picture.
    """

    seed: int
    objects: tuple[SceneObject, ...]
    viewpoint: Viewpoint
    layout: Layout | None = None


def tabletop_layout(seed: int, count: int) -> SceneLayout:
    """Return a layout of ``count`` objects of the simulated tabletop, close together."""
    rng = np.random.default_rng([seed, 23])
    base = draw_layout(seed)
    names = list(SHAPES)
    palette = draw_palette(rng, count)
    placed: list[PlacedObject] = []
    while len(placed) < count:
        shape = names[int(rng.integers(len(names)))]
        size = rng.uniform(*_SIZES[shape])
        stretch = rng.uniform(0.75, 1.3, 3) if shape == "box" else np.ones(3)
        scale = tuple((size * stretch).tolist())
        radius = SHAPES[shape].radius * max(scale[:2])
        xy = _free_place(rng, [(each.xy, each.radius) for each in placed], radius)
        colour, rgb = palette[len(placed)]
        yaw = float(rng.uniform(0, 2 * np.pi))
        placed.append(PlacedObject(colour, shape, scale, xy, yaw, rgb))
    view = _viewpoint(rng)
    objects = tuple(_tabletop_object(each, rng) for each in placed)
    layout = replace(base, objects=tuple(placed), viewpoint=view)
    return SceneLayout(seed, objects, view, layout)


def draw_palette(
    rng: np.random.Generator, count: int
) -> list[tuple[str, tuple[float, float, float]]]:
    """Names and RGB of ``count`` colours, different ones as far as there are enough."""
    names = list(COLOURS)
    order = [names[i % len(names)] for i in rng.permutation(max(count, len(names)))]
    return [(name, COLOURS[name]) for name in order[:count]]


def tabletop_frame(scene: SceneLayout) -> tuple[Frame, ByteArray]:
    """Return the picture of the simulated tabletop and its labels (0 = no object)."""
    assert scene.layout is not None
    rendering = render(scene.layout)
    assert rendering.depth is not None
    return Frame(rendering.rgb, rendering.depth, rendering.intrinsics), rendering.labels


def household_layout(seed: int, count: int, library: ModelLibrary) -> SceneLayout:
    """Return a household scene of ``count`` objects in their true sizes, with a robot's camera.

    Furniture, and objects in or on others, as in `draw_household`.
    """
    drawn = draw_household(seed, library, count, true_sizes=True)
    rng = np.random.default_rng([seed, 29])
    objects = tuple(_household_object(each, drawn.objects, library, rng) for each in drawn.objects)
    x, y, _ = np.subtract(drawn.viewpoint.position, drawn.viewpoint.target)
    return SceneLayout(seed, objects, _viewpoint(rng, float(np.arctan2(y, x))))


def draw_scene(seed: int, count: int, library: ModelLibrary | None) -> SceneLayout:
    """Return the scene of a seed, of the library's models or, without one, of the tabletop's."""
    if library is None:
        return tabletop_layout(seed, count)
    return household_layout(seed, count, library)


def _viewpoint(rng: np.random.Generator, azimuth: float | None = None) -> Viewpoint:
    elevation, drawn = np.radians(rng.uniform(35, 62)), rng.uniform(0, 2 * np.pi)
    azimuth = drawn if azimuth is None else azimuth
    distance = rng.uniform(0.65, 0.9)
    x = distance * np.cos(elevation) * np.cos(azimuth)
    y = distance * np.cos(elevation) * np.sin(azimuth)
    return Viewpoint((float(x), float(y), float(distance * np.sin(elevation))), (0.0, 0.0, 0.03))


def _free_place(
    rng: np.random.Generator, discs: list[tuple[tuple[float, float], float]], radius: float
) -> tuple[float, float]:
    """Return a place within the radius beside the discs; the circle grows until there is one."""
    reach = _RADIUS if discs else 0.06
    while True:
        for _ in range(60):
            angle, distance = rng.uniform(0, 2 * np.pi), reach * np.sqrt(rng.random())
            x, y = float(distance * np.cos(angle)), float(distance * np.sin(angle))
            gap = rng.uniform(*_GAPS)
            if all(
                np.hypot(x - other[0], y - other[1]) > radius + size + gap for other, size in discs
            ):
                return x, y
        reach += 0.03


def _tabletop_object(placed: PlacedObject, rng: np.random.Generator) -> SceneObject:
    mesh = SHAPES[placed.shape].mesh
    scale = np.array(placed.scale)
    parts = tuple(
        ConvexPart(part.corners * scale, part.volume * float(scale.prod()), part.centroid * scale)
        for part in _shape_parts(placed.shape)
    )
    return SceneObject(
        name=placed.name,
        kind=placed.shape,
        parts=parts,
        surfaces=(Surface(mesh.vertices * scale, mesh.faces, rgba=(*placed.rgb, 1.0)),),
        mass=float(rng.uniform(*MASSES)),
        position=np.array([*placed.xy, 0.0]),
        axes=_turned(placed.yaw),
        role=_ROLES.get(placed.shape, "object"),
    )


def _household_object(
    placed: PlacedModel,
    others: tuple[PlacedModel, ...],
    library: ModelLibrary,
    rng: np.random.Generator,
) -> SceneObject:
    words = describe(placed.key, library)
    above = [each.position - placed.position for each in others]
    return SceneObject(
        name=words.name,
        kind=words.nouns[0].split()[-1],
        parts=placed.model.parts,
        surfaces=placed.model.surfaces,
        mass=float(rng.uniform(*MASSES)),
        position=placed.position,
        axes=_turned(placed.yaw),
        role=placed.model.role,
        laden=any(np.hypot(x, y) < 1e-6 and z > 0 for x, y, z in above),
    )


def _turned(yaw: float) -> DoubleArray:
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])


@cache
def _shape_parts(shape: str) -> tuple[ConvexPart, ...]:
    mesh = SHAPES[shape].mesh
    return tuple(convex_parts(mesh.vertices, mesh.faces))

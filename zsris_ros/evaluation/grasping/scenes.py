"""Scenes to grasp in: objects of the simulated tabletop, or scanned objects of a folder.

World frame: the table top is z = 0, metres.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.convex_parts import ConvexPart, convex_parts
from zsris_ros.simulation.household.folder_models import folder_model_names, read_obj
from zsris_ros.simulation.household.resting import hull_centroid, rests_on
from zsris_ros.simulation.layout import COLOURS, Layout, PlacedObject, Viewpoint, draw_layout
from zsris_ros.simulation.render import pinhole, render
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.types import ByteArray, Frame, Intrinsics

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


@dataclass(frozen=True, eq=False)
class SceneObject:
    """One body: ``parts`` for contact, mesh for the picture, both in the object's own frame.

    ``position`` and ``axes`` (3x3) place it in the world; ``mass`` in kilograms; ``kind`` groups
    results; ``rgb`` is the colour in pictures.
    """

    name: str
    kind: str
    parts: tuple[ConvexPart, ...]
    vertices: DoubleArray
    faces: npt.NDArray[np.int32]
    mass: float
    position: DoubleArray
    axes: DoubleArray
    rgb: tuple[float, float, float] = (0.6, 0.6, 0.6)


@dataclass(frozen=True, eq=False)
class SceneLayout:
    """Objects before they settle, and where the camera stands.

    ``layout`` is set where the simulated tabletop draws the picture.
    """

    seed: int
    objects: tuple[SceneObject, ...]
    viewpoint: Viewpoint
    layout: Layout | None = None


def tabletop_layout(seed: int, count: int) -> SceneLayout:
    """A layout of ``count`` objects of the simulated tabletop, close together."""
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
    """The picture of the simulated tabletop and its labels (0 = no object)."""
    assert scene.layout is not None
    rendering = render(scene.layout)
    assert rendering.depth is not None
    return Frame(rendering.rgb, rendering.depth, rendering.intrinsics), rendering.labels


def intrinsics_of(scene: SceneLayout, width: int, height: int) -> Intrinsics:
    """The pinhole camera of a picture: square pixels, principal point in the middle."""
    return pinhole(scene.viewpoint, width, height)


def scanned_layout(seed: int, count: int, folder: Path) -> SceneLayout:
    """A layout of ``count`` scanned objects that lie or stand on the table."""
    rng = np.random.default_rng([seed, 29])
    names = folder_model_names(folder)
    chosen = [names[i] for i in rng.choice(len(names), count, replace=len(names) < count)]
    objects: list[SceneObject] = []
    discs: list[tuple[tuple[float, float], float]] = []
    for name in chosen:
        scan = _scan(folder / name)
        axes = _stable_axes(scan.parts, rng)
        turned = scan.vertices @ axes.T
        centre = (turned[:, :2].min(axis=0) + turned[:, :2].max(axis=0)) / 2
        radius = float(np.linalg.norm(turned[:, :2] - centre, axis=1).max())
        xy = _free_place(rng, discs, radius)
        discs.append((xy, radius))
        position = np.array([xy[0] - centre[0], xy[1] - centre[1], 0.001 - turned[:, 2].min()])
        mass = float(rng.uniform(*MASSES))
        objects.append(replace(scan, mass=mass, position=position, axes=axes))
    return SceneLayout(seed, tuple(objects), _viewpoint(rng))


def _viewpoint(rng: np.random.Generator) -> Viewpoint:
    elevation, azimuth = np.radians(rng.uniform(35, 62)), rng.uniform(0, 2 * np.pi)
    distance = rng.uniform(0.65, 0.9)
    x = distance * np.cos(elevation) * np.cos(azimuth)
    y = distance * np.cos(elevation) * np.sin(azimuth)
    return Viewpoint((float(x), float(y), float(distance * np.sin(elevation))), (0.0, 0.0, 0.03))


def _free_place(
    rng: np.random.Generator, discs: list[tuple[tuple[float, float], float]], radius: float
) -> tuple[float, float]:
    """A place within the radius beside the discs; the circle grows until there is one."""
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
    cos, sin = np.cos(placed.yaw), np.sin(placed.yaw)
    return SceneObject(
        name=placed.name,
        kind=placed.shape,
        parts=parts,
        vertices=mesh.vertices * scale,
        faces=mesh.faces,
        mass=float(rng.uniform(*MASSES)),
        position=np.array([*placed.xy, 0.0]),
        axes=np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]]),
        rgb=placed.rgb,
    )


@cache
def _shape_parts(shape: str) -> tuple[ConvexPart, ...]:
    mesh = SHAPES[shape].mesh
    return tuple(convex_parts(mesh.vertices, mesh.faces))


@cache
def _scan(folder: Path) -> SceneObject:
    """A scanned object at its own origin; convex parts from ``collision*.obj`` where there are."""
    vertices, faces = read_obj(folder / "visual.obj")
    own = sorted(folder.glob("collision*.obj"))
    parts: list[ConvexPart] = []
    for path in own:
        parts.extend(convex_parts(*read_obj(path)))
    nouns = json.loads((folder / "object.json").read_text(encoding="utf-8")).get(
        "nouns", ["object"]
    )
    return SceneObject(
        name=folder.name,
        kind=str(nouns[0]).split()[-1],
        parts=tuple(parts or convex_parts(vertices, faces)),
        vertices=vertices,
        faces=faces,
        mass=0.1,
        position=np.zeros(3),
        axes=np.eye(3),
    )


def _stable_axes(parts: tuple[ConvexPart, ...], rng: np.random.Generator) -> DoubleArray:
    """A rotation that puts a stable face of the hull down, hollow objects with the opening up."""
    from scipy.spatial import ConvexHull

    corners = np.vstack([part.corners for part in parts])
    hull = ConvexHull(corners)
    volume = sum(part.volume for part in parts)
    centre = np.sum([part.volume * part.centroid for part in parts], axis=0) / volume
    void = (hull.volume * hull_centroid(hull, corners) - volume * centre) / max(
        hull.volume - volume, 1e-9
    )
    hollow = volume < 0.6 * hull.volume
    normals: list[DoubleArray] = []
    weights: list[float] = []
    for simplex, equation in zip(hull.simplices, hull.equations, strict=True):
        normal = equation[:3]
        a, b, c = corners[simplex]
        area = float(np.linalg.norm(np.cross(b - a, c - a))) / 2
        same = [i for i, other in enumerate(normals) if other @ normal > 0.995]
        if same:
            weights[same[0]] += area
        else:
            normals.append(normal)
            weights.append(area)
    scores = []
    for normal, weight in zip(normals, weights, strict=True):
        stable = rests_on(corners, normal, centre)
        upside_down = hollow and (void - centre) @ normal > 0.1 * np.linalg.norm(void - centre)
        scores.append(weight if stable and not upside_down else 0.0)
    chances = np.array(scores)
    if not chances.any():
        chances = np.array(weights)
    chances = np.where(chances < 0.2 * chances.max(), 0, chances)
    down = normals[int(rng.choice(len(normals), p=chances / chances.sum()))]
    x = np.cross(down, np.eye(3)[int(np.argmin(np.abs(down)))])
    x /= np.linalg.norm(x)
    level = np.stack([x, np.cross(-down, x), -down])
    turn = rng.uniform(0, 2 * np.pi)
    yaw = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    return np.asarray(yaw @ level)

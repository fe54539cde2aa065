"""Random layouts of tabletop scenes, deterministic by seed.

World frame: the table top is z = 0, in metres. ``Layout`` is the whole input of the renderer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.shapes import SHAPES

COLOURS: Mapping[str, tuple[float, float, float]] = {
    "red": (0.82, 0.08, 0.08),
    "orange": (0.98, 0.48, 0.04),
    "yellow": (0.95, 0.85, 0.10),
    "green": (0.10, 0.58, 0.16),
    "blue": (0.10, 0.25, 0.82),
    "purple": (0.48, 0.14, 0.62),
    "pink": (0.97, 0.52, 0.70),
    "white": (0.94, 0.94, 0.92),
    "black": (0.06, 0.06, 0.07),
}

TABLE_SIZE = (1.6, 1.2)
FIELD_OF_VIEW_DEG = 45.0


@dataclass(frozen=True)
class PlacedObject:
    """One object: its name is "<colour> <shape>"; ``xy`` in metres, ``yaw`` in radians."""

    colour: str
    shape: str
    scale: tuple[float, float, float]
    xy: tuple[float, float]
    yaw: float
    rgb: tuple[float, float, float]

    @property
    def name(self) -> str:
        """The name, such as "red mug"."""
        return f"{self.colour} {self.shape}"

    @property
    def radius(self) -> float:
        """Radius in metres of the disc that the object stands on."""
        return SHAPES[self.shape].radius * max(self.scale[:2])


@dataclass(frozen=True)
class Viewpoint:
    """A camera at ``position`` (world, metres) that looks at ``target`` with world z up."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    field_of_view_deg: float = FIELD_OF_VIEW_DEG

    def axes(self) -> npt.NDArray[np.float64]:
        """Return 3x3: the camera's right, down and forward axes in the world, one a row."""
        forward = np.subtract(self.target, self.position)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right = right / np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])


@dataclass(frozen=True)
class Light:
    """A directional light; ``strength`` is its diffuse intensity."""

    direction: tuple[float, float, float]
    strength: float
    shadow: bool


@dataclass(frozen=True)
class Layout:
    """Objects, viewpoint, lights and surfaces of one scene; colours are RGB in 0..1."""

    seed: int
    objects: tuple[PlacedObject, ...]
    viewpoint: Viewpoint
    lights: tuple[Light, ...]
    ambient: float
    table_rgb: tuple[float, float, float]
    table_texture: str
    floor_rgb: tuple[float, float, float]


def draw_layout(seed: int) -> Layout:
    """Draw a scene of 3 to 9 objects; a crowded table gets fewer."""
    rng = np.random.default_rng(seed)
    viewpoint = _draw_viewpoint(rng)
    table_rgb = _draw_table_colour(rng)
    return Layout(
        seed=seed,
        objects=_draw_objects(rng, viewpoint, int(rng.integers(3, 10))),
        viewpoint=viewpoint,
        lights=draw_lights(rng, int(rng.integers(1, 3))),
        ambient=float(rng.uniform(0.25, 0.5)),
        table_rgb=table_rgb,
        table_texture=str(rng.choice(["plain", "grain", "checker", "noise"])),
        floor_rgb=_triple(rng.uniform(0.1, 0.7, 3)),
    )


def vary(layout: Layout, rng: np.random.Generator) -> Layout:
    """Redraw colours, lights and viewpoint; shapes and positions stay."""
    objects = tuple(_recolour(rng, placed) for placed in layout.objects)
    lights = tuple(
        replace(drawn, shadow=light.shadow)
        for drawn, light in zip(draw_lights(rng, len(layout.lights)), layout.lights, strict=True)
    )
    return replace(layout, objects=objects, lights=lights, viewpoint=_draw_viewpoint(rng))


def _recolour(rng: np.random.Generator, placed: PlacedObject) -> PlacedObject:
    colour = list(COLOURS)[int(rng.integers(len(COLOURS)))]
    return replace(placed, colour=colour, rgb=_shade(rng, colour))


def _shade(rng: np.random.Generator, colour: str) -> tuple[float, float, float]:
    return _triple(np.clip(np.array(COLOURS[colour]) + rng.normal(0.0, 0.025, 3), 0.03, 1.0))


def _draw_viewpoint(rng: np.random.Generator) -> Viewpoint:
    elevation = np.deg2rad(rng.uniform(32.0, 62.0))
    azimuth = rng.uniform(0.0, 2.0 * np.pi)
    distance = rng.uniform(0.72, 1.05)
    target = np.array([*rng.uniform(-0.08, 0.08, 2), 0.03])
    offset = distance * _direction(elevation, azimuth)
    return Viewpoint(_triple(target + offset), _triple(target))


def _draw_objects(
    rng: np.random.Generator, viewpoint: Viewpoint, count: int
) -> tuple[PlacedObject, ...]:
    """Spread objects over the image; about a third of the objects repeat a shape or a colour."""
    names = [(c, s) for c in COLOURS for s in SHAPES]
    kinds = [names[i] for i in rng.choice(len(names), size=count, replace=False)]
    for later in range(1, count):
        if rng.random() < 0.30:
            colour, shape = kinds[int(rng.integers(later))]
            other = names[int(rng.integers(len(names)))]
            options = [(colour, shape), (other[0], shape), (colour, other[1])]
            kinds[later] = options[int(rng.integers(3))]
    placed: list[PlacedObject] = []
    for colour, shape in kinds:
        candidate = _place(rng, viewpoint, placed, colour, shape)
        if candidate is not None:
            placed.append(candidate)
    return tuple(placed)


def _place(
    rng: np.random.Generator,
    viewpoint: Viewpoint,
    placed: list[PlacedObject],
    colour: str,
    shape: str,
) -> PlacedObject | None:
    size = rng.uniform(0.75, 1.3)
    stretch = (
        rng.uniform(0.8, 1.25, 3) if shape == "box" else np.array([1, 1, rng.uniform(0.9, 1.1)])
    )
    if shape == "ball":
        stretch = np.ones(3)
    scale = _triple(size * stretch)
    rgb = _shade(rng, colour)
    yaw = float(rng.uniform(0.0, 2.0 * np.pi))
    for _ in range(60):
        xy = _table_point(viewpoint, rng.uniform(0.08, 0.92), rng.uniform(0.16, 0.90))
        candidate = PlacedObject(colour, shape, scale, xy, yaw, rgb)
        if fits(candidate, placed, gap=float(rng.uniform(0.004, 0.03))):
            return candidate
    return None


def _table_point(viewpoint: Viewpoint, u: float, v: float) -> tuple[float, float]:
    """Intersect the ray through the image point (u, v in 0..1, 4:3 aspect) with the table."""
    half = np.tan(np.deg2rad(viewpoint.field_of_view_deg) / 2.0)
    ray = np.array([(2.0 * u - 1.0) * half * 4.0 / 3.0, (2.0 * v - 1.0) * half, 1.0])
    direction = ray @ viewpoint.axes()
    position = np.array(viewpoint.position)
    point = position - direction * position[2] / direction[2]
    return float(point[0]), float(point[1])


def fits(candidate: PlacedObject, placed: Sequence[PlacedObject], gap: float) -> bool:
    """Return whether an object stands on the table, ``gap`` metres or more from the ``placed``."""
    x, y = candidate.xy
    r = candidate.radius
    if abs(x) + r > TABLE_SIZE[0] / 2 or abs(y) + r > TABLE_SIZE[1] / 2:
        return False
    return all(
        np.hypot(x - other.xy[0], y - other.xy[1]) > r + other.radius + gap for other in placed
    )


def _draw_table_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw wood, grey or a pale tint, less saturated than any object."""
    kind = rng.integers(3)
    value = rng.uniform(0.3, 0.8)
    if kind == 0:
        return _triple(value * np.array([1.0, rng.uniform(0.72, 0.85), rng.uniform(0.45, 0.65)]))
    if kind == 1:
        return _triple(value * rng.uniform(0.95, 1.0, 3))
    return _triple(value * rng.uniform(0.7, 1.0, 3))


def draw_lights(rng: np.random.Generator, count: int) -> tuple[Light, ...]:
    """Draw directional lights from above, each weaker than the one before."""
    lights = []
    for index in range(count):
        elevation = rng.uniform(0.7, 1.4)
        azimuth = rng.uniform(0.0, 2.0 * np.pi)
        strength = rng.uniform(0.4, 0.7) / (index + 1)
        direction = _triple(-_direction(elevation, azimuth))
        lights.append(Light(direction, float(strength), bool(rng.random() < 0.7)))
    return tuple(lights)


def _direction(elevation: float, azimuth: float) -> npt.NDArray[np.float64]:
    """Unit vector of two angles in radians."""
    across = np.cos(elevation)
    return np.array([across * np.cos(azimuth), across * np.sin(azimuth), np.sin(elevation)])


def _triple(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])

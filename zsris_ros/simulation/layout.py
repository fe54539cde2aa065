"""What stands where: the random layout of one tabletop scene, drawn from a seed.

World frame: the table top is z = 0, metres. Everything a renderer needs is in ``Layout``; the same
seed gives the same layout.
"""

from __future__ import annotations

from collections.abc import Mapping
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
        return f"{self.colour} {self.shape}"

    @property
    def radius(self) -> float:
        return SHAPES[self.shape].radius * max(self.scale[:2])


@dataclass(frozen=True)
class Viewpoint:
    """A camera at ``position`` (world, metres) that looks at ``target`` with world z up."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    field_of_view_deg: float = FIELD_OF_VIEW_DEG

    def axes(self) -> npt.NDArray[np.float64]:
        """3x3: rows are the camera's right, down and forward in the world."""
        forward = np.subtract(self.target, self.position)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right = right / np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])


@dataclass(frozen=True)
class Light:
    direction: tuple[float, float, float]
    strength: float
    shadow: bool


@dataclass(frozen=True)
class Layout:
    seed: int
    objects: tuple[PlacedObject, ...]
    viewpoint: Viewpoint
    lights: tuple[Light, ...]
    ambient: float
    table_rgb: tuple[float, float, float]
    table_texture: str
    floor_rgb: tuple[float, float, float]


def draw_layout(seed: int) -> Layout:
    """Draw a scene of 3-9 objects. Raises nothing: a crowded table just gets fewer objects."""
    rng = np.random.default_rng(seed)
    viewpoint = _draw_viewpoint(rng)
    table_rgb = _draw_table_colour(rng)
    return Layout(
        seed=seed,
        objects=_draw_objects(rng, viewpoint, int(rng.integers(3, 10))),
        viewpoint=viewpoint,
        lights=_draw_lights(rng, int(rng.integers(1, 3))),
        ambient=float(rng.uniform(0.25, 0.5)),
        table_rgb=table_rgb,
        table_texture=str(rng.choice(["plain", "grain", "checker", "noise"])),
        floor_rgb=_triple(rng.uniform(0.1, 0.7, 3)),
    )


def vary(layout: Layout, rng: np.random.Generator) -> Layout:
    """The same shapes in the same places under other colours, lights and another viewpoint."""
    names = list(COLOURS)
    objects = tuple(_recolour(rng, placed, names) for placed in layout.objects)
    lights = tuple(
        replace(drawn, shadow=light.shadow)
        for drawn, light in zip(_draw_lights(rng, len(layout.lights)), layout.lights, strict=True)
    )
    return replace(layout, objects=objects, lights=lights, viewpoint=_draw_viewpoint(rng))


def _recolour(rng: np.random.Generator, placed: PlacedObject, names: list[str]) -> PlacedObject:
    colour = names[int(rng.integers(len(names)))]
    return replace(placed, colour=colour, rgb=_shade(rng, colour))


def _shade(rng: np.random.Generator, colour: str) -> tuple[float, float, float]:
    return _triple(np.clip(np.array(COLOURS[colour]) + rng.normal(0.0, 0.025, 3), 0.03, 1.0))


def _draw_viewpoint(rng: np.random.Generator) -> Viewpoint:
    elevation = np.deg2rad(rng.uniform(32.0, 62.0))
    azimuth = rng.uniform(0.0, 2.0 * np.pi)
    distance = rng.uniform(0.72, 1.05)
    target = np.array([*rng.uniform(-0.08, 0.08, 2), 0.03])
    offset = distance * np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    return Viewpoint(_triple(target + offset), _triple(target))


def _draw_objects(
    rng: np.random.Generator, viewpoint: Viewpoint, count: int
) -> tuple[PlacedObject, ...]:
    """Spread objects over the picture; about a third of the scenes repeat a kind or a colour."""
    names = [(c, s) for c in COLOURS for s in SHAPES]
    kinds = [names[i] for i in rng.choice(len(names), size=count, replace=False)]
    for later in range(1, count):
        if rng.random() < 0.30:
            colour, shape = kinds[int(rng.integers(later))]
            other = names[int(rng.integers(len(names)))]
            kinds[later] = [(colour, shape), (other[0], shape), (colour, other[1])][
                int(rng.integers(3))
            ]
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
        if _fits(candidate, placed, gap=float(rng.uniform(0.004, 0.03))):
            return candidate
    return None


def _table_point(viewpoint: Viewpoint, u: float, v: float) -> tuple[float, float]:
    """Where the ray through the picture point (u, v in 0..1, 4:3 aspect) meets the table."""
    half = np.tan(np.deg2rad(viewpoint.field_of_view_deg) / 2.0)
    ray = np.array([(2.0 * u - 1.0) * half * 4.0 / 3.0, (2.0 * v - 1.0) * half, 1.0])
    direction = ray @ viewpoint.axes()
    position = np.array(viewpoint.position)
    point = position - direction * position[2] / direction[2]
    return float(point[0]), float(point[1])


def _fits(candidate: PlacedObject, placed: list[PlacedObject], gap: float) -> bool:
    x, y = candidate.xy
    r = candidate.radius
    if abs(x) + r > TABLE_SIZE[0] / 2 or abs(y) + r > TABLE_SIZE[1] / 2:
        return False
    return all(
        np.hypot(x - other.xy[0], y - other.xy[1]) > r + other.radius + gap for other in placed
    )


def _draw_table_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """Wood, grey or a washed-out tint: never as saturated as an object."""
    kind = rng.integers(3)
    value = rng.uniform(0.3, 0.8)
    if kind == 0:
        return _triple(value * np.array([1.0, rng.uniform(0.72, 0.85), rng.uniform(0.45, 0.65)]))
    if kind == 1:
        return _triple(value * rng.uniform(0.95, 1.0, 3))
    return _triple(value * rng.uniform(0.7, 1.0, 3))


def _draw_lights(rng: np.random.Generator, count: int) -> tuple[Light, ...]:
    lights = []
    for index in range(count):
        elevation = rng.uniform(0.7, 1.4)
        azimuth = rng.uniform(0.0, 2.0 * np.pi)
        direction = (
            -np.cos(elevation) * np.cos(azimuth),
            -np.cos(elevation) * np.sin(azimuth),
            -np.sin(elevation),
        )
        strength = rng.uniform(0.4, 0.7) / (index + 1)
        lights.append(
            Light(_triple(np.array(direction)), float(strength), bool(rng.random() < 0.7))
        )
    return tuple(lights)


def _triple(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])

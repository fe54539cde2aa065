"""Random household scenes before they settle, deterministic by seed.

World frame: the support (a table, a counter, a shelf) is z = 0, metres, z up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.household.model_library import ModelLibrary, key_of
from zsris_ros.simulation.household.object_model import (
    PAINTS,
    ObjectModel,
    painted,
    shade_of,
    transformed,
)
from zsris_ros.simulation.layout import Light, Viewpoint, draw_lights

DoubleArray = npt.NDArray[np.float64]

LEAST_OBJECTS, MOST_OBJECTS = 4, 14
ELEVATION_DEG, DISTANCE_M, FIELD_OF_VIEW_DEG = (30.0, 75.0), (0.5, 1.6), (38.0, 60.0)
_REPEATED, _PAINTED, _LYING, _STACKED, _FURNISHED = 0.25, 0.3, 0.3, 0.35, 0.45
"""Chances: an object repeats an earlier one's model; a model is painted; one that may lie is not
upright; an object is dropped into or onto another; a piece of furniture stands there."""
_GAP = (0.004, 0.05)  # metres between the discs that objects stand on
_DROP = 0.004  # metres above the support at the start


@dataclass(frozen=True, eq=False)
class PlacedModel:
    """A model in its starting pose: ``position`` float64 3 metres, ``yaw`` radians.

    ``key`` names it in a training set; ``fixed`` ones don't move; ``inverted`` containers start
    with the opening down.
    """

    model: ObjectModel
    key: str
    position: DoubleArray
    yaw: float
    fixed: bool = False
    inverted: bool = False


@dataclass(frozen=True)
class Surroundings:
    """Table, floor, wall and a robot's arm around the objects.

    Colours are RGB in 0..1; ``textures`` are indices drawn for table, floor and wall; ``wall_m`` is
    the wall's distance, None without one.
    """

    table_rgb: tuple[float, float, float]
    floor_rgb: tuple[float, float, float]
    wall_rgb: tuple[float, float, float]
    textures: tuple[int, int, int]
    table_half_m: tuple[float, float]
    wall_m: float | None
    arm: bool


@dataclass(frozen=True, eq=False)
class HouseholdLayout:
    """Everything that a renderer needs; the objects still have to settle."""

    seed: int
    objects: tuple[PlacedModel, ...]
    viewpoint: Viewpoint
    lights: tuple[Light, ...]
    ambient: float
    surroundings: Surroundings


def draw_household(
    seed: int,
    library: ModelLibrary,
    count: int | None = None,
    true_sizes: bool = False,
    inverted: float = 0.0,
) -> HouseholdLayout:
    """Draw a scene of 4 to 14 objects (or ``count``) and, in some, a piece of furniture.

    Sizes vary by about a tenth, except with ``true_sizes``. ``inverted`` is the share of containers
    that stand upside down; nothing is put into these.
    """
    rng = np.random.default_rng([seed, 41])
    count = count or int(rng.integers(LEAST_OBJECTS, MOST_OBJECTS + 1))
    viewpoint = draw_viewpoint(rng)
    return HouseholdLayout(
        seed=seed,
        objects=_draw_objects(rng, library, count, viewpoint, true_sizes, inverted),
        viewpoint=viewpoint,
        lights=draw_lights(rng, int(rng.integers(1, 3))),
        ambient=float(rng.uniform(0.2, 0.45)),
        surroundings=_draw_surroundings(rng),
    )


def vary_household(layout: HouseholdLayout, rng: np.random.Generator) -> HouseholdLayout:
    """Redraw lights and viewpoint; the objects stay."""
    lights = tuple(
        replace(drawn, shadow=light.shadow)
        for drawn, light in zip(draw_lights(rng, len(layout.lights)), layout.lights, strict=True)
    )
    return replace(layout, lights=lights, viewpoint=draw_viewpoint(rng))


def draw_viewpoint(rng: np.random.Generator) -> Viewpoint:
    """Draw a camera that looks at the middle of the scene."""
    elevation, azimuth = np.deg2rad(rng.uniform(*ELEVATION_DEG)), rng.uniform(0, 2 * np.pi)
    field = float(rng.uniform(*FIELD_OF_VIEW_DEG))
    # A wide lens stands closer, so that the objects are seen.
    reach = rng.uniform(*DISTANCE_M)
    level, height = np.cos(elevation) * reach, np.sin(elevation) * reach
    target = np.array([*rng.uniform(-0.08, 0.08, 2), 0.03])
    offset = np.array([level * np.cos(azimuth), level * np.sin(azimuth), height])
    return Viewpoint(_triple(target + offset), _triple(target), field)


def _draw_surroundings(rng: np.random.Generator) -> Surroundings:
    return Surroundings(
        table_rgb=_draw_surface_colour(rng),
        floor_rgb=_draw_surface_colour(rng),
        wall_rgb=_draw_surface_colour(rng),
        textures=(int(rng.integers(1000)), int(rng.integers(1000)), int(rng.integers(1000))),
        table_half_m=(float(rng.uniform(0.4, 1.0)), float(rng.uniform(0.35, 0.8))),
        wall_m=float(rng.uniform(0.6, 2.0)) if rng.random() < 0.6 else None,
        arm=bool(rng.random() < 0.5),
    )


def _draw_surface_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw wood, grey, white or a pale tint."""
    kind, value = int(rng.integers(4)), float(rng.uniform(0.25, 0.9))
    if kind == 0:
        wood = np.array([1.0, rng.uniform(0.65, 0.85), rng.uniform(0.4, 0.65)])
        return _triple(value * wood)
    if kind == 1:
        return _triple(value * rng.uniform(0.95, 1.0, 3))
    if kind == 2:
        return _triple(rng.uniform(0.8, 0.98) * np.ones(3))
    return _triple(value * rng.uniform(0.6, 1.0, 3))


def _draw_objects(
    rng: np.random.Generator,
    library: ModelLibrary,
    count: int,
    viewpoint: Viewpoint,
    true_sizes: bool,
    inverted: float,
) -> tuple[PlacedModel, ...]:
    turned = rng.spawn(1)[0]  # a stream of its own
    furniture = [name for name in library.names if library.get(name).role == "furniture"]
    others = [name for name in library.names if library.get(name).role != "furniture"]
    placed: list[PlacedModel] = []
    if furniture and rng.random() < _FURNISHED:
        model, key = _draw_model(rng, library, str(rng.choice(furniture)), true_sizes)
        away = _away_from(viewpoint) * rng.uniform(0.12, 0.3)
        side = np.array([-away[1], away[0]]) * rng.uniform(-1.2, 1.2)
        position = np.array([*(away + side), 0.0])
        placed.append(PlacedModel(model, key, position, float(rng.uniform(0, 2 * np.pi)), True))
    drawn: list[str] = []
    for _ in range(count):
        repeat = drawn and rng.random() < _REPEATED
        name = str(rng.choice(drawn if repeat else others))
        drawn.append(name)
        model, key = _draw_model(rng, library, name, true_sizes)
        upside_down = turned.random() < inverted and model.role == "container"
        if upside_down:
            model = replace(transformed(model, np.diag([1.0, -1.0, -1.0])), role="object")
        each = _drop(rng, placed, model, key) or _stand(rng, placed, model, key)
        if each is not None:
            placed.append(replace(each, inverted=upside_down))
    return tuple(placed)


def _draw_model(
    rng: np.random.Generator, library: ModelLibrary, name: str, true_size: bool
) -> tuple[ObjectModel, str]:
    """Return a model in a size, a colour and a posture of its own, and its key."""
    model = library.get(name)
    if model.role == "furniture":
        poses = library.poses(name)
        model = poses[int(rng.integers(len(poses)))]
    if not model.upright and rng.random() < _LYING:
        axes = library.resting(name)
        chances = np.array([chance for _, chance in axes])
        model = transformed(model, axes[int(rng.choice(len(axes), p=chances))][0])
    size = rng.uniform(0.88, 1.14) * np.exp(rng.normal(0, 0.06, 3))
    model = transformed(model, np.diag(np.ones(3) if true_size else size))
    colourless = not model.description.colours
    colour = None
    if model.paintable and (colourless or rng.random() < _PAINTED):
        colour = str(rng.choice(PAINTS))
        model = painted(model, colour, shade_of(colour, rng))
    return model, key_of(name, colour)


def _stand(
    rng: np.random.Generator, placed: list[PlacedModel], model: ObjectModel, key: str
) -> PlacedModel | None:
    """Return the model at a free place of the support; the circle of places grows."""
    reach = 0.14
    discs = [(each.position, each.model.radius) for each in placed if each.position[2] < 0.01]
    for _ in range(80):
        angle, distance = rng.uniform(0, 2 * np.pi), reach * np.sqrt(rng.random())
        place = np.array([distance * np.cos(angle), distance * np.sin(angle), _DROP])
        gap = rng.uniform(*_GAP)
        if all(
            np.hypot(*(place - other)[:2]) > model.radius + radius + gap for other, radius in discs
        ):
            return PlacedModel(model, key, place, float(rng.uniform(0, 2 * np.pi)))
        reach = min(reach + 0.006, 0.45)
    return None


def _drop(
    rng: np.random.Generator, placed: list[PlacedModel], model: ObjectModel, key: str
) -> PlacedModel | None:
    """Return the model above one that holds it, or None."""
    if model.role == "furniture" or rng.random() > _STACKED:
        return None
    holders = [
        each
        for each in placed
        if (each.model.role in ("container", "support") and model.radius < 0.85 * each.model.radius)
        or (each.model.role == "furniture" and model.radius < 0.6 * each.model.radius)
    ]
    if not holders:
        return None
    holder = holders[int(rng.integers(len(holders)))]
    taken = [each for each in placed if np.hypot(*(each.position - holder.position)[:2]) < 1e-6]
    if len(taken) > 1:
        return None
    lift = holder.model.height if holder.model.role != "container" else 0.6 * holder.model.height
    place = holder.position + np.array([0.0, 0.0, lift + 2 * _DROP])
    return PlacedModel(model, key, place, float(rng.uniform(0, 2 * np.pi)))


def _away_from(viewpoint: Viewpoint) -> DoubleArray:
    """Return the level unit vector from the camera to the scene, float64 2."""
    level = np.subtract(viewpoint.target, viewpoint.position)[:2]
    return np.asarray(level / max(float(np.linalg.norm(level)), 1e-9))


def _triple(values: DoubleArray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])

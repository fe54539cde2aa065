"""Instructions about a simulated scene, drawn such that a place for the object exists.

A place exists where the true geometry shows one: at least one of the spots that a destination means
is in the picture and lets the object stand without touching anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zsris_ros.evaluation.placing.placement_simulation import (
    TABLE,
    DoubleArray,
    PlacementSimulation,
)
from zsris_ros.types import ByteArray, DestinationKind, Intrinsics

VISIBLE_PX = 400
"""Least visible pixels of an object that is named."""

LIFT = 0.002
"""Metres over the place point at which contacts are judged."""
DIP = 0.01
"""Metres that an object is lowered into an opening."""

HOLDERS: dict[DestinationKind, str] = {"on": "support", "inside": "container"}
"""Roles of objects that others are put on and into."""

_WORDS: dict[DestinationKind, str] = {
    "on": "on", "inside": "in", "left_of": "to the left of", "right_of": "to the right of",
    "in_front_of": "in front of", "behind": "behind", "next_to": "next to", "between": "between",
}  # fmt: skip
KINDS = tuple(_WORDS)

_DIRECTIONS: dict[DestinationKind, tuple[float, float]] = {
    "left_of": (-1.0, 0.0), "right_of": (1.0, 0.0),
    "in_front_of": (0.0, -1.0), "behind": (0.0, 1.0),
}  # fmt: skip
_SECTOR = np.cos(np.radians(45.0))
_REACH = 0.45
_NEAR = 0.15
"""Largest gap of "next to" in metres."""
_ROOM = 0.012
"""Metres around the object that a spot of a drawn instruction keeps free."""
_RIM = 0.1
"""Share of a container's height that is its rim."""
_TRIES, _SPOTS = 12, 60


@dataclass(frozen=True)
class PlaceTask:
    """One instruction and its truth.

    Attributes:
        kind: The destination.
        text: The instruction.
        carried: The index of the object that moves.
        anchors: The indices of the objects that give the place; () for the table.
        support: The index of the object that the place is on or in, or TABLE.
    """

    kind: DestinationKind
    text: str
    carried: int
    anchors: tuple[int, ...]
    support: int


def draw_tasks(
    simulation: PlacementSimulation,
    labels: ByteArray,
    intrinsics: Intrinsics,
    rng: np.random.Generator,
) -> Iterator[PlaceTask]:
    """Yield one instruction of each kind for which the scene has a place.

    Args:
        simulation: The scene.
        labels: Uint8 HxW, 0 no object, k object k-1.
        intrinsics: Of the picture.
        rng: Draws objects and spots.
    """
    names = [each.name for each in simulation.scene.objects]
    named = [
        index
        for index, name in enumerate(names)
        if np.count_nonzero(labels == index + 1) >= VISIBLE_PX and names.count(name) == 1
    ]
    for kind in KINDS:
        for _ in range(_TRIES):
            task = _draw(simulation, kind, named, rng)
            if task is not None and _has_place(simulation, task, labels, intrinsics, rng):
                yield task
                break


def _draw(
    simulation: PlacementSimulation,
    kind: DestinationKind,
    named: list[int],
    rng: np.random.Generator,
) -> PlaceTask | None:
    objects = simulation.scene.objects
    count = 2 if kind == "between" else 1
    if len(named) <= count:
        return None
    carried, *anchors = (int(index) for index in rng.permutation(named)[: count + 1])
    if objects[carried].role == "furniture" or objects[carried].laden:
        return None
    support = TABLE
    if kind == "on" and rng.random() < 0.25:
        anchors = []
    elif kind in ("on", "inside"):
        if objects[anchors[0]].role != HOLDERS[kind]:
            return None
        support = anchors[0]
    place = " and ".join(f"the {objects[index].name}" for index in anchors) or "the table"
    text = f"put the {objects[carried].name} {_WORDS[kind]} {place}"
    return PlaceTask(kind, text, carried, tuple(anchors), support)


def is_related(simulation: PlacementSimulation, task: PlaceTask, spot: DoubleArray) -> bool:
    """Return whether a spot of the support (x, y) is where the destination says."""
    if task.kind in ("on", "inside"):
        return True  # the support says it
    first = simulation.middles[task.anchors[0]]
    offset = spot - first
    away = float(np.linalg.norm(offset))
    if task.kind == "between":
        apart = simulation.middles[task.anchors[1]] - first
        length = float(np.linalg.norm(apart))
        along = float(offset @ apart) / length
        aside = float(np.sqrt(max(away**2 - along**2, 0.0)))
        return 0.1 * length < along < 0.9 * length and aside < max(0.4 * length, 0.05)
    if task.kind == "next_to":
        return away - simulation.radii[task.anchors[0]] - simulation.radii[task.carried] < _NEAR
    right, _, forward = simulation.scene.viewpoint.axes()
    level = forward[:2] / np.linalg.norm(forward[:2])
    across, onward = _DIRECTIONS[task.kind]
    along = float(offset @ (across * right[:2] + onward * level))
    return along > _SECTOR * away and away < _REACH


def _has_place(
    simulation: PlacementSimulation,
    task: PlaceTask,
    labels: ByteArray,
    intrinsics: Intrinsics,
    rng: np.random.Generator,
) -> bool:
    """Return whether one of the spots that the destination means is seen and free."""
    if task.kind == "inside":
        axis = _opening(simulation, task.support)
        height = float(simulation.tops[task.support]) - DIP
        return not simulation.touched(task.carried, axis, height)
    for spot in _spots(simulation, task, rng):
        on, height = simulation.below(spot, task.carried)
        if on != task.support or not is_related(simulation, task, spot):
            continue
        around = _ring(spot, simulation.radii[task.carried] + _ROOM) if on == TABLE else [spot]
        seen = all(_is_seen(simulation, each, height, on, labels, intrinsics) for each in around)
        if seen and not set(simulation.touched(task.carried, spot, height + LIFT)) - {on}:
            return True
    return False


def _opening(simulation: PlacementSimulation, container: int) -> DoubleArray:
    """Return the middle of a container's rim: a handle below it moves the middle of the whole."""
    each = simulation.scene.objects[container]
    corners = each.vertices @ each.axes.T + each.position
    low, high = corners[:, 2].min(), corners[:, 2].max()
    rim = corners[corners[:, 2] > high - _RIM * (high - low), :2]
    return np.asarray((rim.min(axis=0) + rim.max(axis=0)) / 2)


def _spots(
    simulation: PlacementSimulation, task: PlaceTask, rng: np.random.Generator
) -> Iterator[DoubleArray]:
    if task.support != TABLE:
        middle, reach = simulation.middles[task.support], simulation.radii[task.support] / 2
        yield middle
    elif task.anchors:
        middle, reach = simulation.middles[list(task.anchors)].mean(axis=0), _REACH
    else:
        middle, reach = np.zeros(2), _REACH
    for _ in range(_SPOTS):
        angle, distance = rng.uniform(0, 2 * np.pi), reach * np.sqrt(rng.random())
        yield middle + distance * np.array([np.cos(angle), np.sin(angle)])


def _ring(spot: DoubleArray, radius: float) -> list[DoubleArray]:
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    around = [spot + radius * np.array([np.cos(a), np.sin(a)]) for a in angles]
    return [spot, *around]


def _is_seen(
    simulation: PlacementSimulation,
    spot: DoubleArray,
    height: float,
    on: int,
    labels: ByteArray,
    intrinsics: Intrinsics,
) -> bool:
    """Return whether the picture shows the surface at a spot."""
    view = simulation.scene.viewpoint
    x, y, z = view.axes() @ (np.array([*spot, height]) - np.asarray(view.position))
    column = round(intrinsics.fx * x / z + intrinsics.cx)
    row = round(intrinsics.fy * y / z + intrinsics.cy)
    inside = 0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]
    return inside and int(labels[row, column]) == on + 1

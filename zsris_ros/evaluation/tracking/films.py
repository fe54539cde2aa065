"""Films of two equal objects on a table: one layout of the simulation for each frame.

Positions are in the directions of the camera: across (to its right) and along (away from it), in
radii of the object, around the middle of the view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.layout import Layout, PlacedObject, draw_layout

FRAMES = 16
"""Frames of a film. The object moves a third to half of its length between two of them."""

TARGET, TWIN = 0, 1
"""The first two objects of each layout: the tracked one and its equal."""

AWAY = 50.0
"""Radii across at which an object that was removed is out of view."""

_MAX_BYSTANDERS = 3
_REMOVED_FROM = 0.3  # share of the film
_REPLACED_FROM = 0.6

Path = Callable[[float], tuple[float, float]]
"""A position, across and along, at a share of the film, 0 to 1."""


def _crossing(across: float, along: float) -> Path:
    return lambda t: ((2 * t - 1) * across, along)


def _standing(across: float, along: float) -> Path:
    return lambda t: (across, along)


def _removed(t: float) -> tuple[float, float]:
    return (0.0 if t < _REMOVED_FROM else AWAY), 0.0


def _replacing(t: float) -> tuple[float, float]:
    """Stand beside the target, and move to its place after its removal."""
    return 3.0 * (1 - max(0.0, t - _REPLACED_FROM) / (1 - _REPLACED_FROM)), 0.0


FILMS: Mapping[str, tuple[Path, Path]] = {
    "pass each other, apart": (_crossing(3.0, -2.2), _crossing(-3.0, 2.2)),
    "the twin passes in front": (_standing(0.0, 1.2), _crossing(3.0, -1.2)),
    "passes behind the twin": (_crossing(3.0, 1.2), _standing(0.0, -1.2)),
    "cross in the line of sight": (_crossing(3.0, 1.2), _crossing(-3.0, -1.2)),
    "is removed": (_removed, _standing(3.0, 0.0)),
    "is removed, the twin takes its place": (_removed, _replacing),
}
"""The paths of target and twin by the name of the film."""


def film(name: str, seed: int, frames: int = FRAMES) -> Iterator[Layout]:
    """Yield the layouts of a film; shape, colours, viewpoint and bystanders depend on the seed."""
    layout = draw_layout(seed)
    target = layout.objects[0]
    paths = FILMS[name]
    places = np.array(
        [
            [_on_table(layout, path(t), target.radius) for path in paths]
            for t in np.linspace(0.0, 1.0, frames)
        ]
    )
    bystanders = [
        each
        for each in layout.objects[1:]
        if each.name != target.name and _is_clear(each, places.reshape(-1, 2), target.radius)
    ]
    for at_target, at_twin in places.tolist():
        equal = [replace(target, xy=tuple(xy)) for xy in (at_target, at_twin)]
        yield replace(layout, objects=(*equal, *bystanders[:_MAX_BYSTANDERS]))


def _on_table(layout: Layout, place: tuple[float, float], radius: float) -> npt.NDArray[np.float64]:
    """Return the world's x and y of a position."""
    right, _, forward = layout.viewpoint.axes()[:, :2]
    middle = np.asarray(layout.viewpoint.target[:2])
    across, along = np.asarray(place) * radius
    return np.asarray(middle + across * right + along * forward / np.linalg.norm(forward))


def _is_clear(bystander: PlacedObject, places: npt.NDArray[np.float64], radius: float) -> bool:
    distances = np.linalg.norm(places - np.asarray(bystander.xy), axis=1)
    return bool(distances.min() > bystander.radius + 1.2 * radius)

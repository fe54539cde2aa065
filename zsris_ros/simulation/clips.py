"""Short videos of simulated scenes: the camera goes around them and objects move, by seed.

Time runs as between two annotated frames of Ref-YouTube-VOS, six a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.household.household_layout import draw_household
from zsris_ros.simulation.household.household_render import HouseholdRenderer
from zsris_ros.simulation.household.household_scene import scene_of
from zsris_ros.simulation.household.model_library import ModelLibrary
from zsris_ros.simulation.layout import Layout, Viewpoint, draw_layout, fits
from zsris_ros.simulation.render import LayoutRenderer
from zsris_ros.simulation.tabletop import TabletopScene, scene_of_layout

SECONDS = 1 / 6
"""Time between two frames."""

_TURN_DEG, _REACH = (3.0, 20.0), (0.9, 1.1)
"""Angle that the camera goes around the scene in a whole video; its last distance by its first."""
_SPEED = (0.06, 0.2)  # metres a second of a moving object
_MOVERS = 2
_GAP = 0.004  # metres between an object of the tabletop and one that moves past it


def tabletop_clip(
    seed: int, frames: int, width: int = 640, height: int = 480
) -> list[TabletopScene]:
    """Render the frames of a tabletop. Raises RenderingUnavailable without MuJoCo or OpenGL."""
    layouts = list(moving_layouts(seed, frames))
    with LayoutRenderer(layouts[0], width, height) as renderer:
        return [scene_of_layout(each, renderer.render(each)) for each in layouts]


def household_clip(
    seed: int, library: ModelLibrary, frames: int, width: int = 640, height: int = 480
) -> list[TabletopScene]:
    """Render the frames of a household. Raises RenderingUnavailable without MuJoCo or OpenGL.

    Physics moves the objects that lie in or in front of a moving object.
    """
    layout = draw_household(seed, library)
    rng = np.random.default_rng([seed, 59])
    path = _camera_path(layout.viewpoint, rng, frames)
    loose = [index for index, each in enumerate(layout.objects) if not each.fixed]
    velocities = _draw_velocities(rng, loose)
    scenes = []
    with HouseholdRenderer(layout, width, height) as renderer:
        for viewpoint in path:
            seen = replace(layout, viewpoint=viewpoint)
            scenes.append(scene_of(seed, library, seen, renderer.render(seen), renderer.poses()))
            renderer.push(velocities, SECONDS)
    return scenes


def moving_layouts(seed: int, frames: int) -> Iterator[Layout]:
    """Yield the layouts of a tabletop; an object that would touch another one waits."""
    layout = draw_layout(seed)
    rng = np.random.default_rng([seed, 59])
    path = _camera_path(layout.viewpoint, rng, frames)
    velocities = _draw_velocities(rng, list(range(len(layout.objects))))
    objects = list(layout.objects)
    for viewpoint in path:
        yield replace(layout, objects=tuple(objects), viewpoint=viewpoint)
        for index, velocity in velocities.items():
            x, y = np.add(objects[index].xy, velocity * SECONDS).tolist()
            moved = replace(objects[index], xy=(x, y))
            if fits(moved, objects[:index] + objects[index + 1 :], _GAP):
                objects[index] = moved


def _camera_path(view: Viewpoint, rng: np.random.Generator, frames: int) -> list[Viewpoint]:
    """Return viewpoints on a smooth way around the middle of the view."""
    turn = np.deg2rad(rng.uniform(*_TURN_DEG)) * rng.choice([-1, 1])
    reach = rng.uniform(*_REACH)
    offset = np.subtract(view.position, view.target)
    path = []
    for share in np.linspace(0.0, 1.0, frames):
        cosine, sine = np.cos(share * turn), np.sin(share * turn)
        turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ offset
        x, y, z = (view.target + turned * (1 + share * (reach - 1))).tolist()
        path.append(replace(view, position=(x, y, z)))
    return path


def _draw_velocities(
    rng: np.random.Generator, objects: list[int]
) -> dict[int, npt.NDArray[np.float64]]:
    """Draw level velocities, float64 2 in metres a second, of some of the objects."""
    moving = rng.permutation(objects)[:_MOVERS]
    velocities = {}
    for index in moving.tolist():
        angle = rng.uniform(0, 2 * np.pi)
        velocities[index] = rng.uniform(*_SPEED) * np.array([np.cos(angle), np.sin(angle)])
    return velocities

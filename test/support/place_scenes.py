"""Random ray-cast tabletops, and the check of place points by their true geometry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from support.depth_scenes import Box, look, on_table
from zsris_ros.types import Frame, PlacePoint

EYE = (0.0, -0.75, 0.6)
LOW_EYE = (0.0, -0.9, 0.3)


@dataclass(frozen=True, eq=False)
class PlaceScene:
    """A frame with the true boxes and masks.

    ``support`` is the index of a low wide box, ``carried`` of a small one.
    """

    frame: Frame
    masks: np.ndarray
    boxes: tuple[Box, ...]
    support: int = 0
    carried: int = 1


@cache
def random_scene(seed: int, items: int = 5) -> PlaceScene:
    """A tray, a carried box and ``items`` more boxes that stand apart on the table."""
    rng = np.random.default_rng(seed)
    sizes = [(rng.uniform(0.18, 0.26), rng.uniform(0.14, 0.2), rng.uniform(0.015, 0.05))]
    sizes += [tuple(rng.uniform((0.03, 0.03, 0.03), (0.06, 0.06, 0.1))) for _ in range(items + 1)]
    boxes: list[Box] = []
    for size in sizes:
        for _ in range(1000):
            x, y = rng.uniform((-0.35, -0.2), (0.35, 0.25))
            if all(
                np.hypot(x - b.centre[0], y - b.centre[1]) > radius(b) + np.hypot(*size[:2]) / 2
                for b in boxes
            ):
                boxes.append(on_table(size, x, y, rng.uniform(0, np.pi / 2)))
                break
    frame, masks = look(boxes, eye=EYE)
    return PlaceScene(frame, masks, tuple(boxes))


def radius(box: Box) -> float:
    """Half of the diagonal of a box from above."""
    return float(np.hypot(*box.size[:2]) / 2)


def walls(x: float, y: float, side: float, height: float) -> list[Box]:
    """An open square container: four walls of 8 mm and a floor, ``side`` outside."""
    thick, off = 0.008, (side - 0.008) / 2
    across = [on_table((side, thick, height), x, y + d) for d in (-off, off)]
    along = [on_table((thick, side, height), x + d, y) for d in (-off, off)]
    return [*across, *along, on_table((side, side, 0.005), x, y)]


def in_world(place: PlacePoint, eye: tuple[float, float, float] = EYE) -> np.ndarray:
    """The place point in the world of ``look``: z up, the table's top at 0."""
    forward = -np.array(eye) / np.linalg.norm(eye)
    right = np.cross(forward, (0, 0, 1))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    x, y, z = place.point
    return np.array(eye) + x * right + y * down + z * forward


def distance(box: Box, x: float, y: float) -> float:
    """Metres from (x, y) to a box from above, 0 inside."""
    cos, sin = np.cos(box.yaw), np.sin(box.yaw)
    dx, dy = x - box.centre[0], y - box.centre[1]
    along = np.abs([cos * dx + sin * dy, -sin * dx + cos * dy])
    return float(np.linalg.norm(np.maximum(along - np.array(box.size[:2]) / 2, 0)))


def collisions(scene: PlaceScene, place: PlacePoint, ignored: set[int]) -> list[int]:
    """The boxes that the carried one would touch at the place, turned in any way."""
    x, y, _ = in_world(place)
    size = radius(scene.boxes[scene.carried])
    return [
        k
        for k, box in enumerate(scene.boxes)
        if k not in {*ignored, scene.carried} and distance(box, x, y) < size
    ]

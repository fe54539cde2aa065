"""Depth images of boxes and cups on a table, cast ray by ray; no simulator needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zsris_ros.types import BoolArray, Frame, Intrinsics

WIDTH, HEIGHT = 320, 240
CAMERA = Intrinsics(300.0, 300.0, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
ELEVATION = np.radians(50.0)
DISTANCE = 0.7

DoubleArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BoxOnTable:
    """A box that stands on z = 0, turned by ``yaw``; metres."""

    centre: tuple[float, float]
    size: tuple[float, float, float]
    yaw: float = 0.0


@dataclass(frozen=True)
class CupOnTable:
    """An upright, open cup with a thin wall; metres."""

    centre: tuple[float, float]
    radius: float
    height: float
    wall: float = 0.004


def camera_pose() -> tuple[DoubleArray, DoubleArray]:
    """The camera's position in the world, and its axes (right, down, forward) as columns."""
    position = DISTANCE * np.array([0.0, -np.cos(ELEVATION), np.sin(ELEVATION)])
    forward = -position / DISTANCE
    right = np.array([1.0, 0.0, 0.0])
    return position, np.stack([right, np.cross(forward, right), forward], axis=1)


def cast(
    *things: BoxOnTable | CupOnTable, yaw: float = 0.0, shift: tuple[float, float] = (0.0, 0.0)
) -> tuple[Frame, list[BoolArray]]:
    """The frame of things on a table, and their masks.

    ``yaw`` and ``shift`` move the things together on the table.
    """
    position, axes = camera_pose()
    x = (np.arange(WIDTH) - CAMERA.cx) / CAMERA.fx
    y = (np.arange(HEIGHT) - CAMERA.cy) / CAMERA.fy
    rays = np.stack([*np.meshgrid(x, y), np.ones((HEIGHT, WIDTH))], axis=-1) @ axes.T
    cos, sin = np.cos(yaw), np.sin(yaw)
    turn = np.array([[cos, -sin], [sin, cos]])
    depths = [-position[2] / np.minimum(rays[..., 2], -1e-9)]
    for thing in things:
        centre = turn @ np.array(thing.centre) + np.array(shift)
        start = position - np.array([centre[0], centre[1], 0.0])
        if isinstance(thing, BoxOnTable):
            depths.append(_box(start, rays, thing.size, thing.yaw + yaw))
        else:
            depths.append(_cup(start, rays, thing))
    stack = np.stack(depths)
    nearest = stack.argmin(axis=0)
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    depth = stack.min(axis=0).astype(np.float32)
    masks = [nearest == index + 1 for index in range(len(things))]
    return Frame(rgb, depth, CAMERA), masks


def to_world(points: DoubleArray) -> DoubleArray:
    """Points of the optical frame in the world."""
    position, axes = camera_pose()
    return position + points @ axes.T


def _box(
    start: DoubleArray, rays: DoubleArray, size: tuple[float, float, float], yaw: float
) -> DoubleArray:
    cos, sin = np.cos(yaw), np.sin(yaw)
    turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1.0]])
    origin, directions = turn @ start, rays @ turn.T
    directions = np.where(np.abs(directions) < 1e-12, 1e-12, directions)
    low = np.array([-size[0] / 2, -size[1] / 2, 0.0])
    high = np.array([size[0] / 2, size[1] / 2, size[2]])
    first, second = (low - origin) / directions, (high - origin) / directions
    enter = np.minimum(first, second).max(axis=-1)
    leave = np.maximum(first, second).min(axis=-1)
    return np.where((enter <= leave) & (enter > 0), enter, np.inf)


def _cup(start: DoubleArray, rays: DoubleArray, cup: CupOnTable) -> DoubleArray:
    hits = [
        _wall(start, rays, cup.radius, cup.height, near=True),
        _wall(start, rays, cup.radius - cup.wall, cup.height, near=False),
    ]
    for level, inner, outer in ((cup.height, cup.radius - cup.wall, cup.radius),
                                (cup.wall, 0.0, cup.radius - cup.wall)):  # fmt: skip
        distance = (level - start[2]) / np.minimum(rays[..., 2], -1e-9)
        spot = start[:2] + distance[..., None] * rays[..., :2]
        radius = np.hypot(spot[..., 0], spot[..., 1])
        hits.append(np.where((radius >= inner) & (radius <= outer), distance, np.inf))
    return np.min(hits, axis=0)


def _wall(
    start: DoubleArray, rays: DoubleArray, radius: float, height: float, near: bool
) -> DoubleArray:
    a = (rays[..., :2] ** 2).sum(axis=-1)
    b = 2 * (rays[..., :2] * start[:2]).sum(axis=-1)
    root = b * b - 4 * a * (start[:2] @ start[:2] - radius * radius)
    distance = (-b + (-1 if near else 1) * np.sqrt(np.maximum(root, 0))) / (2 * a)
    level = start[2] + distance * rays[..., 2]
    return np.where((root >= 0) & (level >= 0) & (level <= height), distance, np.inf)

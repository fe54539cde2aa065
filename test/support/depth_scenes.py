"""Ray-cast tabletops with true masks: boxes and balls, with ideal or degraded depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zsris_ros.types import Frame, Intrinsics

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Box:
    """An upright box in the world (z up): centre, full size, turn about z in radians."""

    centre: Vector
    size: Vector
    yaw: float = 0.0

    def hit(self, origin, directions):
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
        start = turn @ (origin - np.array(self.centre))
        along = directions @ turn.T
        half = np.array(self.size) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            one, two = (-half - start) / along, (half - start) / along
        near = np.minimum(one, two).max(axis=-1)
        far = np.maximum(one, two).min(axis=-1)
        return np.where((near <= far) & (near > 0), near, np.inf)


@dataclass(frozen=True)
class Ball:
    centre: Vector
    radius: float

    def hit(self, origin, directions):
        offset = origin - np.array(self.centre)
        a = (directions**2).sum(axis=-1)
        b = directions @ offset
        root = b**2 - a * (offset @ offset - self.radius**2)
        near = (-b - np.sqrt(np.maximum(root, 0))) / a
        return np.where((root > 0) & (near > 0), near, np.inf)


TABLE = Box((0, 0, -0.02), (1.4, 1.0, 0.04))
FLOOR = Box((0, 0, -0.8), (20, 20, 0.1))
WALL = Box((0, 1.5, 0), (20, 0.1, 10))


def on_table(size, x, y, yaw=0.0, above=0.0):
    """A box standing on the table's top (z = 0), or ``above`` it on something else."""
    return Box((x, y, above + size[2] / 2), size, yaw)


def look(
    objects, eye=(0.0, -0.75, 0.6), target=(0.0, 0.0, 0.0), roll=0.0, size=(480, 640), fov=50.0
):
    """Render ``objects`` on TABLE, FLOOR and WALL: the frame and true masks MxHxW."""
    height, width = size
    focal = width / 2 / np.tan(np.radians(fov) / 2)
    camera = Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2)
    forward = -np.array(eye) / np.linalg.norm(eye)
    right = np.cross(forward, (0, 0, 1))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    right, down = (
        np.cos(roll) * right + np.sin(roll) * down,
        np.cos(roll) * down - np.sin(roll) * right,
    )
    x = (np.arange(width) - camera.cx) / focal
    y = (np.arange(height) - camera.cy) / focal
    directions = forward + x[None, :, None] * right + y[:, None, None] * down
    hits = np.stack(
        [each.hit(np.array(eye), directions) for each in (*objects, TABLE, FLOOR, WALL)]
    )
    label = hits.argmin(axis=0)
    depth = hits.min(axis=0)
    masks = label == np.arange(len(objects))[:, None, None]
    rgb = np.full((*size, 3), 128, np.uint8)
    return Frame(rgb, np.where(np.isfinite(depth), depth, 0).astype(np.float32), camera), masks


def worn(frame, masks, seed=0, noise=0.0025, holes=0.01):
    """Degrade a frame and its masks as a structured-light camera does.

    Uniform noise in 1/z (1/m), quantised depth, missing pixels in patches and at the far sides of
    jumps. Pixels without depth are removed from the masks.
    """
    rng = np.random.default_rng(seed)
    depth = frame.depth.astype(np.float64)
    z = 1 / (1 / np.maximum(depth, 1e-6) + rng.normal(0, noise, depth.shape))
    shadow = np.roll(depth, -4, axis=1) < depth - 0.03
    lost = rng.random(depth.shape) < holes / 9
    lost = np.any([np.roll(lost, (i, j), (0, 1)) for i in range(3) for j in range(3)], axis=0)
    bad = (depth <= 0) | shadow | lost
    z = np.where(bad, 0, np.round(z, 3)).astype(np.float32)
    return Frame(frame.rgb, z, frame.intrinsics), masks & ~bad

"""Where in the picture a word points: P_dir of HybridGL's Eq. 6, as maps of weights in [0, 1]."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from zsris_ros.types import InputError

POSITIONS = ("left", "right", "top", "bottom", "middle", "front", "back")


def published_position_map(flag: str, height: int, width: int) -> Tensor:
    """One direction as published: float32 HxW.

    "left", "right" and "middle" are ramps along x. Every other flag, "up" and "down" among them,
    gives ones: the published code ignores it.
    """
    if flag == "left":
        row = torch.linspace(1, 0, width)
    elif flag == "right":
        row = torch.linspace(0, 1, width)
    elif flag == "middle":
        half = width // 2
        row = torch.cat([torch.linspace(0, 1, half), torch.linspace(1, 0, width - half)])
    else:
        row = torch.ones(width)
    return row.expand(height, width).clone()


def position_map(
    positions: Collection[str], height: int, width: int, depth: Tensor | None = None
) -> Tensor:
    """All the places that were named, multiplied: float32 HxW, 1 where they meet (Eq. 6).

    Every place is 1 - the distance to it in units of the picture. "middle" is along the axes that
    no other word speaks of: "middle left" is half-way up the left side. "front" and "back" go by
    ``depth`` (HxW metres, not finite or not positive where unknown) where there is any, and by
    the picture's height elsewhere, as on a floor seen from above. No positions give ones. Raises
    InputError on an unknown one.
    """
    unknown = sorted(set(positions) - set(POSITIONS))
    if unknown:
        raise InputError(f"unknown position {unknown[0]!r}; known are {', '.join(POSITIONS)}")
    x, y = _unit(width)[None, :], _unit(height)[:, None]
    near = y if depth is None else _nearness(depth, y.expand(height, width))
    places = {"left": 1 - x, "right": x, "top": 1 - y, "bottom": y, "front": near, "back": 1 - near}
    result = torch.ones(height, width)
    for name in positions:
        if name != "middle":
            result = result * places[name].to(result)
    if "middle" in positions:
        if not {"left", "right"} & set(positions):
            result = result * _tent(x)
        if not {"top", "bottom"} & set(positions):
            result = result * _tent(y)
    return result


def _unit(count: int) -> Tensor:
    """0 to 1 over ``count`` pixels; a single pixel is in the middle."""
    return torch.linspace(0, 1, count) if count > 1 else torch.full((count,), 0.5)


def _tent(value: Tensor) -> Tensor:
    return 1 - (2 * value - 1).abs()


def _nearness(depth: Tensor, fallback: Tensor) -> Tensor:
    """1 at the nearest measured depth, 0 at the farthest, ``fallback`` where nothing was measured.

    Nearest and farthest are the 2nd and 98th percentile, so that a few stray pixels don't decide.
    """
    depth = depth.to(torch.float32).cpu()
    valid = torch.isfinite(depth) & (depth > 0)
    if not bool(valid.any()):
        return fallback
    measured = depth[valid].sort().values
    low = measured[int(0.02 * (len(measured) - 1))]
    high = measured[int(0.98 * (len(measured) - 1))]
    if high <= low:
        return fallback
    nearness = ((high - depth) / (high - low)).clamp(0, 1)
    return torch.where(valid, nearness, fallback)

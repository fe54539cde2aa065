"""Position words as maps of weights in [0, 1] over the image: P_dir of HybridGL's Eq. 6."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from zsris_ros.types import InputError

POSITIONS = ("left", "right", "top", "bottom", "middle", "front", "back")


def published_position_map(flag: str, height: int, width: int) -> Tensor:
    """Return the map of one direction as published, float32 HxW.

    "left", "right" and "middle" are ramps along x. Other flags, including "up" and "down", give
    ones, as the published code ignores them.
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
    positions: Collection[str],
    height: int,
    width: int,
    depth: Tensor | None = None,
    objects: Tensor | None = None,
) -> Tensor:
    """Return the product of the maps of all positions, float32 HxW with maximum 1 (Eq. 6).

    Each map is 1 minus the distance to the position in units of the image. "middle" applies to the
    axes without another word: "middle left" is half-way up the left side. "front" and "back" use
    ``depth`` (HxW metres, not finite or not positive where unknown), and the image's height where
    it is unknown, as on a floor seen from above. They range from the nearest to the farthest depth
    of ``objects`` (bool HxW; None: of the image). No positions give ones. Raises InputError for an
    unknown position.
    """
    unknown = sorted(set(positions) - set(POSITIONS))
    if unknown:
        raise InputError(f"unknown position {unknown[0]!r}; known are {', '.join(POSITIONS)}")
    x, y = _unit(width)[None, :], _unit(height)[:, None]
    near = y if depth is None else _nearness(depth, y.expand(height, width), objects)
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
    """Coordinates from 0 to 1 of ``count`` pixels; 0.5 for a single pixel."""
    return torch.linspace(0, 1, count) if count > 1 else torch.full((count,), 0.5)


def _tent(value: Tensor) -> Tensor:
    return 1 - (2 * value - 1).abs()


def _nearness(depth: Tensor, fallback: Tensor, objects: Tensor | None) -> Tensor:
    """1 at the nearest valid depth, 0 at the farthest, ``fallback`` where depth is invalid.

    Nearest and farthest are the 2nd and 98th percentile of ``objects``, which excludes outliers.
    """
    depth = depth.to(torch.float32).cpu()
    valid = torch.isfinite(depth) & (depth > 0)
    ranging = valid if objects is None else valid & objects
    if not bool(ranging.any()):
        return fallback
    measured = depth[ranging].sort().values
    low = measured[int(0.02 * (len(measured) - 1))]
    high = measured[int(0.98 * (len(measured) - 1))]
    if high <= low:
        return fallback
    nearness = ((high - depth) / (high - low)).clamp(0, 1)
    return torch.where(valid, nearness, fallback)

"""Superlatives and ordinals: an order among the masks that match, not among all masks."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from zsris_ros.types import Scene


def superlative_shares(kind: str, scene: Scene, members: Tensor) -> Tensor:
    """float32 N: 1 for the first member in the order of ``kind``, halved with each further rank.

    ``members`` bool N. Masks that are no members get 0. An unknown kind leaves all members equal.
    """
    keys = ordering(kind, scene)
    shares = torch.zeros(len(members))
    for rank, index in enumerate(_ranked(keys, members)):
        shares[index] = 0.5**rank
    return shares


def ordinal_shares(index: int, side: str, scene: Scene, members: Tensor) -> Tensor:
    """float32 N: 1 for the ``index``-th member (1-based) from ``side``, halved with each rank off.

    All 0 when there are fewer members than that.
    """
    ranked = _ranked(ordering(side, scene), members)
    shares = torch.zeros(len(members))
    if index <= len(ranked):
        for rank, member in enumerate(ranked):
            shares[member] = 0.5 ** abs(rank + 1 - index)
    return shares


def ordering(kind: str, scene: Scene) -> Tensor:
    """The key, float32 N, by which the smallest comes first: "left", "near", "big", ...

    Distances and sizes are in metres where every mask has depth, else on the image plane (near is
    then low in the picture, as on a table seen from above).
    """
    return _KEYS[kind](scene) if kind in _KEYS else torch.zeros(len(scene.proposals))


def _ranked(keys: Tensor, members: Tensor) -> list[int]:
    chosen = torch.nonzero(members)[:, 0]
    order = torch.argsort(keys[chosen], stable=True)
    return [int(i) for i in chosen[order]]


def _middle(scene: Scene, axis: int) -> Tensor:
    boxes = torch.from_numpy(scene.proposals.boxes)
    return boxes[:, axis] + boxes[:, axis + 2] / 2


def _distance(scene: Scene) -> Tensor:
    points = torch.from_numpy(scene.points)
    if len(points) and bool(torch.isfinite(points).all()):
        return torch.linalg.vector_norm(points, dim=1)
    boxes = torch.from_numpy(scene.proposals.boxes)
    return -(boxes[:, 1] + boxes[:, 3])


def _area(scene: Scene) -> Tensor:
    """Mask area, in square metres (at the centroid's distance) where every mask has depth."""
    return torch.from_numpy(scene.proposals.areas) * _metres_a_pixel(scene) ** 2


def _height(scene: Scene) -> Tensor:
    return torch.from_numpy(scene.proposals.boxes)[:, 3] * _metres_a_pixel(scene)


def _width(scene: Scene) -> Tensor:
    return torch.from_numpy(scene.proposals.boxes)[:, 2] * _metres_a_pixel(scene)


def _metres_a_pixel(scene: Scene) -> Tensor:
    depth = torch.from_numpy(scene.points)[:, 2]
    intrinsics = scene.frame.intrinsics
    if intrinsics is None or not bool(torch.isfinite(depth).all()):
        return torch.ones(len(depth))
    return depth / intrinsics.fx


_KEYS: dict[str, Callable[[Scene], Tensor]] = {
    "left": lambda scene: _middle(scene, 0),
    "right": lambda scene: -_middle(scene, 0),
    "top": lambda scene: _middle(scene, 1),
    "bottom": lambda scene: -_middle(scene, 1),
    "near": _distance,
    "far": lambda scene: -_distance(scene),
    "big": lambda scene: -_area(scene),
    "small": _area,
    "tall": lambda scene: -_height(scene),
    "short": _height,
    "wide": lambda scene: -_width(scene),
    "thin": _width,
}

"""Superlatives and ordinals: an order among the masks that match, not among all masks."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from zsris_ros.types import Scene

METRIC = ("near", "far", "big", "small", "tall", "short", "wide", "thin")
"""The orders that go by metres where there is depth."""


def superlative_shares(kind: str, scene: Scene, members: Tensor, count: int = 1) -> Tensor:
    """float32 N: 1 for the first ``count`` members in the order of ``kind``, halved with each rank.

    ``members`` bool N. Masks that are no members get 0. An unknown kind leaves all members equal.
    """
    shares = torch.zeros(len(members))
    for rank, index in enumerate(_ranked(kind, scene, members)):
        shares[index] = 0.5 ** max(0, rank + 1 - count)
    return shares


def ordinal_shares(index: int, side: str, scene: Scene, members: Tensor) -> Tensor:
    """float32 N: 1 for the ``index``-th member (1-based) from ``side``, halved with each rank off.

    A negative index counts from the other side: the last one is -1. All 0 when there are fewer
    members than that.
    """
    ranked = _ranked(side, scene, members)
    if index < 0:
        ranked, index = ranked[::-1], -index
    shares = torch.zeros(len(members))
    if index <= len(ranked):
        for rank, member in enumerate(ranked):
            shares[member] = 0.5 ** abs(rank + 1 - index)
    return shares


def ordering(kind: str, scene: Scene, members: Tensor | None = None) -> Tensor:
    """The key, float32 N, by which the smallest comes first: "left", "near", "big", ...

    Distances and sizes are in metres where every member (bool N, or all masks) has depth, else on
    the image plane (near is then low in the picture, as on a table seen from above).
    """
    if kind not in _KEYS:
        return torch.zeros(len(scene.proposals))
    if members is None:
        members = torch.ones(len(scene.proposals), dtype=torch.bool)
    return _KEYS[kind](scene, measured(scene, members))


def measured(scene: Scene, members: Tensor) -> bool:
    """Whether every member's distance is known."""
    points = torch.from_numpy(scene.points)[members]
    return len(points) > 0 and bool(torch.isfinite(points).all())


def _ranked(kind: str, scene: Scene, members: Tensor) -> list[int]:
    chosen = torch.nonzero(members)[:, 0]
    order = torch.argsort(ordering(kind, scene, members)[chosen], stable=True)
    return [int(i) for i in chosen[order]]


def _middle(axis: int) -> Callable[[Scene, bool], Tensor]:
    def key(scene: Scene, metric: bool) -> Tensor:
        boxes = torch.from_numpy(scene.proposals.boxes)
        return boxes[:, axis] + boxes[:, axis + 2] / 2

    return key


def _distance(scene: Scene, metric: bool) -> Tensor:
    if metric:
        return torch.linalg.vector_norm(torch.from_numpy(scene.points), dim=1)
    boxes = torch.from_numpy(scene.proposals.boxes)
    return -(boxes[:, 1] + boxes[:, 3])


def _size(scene: Scene, metric: bool) -> Tensor:
    """In square metres at the centroid's distance."""
    return torch.from_numpy(scene.proposals.sizes) * _metres_a_pixel(scene, metric) ** 2


def _height(scene: Scene, metric: bool) -> Tensor:
    """Above the support where that was found: a plate's box is high only as it lies there."""
    boxes = torch.from_numpy(scene.proposals.boxes)[:, 3] * _metres_a_pixel(scene, metric)
    if not metric or scene.heights is None:
        return boxes
    heights = torch.from_numpy(scene.heights)
    return torch.where(torch.isfinite(heights), heights, boxes)


def _width(scene: Scene, metric: bool) -> Tensor:
    return torch.from_numpy(scene.proposals.boxes)[:, 2] * _metres_a_pixel(scene, metric)


def _metres_a_pixel(scene: Scene, metric: bool) -> Tensor:
    depth = torch.from_numpy(scene.points)[:, 2]
    intrinsics = scene.frame.intrinsics
    if intrinsics is None or not metric:
        return torch.ones(len(depth))
    return depth / intrinsics.fx


def _reversed(key: Callable[[Scene, bool], Tensor]) -> Callable[[Scene, bool], Tensor]:
    return lambda scene, metric: -key(scene, metric)


_KEYS: dict[str, Callable[[Scene, bool], Tensor]] = {
    "left": _middle(0),
    "right": _reversed(_middle(0)),
    "top": _middle(1),
    "bottom": _reversed(_middle(1)),
    "near": _distance,
    "far": _reversed(_distance),
    "big": _reversed(_size),
    "small": _size,
    "tall": _reversed(_height),
    "short": _height,
    "wide": _reversed(_width),
    "thin": _width,
}

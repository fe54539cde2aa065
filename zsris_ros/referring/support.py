"""How well each mask stands in a relation to its anchors: the sum of HybridGL's Eq. 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zsris_ros.guidance.fusion import anchor_support, pairs_of
from zsris_ros.guidance.relations import between, soft_relation
from zsris_ros.types import Scene

OVERLAPPING = ("part_of", "with", "inside", "on")
"""Relations between objects that may cover each other in the picture."""

ANY = ("near", "next_to", "on", "under", "inside", "with", "part_of")
"""Relations to one anchor of several: a cup next to a bottle need not be near all the bottles."""

SAME = 0.5
"""Shared share of the smaller mask above which two masks are the same object."""


@dataclass(frozen=True)
class GroundedAnchor:
    """The mask that stands for an anchor: its index, and how probable it is."""

    phrase: str
    kind: str
    index: int
    score: float


def relation_fit(
    scene: Scene, kind: str, weights: Sequence[Tensor], targets: Tensor | None = None
) -> Tensor:
    """How well each mask stands in the relation, float32 N in [0, 1].

    ``weights`` holds for each anchor how much every mask stands for it (N, summing to 1).
    ``targets`` N, the best being 1, is how well each mask fits the target itself. No mask stands in
    a relation to itself. Where a mask could be the anchor as well, as each man in "the man next to
    another man", the relation says as much about it as the mask looks more like the target than
    like the anchor: t / (t + a), both relative to the best mask.
    """
    if kind == "between":
        return _between(scene, weights[0], weights[-1])
    same = _same_object(scene, kind)
    relation = _relation(scene, kind) * (1 - same)
    fit = torch.ones(len(relation))
    for weight in weights:
        share = weight / weight.max().clamp_min(1e-12)
        own = torch.zeros(len(weight))
        if targets is not None:
            own = targets / (targets + share).clamp_min(1e-12)
        if kind in ANY:
            others = (relation * share[None, :]).amax(dim=1)
            itself = (same * share[None, :]).amax(dim=1)
            fit = fit * torch.maximum(others, own * itself)
        else:
            fit = fit * (anchor_support(weight, relation) + own * anchor_support(weight, same))
    return fit.clamp(0, 1)


def _relation(scene: Scene, kind: str) -> Tensor:
    """R(i, j) of all masks, NxN. A part is what lies in the whole's mask, not in its box alone."""
    proposals = scene.proposals
    boxes, sizes = torch.from_numpy(proposals.boxes), torch.from_numpy(proposals.sizes)
    relation = soft_relation(kind, boxes, sizes, torch.from_numpy(scene.points))
    return relation * torch.from_numpy(proposals.shared) if kind == "part_of" else relation


def _between(scene: Scene, first: Tensor, second: Tensor) -> Tensor:
    boxes, points = torch.from_numpy(scene.proposals.boxes), torch.from_numpy(scene.points)
    pairs, weights = pairs_of(first, second, int((first > 0).sum() + (second > 0).sum()))
    if not len(pairs) or not bool(weights.any()):
        return torch.zeros(len(boxes))
    support = anchor_support(weights, between(boxes, pairs, points))
    for weight in (first, second):
        best = int(weight.argmax())
        support[torch.from_numpy(scene.proposals.shared[best] > SAME)] = 0.0
        support[best] = 0.0
    return support


def _same_object(scene: Scene, kind: str) -> Tensor:
    """float32 NxN: 1 where two masks are one object; for ``OVERLAPPING`` a mask and itself only."""
    count = len(scene.proposals)
    if kind in OVERLAPPING:
        return torch.eye(count)
    same = torch.from_numpy(scene.proposals.shared > SAME)
    return (same | torch.eye(count, dtype=torch.bool)).float()

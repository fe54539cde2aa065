"""What the anchors of a relation say about every mask: the sum of HybridGL's Eq. 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zsris_ros.guidance.fusion import anchor_support, pairs_of
from zsris_ros.guidance.relations import between, soft_relation
from zsris_ros.types import Scene

OVERLAPPING = ("part_of", "with", "inside", "on")
"""Relations between things that may cover each other in the picture."""

ANY = ("near", "next_to", "on", "under", "inside", "with", "part_of")
"""Relations to one anchor of several: a cup next to a bottle need not be near all the bottles."""

SAME = 0.5
"""Shared share of the smaller mask above which two masks are the same thing."""


@dataclass(frozen=True)
class GroundedAnchor:
    """The mask that stands for an anchor: its index, and how probable it is."""

    phrase: str
    kind: str
    index: int
    score: float


def support_of(
    scene: Scene, kind: str, weights: Sequence[Tensor], anchors: Sequence[GroundedAnchor]
) -> Tensor:
    """How well each mask stands in the relation, float32 N in [0, 1].

    ``weights`` holds for each anchor how much every mask stands for it (N, summing to 1). Nothing
    stands in a relation to itself: what stands for an anchor, and what is mostly the same, gets 0.
    """
    related = (
        _between(scene, weights[0], weights[-1])
        if kind == "between"
        else _to_each(scene, kind, weights)
    )
    for anchor in anchors:
        related[_same_thing(scene, anchor)] = 0.0
    return related


def _to_each(scene: Scene, kind: str, weights: Sequence[Tensor]) -> Tensor:
    relation = _relation(scene, kind)
    support = torch.ones(len(relation))
    for weight in weights:
        if kind in ANY:
            share = weight / weight.max().clamp_min(1e-12)
            support = support * (relation * share[None, :]).amax(dim=1)
        else:
            support = support * anchor_support(weight, relation)
    return support


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
    return anchor_support(weights, between(boxes, pairs, points))


def _same_thing(scene: Scene, anchor: GroundedAnchor) -> Tensor:
    """bool N: what stands for the anchor is not the target, nor, mostly, what it overlaps with."""
    overlap = 1.0 if anchor.kind in OVERLAPPING else SAME
    same = torch.from_numpy(scene.proposals.shared[anchor.index] > overlap)
    same[anchor.index] = True
    return same

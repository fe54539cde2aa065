"""How well each mask stands in a relation to its anchors: the sum of HybridGL's Eq. 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zsris_ros.guidance.fusion import anchor_pairs
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


@dataclass(frozen=True)
class AnchorMasks:
    """Which masks stand for an anchor: ``weights`` N, how much each does beside the others, and
    ``shown`` N in [0, 1], how probable it is that each shows the anchor at all.
    """

    weights: Tensor
    shown: Tensor


def relation_fit(
    scene: Scene, kind: str, anchors: Sequence[AnchorMasks], otherwise: Tensor
) -> Tensor:
    """How well each mask stands in the relation, float32 N in [0, 1].

    For mask i as the target, an anchor is one of the other masks, so that each man in "the man next
    to another man" may be the target: Eq. 5 with the weights q_j of the masks j that are not i's
    object. Where none of these shows the anchor, ``otherwise`` N says what is left of the relation:

        fit_i = a_i sum_j q_ij R(i, j) + (1 - a_i) otherwise_i,  a_i = max_j P(j shows the anchor).
    """
    others = 1 - _same_object(scene, kind)
    if kind == "between" and len(anchors) <= 2:
        there = torch.stack([_available(each, others) for each in anchors]).amin(dim=0)
        fit = _between(scene, anchors[0].weights, anchors[-1].weights, others)
        return there * fit + (1 - there) * otherwise
    relation = _relation(scene, kind)
    result = torch.ones(len(others))
    for anchor in anchors:
        weights = others * anchor.weights[None, :]
        if kind in ANY:
            shares = weights / weights.amax(dim=1, keepdim=True).clamp_min(1e-12)
            fit = (relation * shares).amax(dim=1)
        else:
            shares = weights / weights.sum(dim=1, keepdim=True).clamp_min(1e-12)
            fit = (relation * shares).sum(dim=1)
        there = _available(anchor, others)
        result = result * (there * fit + (1 - there) * otherwise)
    return result.clamp(0, 1)


def _available(anchor: AnchorMasks, others: Tensor) -> Tensor:
    """a_i: how probable it is that one of the other masks shows the anchor, N."""
    return (others * anchor.shown[None, :]).amax(dim=1)


def _relation(scene: Scene, kind: str) -> Tensor:
    """R(i, j) of all masks, NxN. A part is what lies in the whole's mask, not in its box alone."""
    proposals = scene.proposals
    boxes, sizes = torch.from_numpy(proposals.boxes), torch.from_numpy(proposals.sizes)
    relation = soft_relation(kind, boxes, sizes, torch.from_numpy(scene.points))
    return relation * torch.from_numpy(proposals.containment) if kind == "part_of" else relation


def _between(scene: Scene, first: Tensor, second: Tensor, others: Tensor) -> Tensor:
    """The mean over pairs of anchors, neither of which is the target itself."""
    boxes, points = torch.from_numpy(scene.proposals.boxes), torch.from_numpy(scene.points)
    pairs, weights = anchor_pairs(first, second, int((first > 0).sum() + (second > 0).sum()))
    if not len(pairs) or not bool(weights.any()):
        return torch.zeros(len(boxes))
    allowed = others[:, pairs[:, 0]] * others[:, pairs[:, 1]] * weights[None, :]
    held = (allowed * between(boxes, pairs, points)).sum(dim=1)
    return held / allowed.sum(dim=1).clamp_min(1e-12)


def _same_object(scene: Scene, kind: str) -> Tensor:
    """float32 NxN: 1 where two masks are one object; for ``OVERLAPPING`` a mask and itself only."""
    count = len(scene.proposals)
    if kind in OVERLAPPING:
        return torch.eye(count)
    same = torch.from_numpy(scene.proposals.containment > SAME)
    return (same | torch.eye(count, dtype=torch.bool)).float()

"""The fit of each mask to a relation with anchors: the sum of HybridGL's Eq. 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zsris_ros.guidance.fusion import anchor_pairs
from zsris_ros.guidance.relations import between, soft_relation
from zsris_ros.types import Scene

OVERLAPPING = ("part_of", "with", "inside", "on")
"""Relations between objects whose masks may overlap."""

ANY_ANCHOR = ("near", "next_to", "on", "under", "inside", "with", "part_of")
"""Relations to one of several anchors: a cup next to a bottle need not be near all the bottles."""

_SAME_OBJECT = 0.5
"""Containment above which two masks are the same object."""


@dataclass(frozen=True)
class GroundedAnchor:
    """The best mask of an anchor.

    Attributes:
        phrase: The text of the anchor.
        kind: The relation to it.
        index: The mask.
        score: The probability that the mask shows the anchor.
        certainty: The probability that the anchor is an object that masks can show: low for
            descriptions ("with a cap"), supports ("on the table") and unknown nouns.
    """

    phrase: str
    kind: str
    index: int
    score: float
    certainty: float = 1.0


@dataclass(frozen=True)
class AnchorMasks:
    """The masks of an anchor.

    Attributes:
        weights: The relative weight of each mask, N.
        shown: The probability that each mask shows the anchor, N in [0, 1].
    """

    weights: Tensor
    shown: Tensor


def relation_fit(
    scene: Scene, kind: str, anchors: Sequence[AnchorMasks], fallback: Tensor
) -> Tensor:
    """Return the fit of each mask to a relation, float32 N in [0, 1].

    The anchor of mask i is one of the other masks, so each man in "the man next to another man" may
    be the target. With Eq. 5's weights q_j of the masks j that show another object than i,

        fit_i = a_i sum_j q_ij R(i, j) + (1 - a_i) fallback_i,  a_i = max_j P(j shows the anchor).
    """
    others = 1 - _same_object(scene, kind)
    if kind == "between" and len(anchors) <= 2:
        available = torch.stack([_available(each, others) for each in anchors]).amin(dim=0)
        fit = _between_fit(scene, anchors[0].weights, anchors[-1].weights, others)
        return available * fit + (1 - available) * fallback
    relation = _relation_matrix(scene, kind)
    result = torch.ones(len(others))
    for anchor in anchors:
        weights = others * anchor.weights[None, :]
        if kind in ANY_ANCHOR:
            shares = weights / weights.amax(dim=1, keepdim=True).clamp_min(1e-12)
            fit = (relation * shares).amax(dim=1)
        else:
            shares = weights / weights.sum(dim=1, keepdim=True).clamp_min(1e-12)
            fit = (relation * shares).sum(dim=1)
        available = _available(anchor, others)
        result = result * (available * fit + (1 - available) * fallback)
    return result.clamp(0, 1)


def _available(anchor: AnchorMasks, others: Tensor) -> Tensor:
    """Return a_i: the probability that one of the other masks shows the anchor, N."""
    return (others * anchor.shown[None, :]).amax(dim=1)


def _relation_matrix(scene: Scene, kind: str) -> Tensor:
    """Return R(i, j), NxN; "part_of" by containment of masks, as boxes alone overestimate it."""
    proposals = scene.proposals
    boxes, sizes = torch.from_numpy(proposals.boxes), torch.from_numpy(proposals.sizes)
    relation = soft_relation(kind, boxes, sizes, torch.from_numpy(scene.points))
    return relation * torch.from_numpy(proposals.containment) if kind == "part_of" else relation


def _between_fit(scene: Scene, first: Tensor, second: Tensor, others: Tensor) -> Tensor:
    """Return the mean fit over pairs of anchor masks that do not show the target, N."""
    boxes, points = torch.from_numpy(scene.proposals.boxes), torch.from_numpy(scene.points)
    pairs, weights = anchor_pairs(first, second, int((first > 0).sum() + (second > 0).sum()))
    if not len(pairs) or not bool(weights.any()):
        return torch.zeros(len(boxes))
    allowed = others[:, pairs[:, 0]] * others[:, pairs[:, 1]] * weights[None, :]
    total = (allowed * between(boxes, pairs, points)).sum(dim=1)
    return total / allowed.sum(dim=1).clamp_min(1e-12)


def _same_object(scene: Scene, kind: str) -> Tensor:
    """Return float32 NxN: 1 if two masks are one object; the identity for ``OVERLAPPING``."""
    same = torch.eye(len(scene.proposals), dtype=torch.bool)
    if kind not in OVERLAPPING:
        same |= torch.from_numpy(scene.proposals.containment > _SAME_OBJECT)
    return same.float()

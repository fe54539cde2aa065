"""Scores of masks from features and relations: HybridGL's Eqs. 3, 4, 5 and 9.

``published_*`` functions follow the published code, ``fuse`` is Eq. 9 as printed; the paper's
variant and the product share the others.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class Shortlist(NamedTuple):
    """The best K masks: indices int64 K, ``sums`` of Eq. 5, and their softmax ``scores``."""

    masks: Tensor
    sums: Tensor
    scores: Tensor


def mix_text_features(sentence: Tensor, phrase: Tensor, weight: float = 0.5) -> Tensor:
    """Return the weighted mean of the features of sentence and noun phrase, not normalised."""
    return weight * sentence + (1 - weight) * phrase


def semantic_logits(features: Tensor, text: Tensor, scale: float = 100.0) -> Tensor:
    """Return Eq. 3, S_sem: cosines of features NxE with one text E times CLIP's logit scale."""
    return scale * (F.normalize(features, dim=-1) @ F.normalize(text.flatten(), dim=-1))


def top_indices(scores: Tensor, count: int) -> Tensor:
    """Return the indices of the ``count`` best scores (or all), the lower index first on a tie."""
    return torch.argsort(scores, descending=True, stable=True)[:count]


def published_relation_scores(
    targets: Tensor,
    anchors: Tensor | None,
    relation: Tensor | None,
    target_count: int = 3,
    anchor_count: int = 6,
) -> Shortlist:
    """Return Eqs. 4 and 5 as published.

    Args:
        targets: Softmax probabilities p over all N masks.
        anchors: The same of the other noun phrases; None relates the targets to each other.
        relation: R, NxN; None makes every term p_i.
        target_count: K1, the length of the shortlist.
        anchor_count: K2, the number of anchors.
    """
    index = top_indices(targets, target_count)
    others = index if anchors is None else top_indices(anchors, anchor_count)
    p = targets[index]
    if relation is None:
        sums = p * len(others)
    else:
        q = (targets if anchors is None else anchors)[others]
        sums = p * (relation[index][:, others].to(p) @ q)
    return Shortlist(index, sums, torch.softmax(sums, dim=0))


def published_final_scores(shortlist: Shortlist, guidance: Tensor, weight: float = 0.6) -> Tensor:
    """Return Eq. 9 as published, with raw S_g, for the K masks of the shortlist."""
    return (1 - weight) * shortlist.scores + weight * guidance[shortlist.masks]


def fuse(semantic: Tensor, guidance: Tensor, weight: float = 0.6) -> Tensor:
    """Return Eq. 9 as printed: (1 - beta) * semantic + beta * softmax(S_g) over all N masks.

    ``semantic`` N is a distribution: softmax(S_sem) or ``relation_likelihood``.
    """
    return (1 - weight) * semantic + weight * torch.softmax(guidance, dim=0)


def keep_top(probabilities: Tensor, count: int) -> Tensor:
    """Set all but the ``count`` best entries of a distribution to zero and renormalise.

    Equals the softmax of the best logits, as the paper describes Eq. 4.
    """
    kept = torch.zeros_like(probabilities)
    index = top_indices(probabilities, count)
    kept[index] = probabilities[index]
    return _normalise(kept, kept)


def expected_relation(anchors: Tensor, relation: Tensor) -> Tensor:
    """Return the mean relation to the anchors, sum_j q_j R(i, j) / sum_j q_j of Eq. 5, N in [0, 1].

    Anchor weights are K, relations NxK; anchors may be masks or pairs (see ``anchor_pairs``).
    """
    return (relation.to(anchors) @ anchors) / anchors.sum().clamp_min(1e-12)


def anchor_pairs(first: Tensor, second: Tensor, count: int = 6) -> tuple[Tensor, Tensor]:
    """Return pairs of different anchors for "between", int64 Kx2, and their weights q_a q_b.

    The pairs combine the ``count`` best of two distributions over N masks.
    """
    pairs = torch.cartesian_prod(top_indices(first, count), top_indices(second, count))
    pairs = pairs.reshape(-1, 2)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return pairs, first[pairs[:, 0]] * second[pairs[:, 1]]


def relation_likelihood(targets: Tensor, expected: Tensor) -> Tensor:
    """Return Eq. 5, P(m_i) proportional to p_i times its expected relation, over N masks.

    Where the relation is 0 for all masks the targets are returned unchanged.
    """
    return _normalise(targets * expected.to(targets), targets)


def _normalise(values: Tensor, otherwise: Tensor) -> Tensor:
    total = values.sum()
    return torch.where(total > 1e-12, values / total.clamp_min(1e-12), otherwise)

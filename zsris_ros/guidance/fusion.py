"""From features and relations to one score a mask: HybridGL's Eqs. 3, 4, 5 and 9.

``published_*`` is what the published code computes, ``fuse`` is Eq. 9 as printed, and the rest
serves the printed equations and the robot alike.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class Shortlist(NamedTuple):
    """The best K masks: their numbers (int64 K), ``sums`` of Eq. 5, and the softmax of these."""

    masks: Tensor
    sums: Tensor
    scores: Tensor


def mix_text_features(sentence: Tensor, phrase: Tensor, weight: float = 0.5) -> Tensor:
    """The text that masks are compared with: whole sentence and noun phrase, not normalised."""
    return weight * sentence + (1 - weight) * phrase


def semantic_logits(features: Tensor, text: Tensor, scale: float = 100.0) -> Tensor:
    """Eq. 3, S_sem: NxE features and one text E to N cosines times CLIP's logit scale."""
    return scale * (F.normalize(features, dim=-1) @ F.normalize(text.flatten(), dim=-1))


def top_indices(scores: Tensor, count: int) -> Tensor:
    """Indices of the ``count`` best (or of all, where fewer), the lower index first on a tie."""
    return torch.argsort(scores, descending=True, stable=True)[:count]


def published_relation_scores(
    targets: Tensor,
    anchors: Tensor | None,
    relation: Tensor | None,
    target_count: int = 3,
    anchor_count: int = 6,
) -> Shortlist:
    """Eqs. 4 and 5 as published.

    ``targets`` and ``anchors`` are softmax probabilities over all N masks; ``anchors`` is None
    where the sentence names no other thing, and then the targets relate to each other.
    ``relation`` NxN is R, or None for "no relation": then every term is p_i itself.
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
    """Eq. 9 as published: the shortlist's scores against raw S_g, K values for its K masks."""
    return (1 - weight) * shortlist.scores + weight * guidance[shortlist.masks]


def fuse(semantic: Tensor, guidance: Tensor, weight: float = 0.6) -> Tensor:
    """Eq. 9 as printed: (1 - beta) * semantic + beta * softmax(S_g) over all N masks.

    ``semantic`` N is already a distribution: softmax(S_sem), or ``relation_likelihood``.
    """
    return (1 - weight) * semantic + weight * torch.softmax(guidance, dim=0)


def keep_top(probabilities: Tensor, count: int) -> Tensor:
    """A distribution cut to its ``count`` best entries and renormalised, zero elsewhere.

    Equal to selecting the best logits first and taking their softmax, as Eq. 4 is explained.
    """
    kept = torch.zeros_like(probabilities)
    index = top_indices(probabilities, count)
    kept[index] = probabilities[index]
    return _normalise(kept, kept)


def expected_relation(anchors: Tensor, relation: Tensor) -> Tensor:
    """The sum of Eq. 5, sum_j q_j R(i, j): K anchor weights and NxK relations to N in [0, 1].

    Divided by the weights' sum. Anchors may be single masks or pairs of masks (see ``anchor_pairs``).
    """
    return (relation.to(anchors) @ anchors) / anchors.sum().clamp_min(1e-12)


def anchor_pairs(first: Tensor, second: Tensor, count: int = 6) -> tuple[Tensor, Tensor]:
    """Pairs of anchors for "between": int64 Kx2 and their weights q_a q_b, a and b different.

    ``first`` and ``second`` are distributions over N masks; each gives its ``count`` best.
    """
    pairs = torch.cartesian_prod(top_indices(first, count), top_indices(second, count))
    pairs = pairs.reshape(-1, 2)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return pairs, first[pairs[:, 0]] * second[pairs[:, 1]]


def relation_likelihood(targets: Tensor, support: Tensor) -> Tensor:
    """Eq. 5, P(m_i) proportional to p_i times its support: N and N to a distribution over N.

    Where no mask has any support the relation tells nothing, and the targets stay as they are.
    """
    return _normalise(targets * support.to(targets), targets)


def _normalise(values: Tensor, otherwise: Tensor) -> Tensor:
    total = values.sum()
    return torch.where(total > 1e-12, values / total.clamp_min(1e-12), otherwise)

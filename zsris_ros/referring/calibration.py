"""Calibration: the probability that a mask shows the requested object, from its evidence.

Each kind of evidence k gives a fit f_k in [0, 1], and the score is log-linear in all of them:

    log score = sum_k log g_k(f_k).

With measured weights, g_k is Platt scaling (Platt, 1999), ``sigmoid(offset + slope * logit(f))``,
and the score is a probability. With other weights, g_k is a mixture,

    g_k(f) = 1 - r_k (1 - f),

of a true statement, with probability r_k (``RELIABILITY``), and one without information. The
influence of any evidence is bounded: a place that does not fit costs at most -log(1 - r_k).

``presence`` is an absolute term for a CLIP whose logits have no absolute meaning: the share of the
phrase in a softmax over the phrase and generic texts, for one mask and not over the masks of the
image. It counts if it was measured, and rates the existence of the object, not the choice of mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional as F

EVIDENCE: Mapping[str, str] = MappingProxyType(
    {
        **{kind: kind for kind in ("match", "presence", "not", "place", "order", "posture")},
        **{kind: kind for kind in ("anchor", "thing", "coherence", "known")},
        "handle": "posture",  # both are judged by an object's shape
        **dict.fromkeys(("left_of", "right_of", "above", "below"), "direction"),
        **dict.fromkeys(("in_front_of", "behind"), "depth"),
        **dict.fromkeys(("bigger_than", "smaller_than"), "size"),
        **dict.fromkeys(("near", "next_to", "far_from"), "distance"),
        "between": "between",
        **dict.fromkeys(("on", "under", "inside", "part_of", "with"), "contact"),
    }
)
"""The kind of evidence of each term of a grounding."""

KINDS = tuple(dict.fromkeys(EVIDENCE.values()))

RELIABILITY: Mapping[str, float] = MappingProxyType(
    {
        "match": 1.0,
        "order": 0.99,
        "direction": 0.97,
        "depth": 0.95,
        "between": 0.95,
        "size": 0.95,
        "distance": 0.8,
        "contact": 0.6,
        "not": 0.8,
        "place": 0.8,
        "posture": 0.5,
        "known": 0.5,
        "thing": 0.3,
        "coherence": 0.6,
        "presence": 0.0,
        "anchor": 0.0,
    }
)
"""The assumed probability that a statement of a kind is true of the target, without a measurement.

Order and direction are nearly always right. Distance, contact and exclusion are judged by geometry
and by CLIP, which are less reliable. An unknown noun leaves even odds that a fit to the other words
is right. The absolute kinds only count if they were measured.
"""

SAME_TEXT = 0.97
"""Cosine above which a negative has the meaning of the phrase."""
MAX_LOGIT = 8.0
"""Bound of the logits of terms: 0 and 1 are never certain."""


@dataclass(frozen=True)
class Calibration:
    """The coefficients of one set of weights, as ``zsris calibrate`` writes them.

    Attributes:
        scaling: (offset, slope) by kind of evidence (``KINDS``); other kinds count by their
            ``RELIABILITY``.
        weights: The name of the calibrated weights.
        measured_on: The data set; empty if the scores were never compared with the truth.

    Raises:
        ValueError: An unknown kind, or a slope that is not positive.
    """

    scaling: Mapping[str, Sequence[float]] = field(default_factory=dict)
    weights: str = ""
    measured_on: str = ""

    def __post_init__(self) -> None:
        for kind, values in self.scaling.items():
            if kind not in KINDS:
                raise ValueError(f"unknown kind of evidence {kind}; known are {', '.join(KINDS)}")
            if len(values) != 2 or values[1] <= 0:
                raise ValueError(f"{kind} needs an offset and a slope above 0, got {list(values)}")

    @property
    def measured(self) -> bool:
        """Whether the coefficients were measured."""
        return bool(self.measured_on)

    def probability(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Return the score of each mask, float32 N in [0, 1].

        ``terms`` are those of a grounding, each N in [0, 1]; "match" is required.
        """
        score = torch.ones_like(terms["match"])
        for name, term in terms.items():
            if name in EVIDENCE:
                score = score * self.scaled(EVIDENCE[name], term)
        return score

    def scaled(self, kind: str, term: Tensor) -> Tensor:
        """Return g_k of one kind of evidence, N."""
        if kind not in self.scaling:
            return 1 - RELIABILITY[kind] * (1 - term.float())
        offset, slope = self.scaling[kind]
        return torch.sigmoid(offset + slope * bounded_logit(term))


def presence(features: Tensor, phrases: Tensor, negatives: Tensor, scale: float) -> Tensor:
    """Return the softmax share of the phrase among the negatives for each mask, float32 N.

    Args:
        features: Features of the masks, NxE.
        phrases: Text features of the phrase and of its kinds, KxE; the best one counts.
        negatives: Text features, MxE; synonyms of the phrases (``SAME_TEXT``) are left out.
        scale: CLIP's logit scale.
    """
    phrases, negatives = F.normalize(phrases, dim=-1), F.normalize(negatives, dim=-1)
    negatives = negatives[(negatives @ phrases.T <= SAME_TEXT).all(dim=1)]
    features = scale * F.normalize(features, dim=-1)
    said = (features @ phrases.T).amax(dim=1, keepdim=True)
    return torch.softmax(torch.cat([said, features @ negatives.T], dim=1), dim=1)[:, 0]


def bounded_logit(term: Tensor) -> Tensor:
    """Return the logit of shares in [0, 1], clamped to +-``MAX_LOGIT``."""
    return torch.logit(term.float(), eps=1e-6).clamp(-MAX_LOGIT, MAX_LOGIT)

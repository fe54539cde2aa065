"""From evidence to a probability: is this mask what was asked for?

A mask is what was asked for when it shows the phrase, and stands where the relations say, and has
the rank that was named. Each kind of evidence gives a probability of its own by Platt scaling
(Platt, 1999), ``sigmoid(offset + slope * logit(term))`` with a slope above 0, and their product is
the answer's score, so each can veto and more evidence never lowers a score. What only compares the
masks of one picture (coherence) is no evidence.

A CLIP whose logits mean nothing by themselves gets an absolute term of its own, ``presence``: the
share of the phrase in a softmax over the phrase and texts that fit anything, of one mask and not
over the masks that happen to be there.
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
        "match": "match",
        "presence": "presence",
        "not": "not",
        "place": "place",
        "order": "order",
        "anchor": "anchor",
        "thing": "thing",
        **dict.fromkeys(("left_of", "right_of", "above", "below"), "direction"),
        **dict.fromkeys(("in_front_of", "behind"), "depth"),
        **dict.fromkeys(("bigger_than", "smaller_than"), "size"),
        **dict.fromkeys(("near", "next_to", "far_from"), "distance"),
        "between": "between",
        **dict.fromkeys(("on", "under", "inside", "part_of", "with"), "contact"),
    }
)
"""The kind of evidence of every term of a grounding that is one."""

KINDS = tuple(dict.fromkeys(EVIDENCE.values()))
SAME_TEXT = 0.97
FURTHEST = 8.0
"""Logits of terms are cut here: 0 and 1 are never certain."""


@dataclass(frozen=True)
class Calibration:
    """What a score means for one set of weights; plain data, as ``zsris calibrate`` writes it.

    ``scaling`` holds (offset, slope) for kinds of evidence (``KINDS``); a kind that is missing is
    taken as it is. ``weights`` names what was calibrated and ``measured_on`` the data; where that
    is empty, scores have never been compared with the truth. Raises ValueError for unknown kinds
    and for slopes that are not positive.
    """

    scaling: Mapping[str, Sequence[float]] = field(default_factory=dict)
    weights: str = ""
    measured_on: str = ""

    def __post_init__(self) -> None:
        for kind, values in self.scaling.items():
            if kind not in KINDS:
                raise ValueError(f"no evidence is called {kind}; known are {', '.join(KINDS)}")
            if len(values) != 2 or values[1] <= 0:
                raise ValueError(f"{kind} needs an offset and a slope above 0, got {list(values)}")

    @property
    def measured(self) -> bool:
        """Whether the coefficients come from data."""
        return bool(self.measured_on)

    def probability(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The probability that each of N masks is what was asked for, float32 N.

        ``terms`` (each N, in [0, 1]) are those of a grounding; "match" is always among them.
        """
        score = torch.ones_like(terms["match"])
        for name, term in terms.items():
            if name in EVIDENCE:
                score = score * self.scaled(EVIDENCE[name], term)
        return score

    def scaled(self, kind: str, term: Tensor) -> Tensor:
        """The probability, N, that one kind of evidence speaks for."""
        offset, slope = self.scaling.get(kind, (0.0, 1.0))
        return torch.sigmoid(offset + slope * bounded_logit(term))


def presence(features: Tensor, phrase: Tensor, negatives: Tensor, scale: float) -> Tensor:
    """How much more each mask is what the phrase says than anything at all, float32 N in [0, 1].

    ``features`` NxE, the text features ``phrase`` E and ``negatives`` KxE; ``scale`` is CLIP's.
    Negatives that say the same as the phrase (cosine above ``SAME_TEXT``) are left out; without any
    every mask gets 1.
    """
    texts = F.normalize(torch.cat([phrase.reshape(1, -1), negatives]), dim=-1)
    kept = texts @ texts[0] <= SAME_TEXT
    kept[0] = True
    logits = scale * F.normalize(features, dim=-1) @ texts[kept].T
    return torch.softmax(logits, dim=-1)[:, 0]


def bounded_logit(term: Tensor) -> Tensor:
    """The logit of shares in [0, 1], cut at +-``FURTHEST``."""
    return torch.logit(term.float(), eps=1e-6).clamp(-FURTHEST, FURTHEST)

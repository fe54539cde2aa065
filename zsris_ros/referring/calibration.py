"""From evidence to a probability: is this mask what was asked for?

A mask is what was asked for when it shows the phrase, stands where the relations say, and has the
rank that was named. Each kind of evidence k gives a fit f_k in [0, 1], and the score is log-linear
in all of them:

    log score = sum_k log g_k(f_k).

Where a kind was measured for the weights in use, g_k is Platt scaling (Platt, 1999),
``sigmoid(offset + slope * logit(f))``, and a score is the probability that the mask is what was
asked for. Elsewhere g_k is a mixture,

    g_k(f) = 1 - r_k (1 - f),

of a statement that is right and was read rightly, with probability r_k (``RELIABILITY``), and one
that says nothing. So evidence adds up, and none of it can outweigh the rest without bound: a place
that does not fit costs at most -log(1 - r_k).

A CLIP whose logits mean nothing by themselves gets an absolute term of its own, ``presence``: the
share of the phrase in a softmax over the phrase and texts that fit anything, of one mask and not
over the masks that happen to be there. It takes part where it was measured, and says whether there
is such a thing, never which of the masks is meant.
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
        "posture": "posture",
        "anchor": "anchor",
        "thing": "thing",
        "coherence": "coherence",
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
        "thing": 0.3,
        "coherence": 0.6,
        "presence": 0.0,
        "anchor": 0.0,
    }
)
"""How often a statement of a kind is assumed to be true of the mask that is meant, where nothing
was measured.

People are nearly always right about order and direction; distances, contact and what is not meant
are judged by geometry and by a CLIP that know little of them. Absolute terms count where they were
measured only.
"""

ABSOLUTE = ("presence", "anchor")
"""Kinds that say whether there is such a thing, not which of the masks it is."""

SAME_TEXT = 0.97
FURTHEST = 8.0
"""Logits of terms are cut here: 0 and 1 are never certain."""


@dataclass(frozen=True)
class Calibration:
    """What a score means for one set of weights; plain data, as ``zsris calibrate`` writes it.

    ``scaling`` holds (offset, slope) for kinds of evidence (``KINDS``); a kind that is missing
    counts by its ``RELIABILITY``. ``weights`` names what was calibrated and ``measured_on`` the
    data; where that is empty, scores have never been compared with the truth. Raises ValueError for
    unknown kinds and for slopes that are not positive.
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
        """The score of each of N masks, float32 N in [0, 1]: a probability where measured.

        ``terms`` (each N, in [0, 1]) are those of a grounding; "match" is always among them.
        """
        score = torch.ones_like(terms["match"])
        for name, term in terms.items():
            if name in EVIDENCE:
                score = score * self.scaled(EVIDENCE[name], term)
        return score

    def scaled(self, kind: str, term: Tensor) -> Tensor:
        """g_k of one kind of evidence, N."""
        if kind not in self.scaling:
            return 1 - RELIABILITY[kind] * (1 - term.float())
        offset, slope = self.scaling[kind]
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

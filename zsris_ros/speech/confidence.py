"""How likely a guess of pocketsphinx is right in every word."""

from __future__ import annotations

import math
from dataclasses import dataclass

LOUDEST = 30.0
"""Decibels above which a louder speaker is not understood any better."""
LEAST = 1e-6
"""Shares below it tell nothing more."""


@dataclass(frozen=True)
class Evidence:
    """A guess, and what tells how good it is.

    ``posteriors`` are the words' shares of all that the lattice holds in their place, 0 to 1;
    ``loudness`` is how far the speech exceeds the room, in decibels.
    """

    text: str
    posteriors: tuple[float, ...]
    loudness: float


def features(evidence: Evidence) -> tuple[float, float, float]:
    """Logarithms of the least certain word's share and of the mean one; loudness in units of 10."""
    logs = [math.log(max(LEAST, share)) for share in evidence.posteriors]
    loudness = max(0.0, min(LOUDEST, evidence.loudness)) / 10
    return min(logs), sum(logs) / len(logs), loudness


def confidence(evidence: Evidence) -> float:
    return 0.5

"""How likely a guess of pocketsphinx is right in every word."""

from __future__ import annotations

import math
from dataclasses import dataclass

LOUDEST = 30.0
"""Decibels above which a louder speaker is not understood any better."""
LEAST = 1e-6
"""Shares below it tell nothing more."""


BIAS, WEAKEST, MEAN, LOUD = -0.46, 0.36, 0.66, 0.78
"""A logistic regression on 146 guesses about 40 sentences that no result is measured on, said by
four voices of flite in quiet, in white noise and in babble of 20, 10 and 5 dB. In five-fold cross
validation guesses of a confidence below 0.2, around 0.5 and above 0.6 were right in 5, 50 and 79 of
100 cases."""


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
    """The probability that every word is right, 0 to 1; 0 of no words."""
    if not evidence.posteriors:
        return 0.0
    weakest, mean, loudness = features(evidence)
    return 1 / (1 + math.exp(-(BIAS + WEAKEST * weakest + MEAN * mean + LOUD * loudness)))

"""What flows from a microphone to an utterance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.types import InputError

RATE = 16_000
"""Samples a second of all sound in this room; it has one channel."""

Samples = npt.NDArray[np.int16]
SECOND = 1_000_000_000


class SpeechError(InputError):
    """Sound that cannot be had or understood; the message says what is missing and what to do."""


@dataclass(frozen=True, eq=False)
class Block:
    """``samples`` int16 N at RATE, and the time in nanoseconds at which the first was heard."""

    samples: Samples
    start_ns: int


@dataclass(frozen=True, eq=False)
class Speech:
    """What was said from ``start_ns`` on: ``samples`` int16 N at RATE.

    ``before`` int16 M is what was heard of the room before, as far as it is kept, without speech.
    """

    samples: Samples
    start_ns: int
    before: Samples

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / RATE


@dataclass(frozen=True)
class Heard:
    """A recogniser's best guess, "" for none, and how likely it is that every word is right."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Utterance:
    """Words that were said from ``start_ns`` (nanoseconds) on, for ``duration`` seconds."""

    text: str
    confidence: float
    start_ns: int
    duration: float
    recogniser: str

    def to_json(self) -> dict[str, Any]:
        """As plain data; times in seconds."""
        return {
            "text": self.text,
            "confidence": round(self.confidence, 3),
            "start": round(self.start_ns / SECOND, 3),
            "duration": round(self.duration, 3),
            "recogniser": self.recogniser,
        }

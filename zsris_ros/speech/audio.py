"""Data types of the speech room: audio blocks, speech segments, recognised text, utterances."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.types import InputError

RATE = 16_000
"""Sampling rate in Hz of all audio in this room, which has one channel."""

Samples = npt.NDArray[np.int16]
SECOND = 1_000_000_000


class SpeechError(InputError):
    """Audio or a recogniser that cannot be used; the message names the cause and the remedy."""


def require_package(module: str) -> Any:
    """Import a module of an optional package. Raises SpeechError with the pip command."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.replace("_", "-")
        raise SpeechError(f"{package} is not installed: pip install {package}") from error


@dataclass(frozen=True, eq=False)
class AudioBlock:
    """``samples`` int16 N at RATE, and the time of the first sample in nanoseconds."""

    samples: Samples
    start_ns: int


@dataclass(frozen=True, eq=False)
class SpeechSegment:
    """A stretch of speech: ``samples`` int16 N at RATE from ``start_ns`` on.

    ``background`` int16 M is the sound before it without speech, as far as it is kept.
    """

    samples: Samples
    start_ns: int
    background: Samples

    @property
    def duration(self) -> float:
        """The duration in seconds."""
        return len(self.samples) / RATE


@dataclass(frozen=True)
class RecognisedText:
    """A recogniser's best hypothesis, "" for none, and the probability that all words are right."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Utterance:
    """Recognised speech that began at ``start_ns`` (nanoseconds) and took ``duration`` seconds."""

    text: str
    confidence: float
    start_ns: int
    duration: float
    recogniser: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data; times in seconds."""
        return {
            "text": self.text,
            "confidence": round(self.confidence, 3),
            "start": round(self.start_ns / SECOND, 3),
            "duration": round(self.duration, 3),
            "recogniser": self.recogniser,
        }

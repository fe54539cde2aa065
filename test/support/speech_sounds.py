"""The recorded sentence of the tests of speech, and rooms to hear it in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")

from zsris_ros.speech.audio import RATE, Samples
from zsris_ros.speech.wav import read_wav, to_samples

WAV = Path(__file__).parents[1] / "data" / "orange_object.wav"
"""flite's voice slt in a quiet room; it begins to speak 1.1 s after the beginning."""
SAID = "the orange object to the right of the yellow bottle"
BEGIN = 1.1


def sentence() -> Samples:
    return read_wav(WAV)


def quiet(seconds: float, seed: int = 0, level: float = 3.0) -> Samples:
    """A room in which nobody speaks; ``level`` is the noise's standard deviation."""
    noise = np.random.default_rng(seed).normal(0.0, level, round(seconds * RATE))
    return to_samples(noise)


def in_noise(samples: Samples, snr: float, seed: int = 0) -> Samples:
    """``samples`` in white noise; ``snr`` is of all of the sound, pauses included, in decibels."""
    sound = samples.astype(np.float64)
    level = np.sqrt(np.mean(sound**2) / 10 ** (snr / 10))
    return to_samples(sound + np.random.default_rng(seed).normal(0.0, level, len(sound)))

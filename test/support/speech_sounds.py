"""A recorded sentence for speech tests, with silence and noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")

from zsris_ros.speech.audio import RATE, Samples
from zsris_ros.speech.wav import read_wav, to_samples

WAV = Path(__file__).parents[1] / "data" / "orange_object.wav"
"""flite's voice slt in a quiet room; speech begins at 1.1 s."""
SAID = "the orange object to the right of the yellow bottle"
BEGIN = 1.1


def sentence() -> Samples:
    return read_wav(WAV)


def quiet(seconds: float, seed: int = 0, level: float = 3.0) -> Samples:
    """Return white noise of standard deviation ``level``."""
    return to_samples(np.random.default_rng(seed).normal(0.0, level, round(seconds * RATE)))


def in_noise(samples: Samples, snr: float, seed: int = 0) -> Samples:
    """Add white noise at ``snr`` decibels below ``samples``, pauses included."""
    sound = samples.astype(np.float64)
    level = np.sqrt(np.mean(sound**2) / 10 ** (snr / 10))
    return to_samples(sound + np.random.default_rng(seed).normal(0.0, level, len(sound)))

"""Wav files of all integer formats."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from zsris_ros.speech.audio import RATE


def write_wav(
    path: Path, sound: np.ndarray, rate: int = RATE, width: int = 2, channels: int = 1
) -> None:
    """Write a sound of 16 bits full scale in samples of ``width`` bytes."""
    scaled = np.rint(sound * 2.0 ** (8 * width - 16)).astype(np.int64)
    data = np.repeat(scaled[:, None], channels, axis=1)
    if width == 1:
        encoded = (data + 128).astype(np.uint8).tobytes()
    else:
        raw = data.astype("<i8").view(np.uint8).reshape(*data.shape, 8)[..., :width]
        encoded = raw.tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(encoded)

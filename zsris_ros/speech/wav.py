"""Wav files to and from 16 kHz mono samples."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsris_ros.speech.audio import RATE, SECOND, AudioBlock, Samples, SpeechError

BLOCK = 480
"""Samples of a block: 30 ms."""


def read_wav(path: Path) -> Samples:
    """Read a wav file as int16 N: channels averaged, resampled to RATE.

    Raises SpeechError for other content than uncompressed integers of 8, 16, 24 or 32 bits.
    """
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except OSError as error:
        raise SpeechError(f"{path} cannot be read: {error.strerror or error}") from error
    except (wave.Error, EOFError) as error:
        raise SpeechError(
            f"{path} is no wav file of plain integer samples ({error or 'it ends early'}); convert "
            "it, for example with `ffmpeg -i FILE -ar 16000 -ac 1 -c:a pcm_s16le OUT.wav`"
        ) from error
    whole = len(data) - len(data) % (width * channels)
    sound = _to_float(data[:whole], width).reshape(-1, channels).mean(axis=1)
    return to_samples(resample(sound, rate, RATE))


def audio_blocks(samples: Samples, start_ns: int = 0) -> Iterator[AudioBlock]:
    """Yield ``samples`` in blocks of 30 ms, as a microphone does; the last may be shorter."""
    for at in range(0, len(samples), BLOCK):
        yield AudioBlock(samples[at : at + BLOCK], start_ns + at * SECOND // RATE)


def resample(sound: npt.NDArray[np.floating], rate: int, target: int) -> npt.NDArray[np.floating]:
    """Resample through the spectrum, without frequencies above half the lower rate."""
    count = round(len(sound) * target / rate)
    if rate == target or not len(sound) or not count:
        return sound[:count]
    spectrum = np.fft.rfft(sound)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * (count / len(sound))


def to_samples(sound: npt.NDArray[np.floating]) -> Samples:
    """Round and clip to int16."""
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(sound), limits.min, limits.max).astype(np.int16)


def _to_float(data: bytes, width: int) -> npt.NDArray[np.floating]:
    """Convert little-endian integers of ``width`` bytes, unsigned for 1, to the scale of int16."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) * 256
    if width == 3:
        high = np.zeros((len(data) // 3, 4), np.uint8)
        high[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return high.view("<i4")[:, 0].astype(np.float64) / 65536
    scale = 2.0 ** (8 * width - 16)
    return np.frombuffer(data, f"<i{width}").astype(np.float64) / scale

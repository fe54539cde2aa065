"""Synthetic speech of flite in simulated rooms, as inputs of recognisers.

flite is a small speech synthesiser (Debian and Ubuntu: ``apt install flite``). Its voices are
clearer and less varied than people.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsris_ros.speech.audio import RATE, Samples, SpeechError
from zsris_ros.speech.wav import read_wav, to_samples

VOICES = ("slt", "awb", "rms", "kal16")
"""flite's voices sampled at 16 kHz: a woman and three men, one of them Scottish."""
LEAD, TAIL = 1.5, 0.8
"""Seconds of room noise before and after the speech."""
TALKERS = 8
"""Voices of babble."""
HUM = 3.0
"""Standard deviation of a quiet room's noise, in units of a sample."""

NOISES = ("white", "babble")


def have_flite() -> bool:
    """Return whether flite is installed."""
    return shutil.which("flite") is not None


def speak(text: str, voice: str = VOICES[0]) -> Samples:
    """Return ``text`` spoken by a voice of flite. Raises SpeechError without flite."""
    if not have_flite():
        raise SpeechError("there is no flite here: sudo apt install flite")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(file)], check=True)
        return read_wav(file)


def in_a_room(
    said: Samples,
    rng: np.random.Generator,
    noise: npt.NDArray[np.floating] | None = None,
    snr: float = 0.0,
) -> Samples:
    """Return speech with room noise before, during and after it.

    Args:
        said: The speech.
        rng: The random generator.
        noise: Additional noise, float N of ``room_length``.
        snr: Decibels of speech, where it is not silent, against the noise.
    """
    sound = np.pad(said.astype(np.float64), (round(LEAD * RATE), round(TAIL * RATE)))
    sound += rng.normal(0.0, HUM, len(sound))
    if noise is not None:
        power = speech_power(said) / 10 ** (snr / 10)
        sound += noise * np.sqrt(power / np.mean(noise**2))
    return to_samples(sound)


def room_length(said: Samples) -> int:
    """Return the number of samples of ``in_a_room``."""
    return len(said) + round(LEAD * RATE) + round(TAIL * RATE)


def white(length: int, rng: np.random.Generator) -> npt.NDArray[np.floating]:
    """Return white noise."""
    return rng.normal(size=length)


def babble(
    length: int, rng: np.random.Generator, others: list[Samples]
) -> npt.NDArray[np.floating]:
    """Return several simultaneous voices, each a sequence of ``others``."""
    sound = np.zeros(length)
    for _ in range(TALKERS):
        parts: list[Samples] = []
        while sum(map(len, parts)) < 2 * length:
            parts.append(others[int(rng.integers(len(others)))])
        talk = np.concatenate(parts).astype(np.float64)
        at = int(rng.integers(len(talk) - length + 1))
        sound += talk[at : at + length] / np.sqrt(speech_power(talk))
    return sound


def speech_power(said: npt.NDArray[np.number]) -> float:
    """Return the mean power without pauses: frames of 20 ms within 30 dB of the loudest."""
    frames = said[: len(said) // 320 * 320].astype(np.float64).reshape(-1, 320)
    powers = np.mean(frames**2, axis=1)
    return float(powers[powers >= powers.max() / 1000].mean())

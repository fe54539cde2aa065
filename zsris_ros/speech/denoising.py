"""Steady noise taken out of speech, with what the room sounded like before it.

A Wiener filter with the decision-directed estimate of the signal-to-noise ratio: Y. Ephraim and
D. Malah, Speech enhancement using a minimum mean-square error short-time spectral amplitude
estimator, IEEE Trans. ASSP 32 (1984), equation 51; the gain is P. Scalart and J. Vieira Filho's,
Speech enhancement based on a priori signal to noise estimation, ICASSP 1996.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.speech.audio import RATE, Samples, Speech
from zsris_ros.speech.wav import to_samples

WINDOW, HOP = 512, 128
"""Samples of a spectrum, and from one to the next."""
ENOUGH = 0.2
"""Seconds of the room that are needed to know its noise."""
SMOOTHING = 0.98
"""The weight of the last frame in the estimate."""
LEAST_GAIN = 0.1
"""What is left of pure noise, so that it does not turn into chirps."""

Spectra = npt.NDArray[np.complexfloating[Any, Any]]


def denoised(speech: Speech) -> Samples:
    """``speech.samples`` with less noise; as they are where the room before is not known."""
    if len(speech.before) < max(WINDOW, ENOUGH * RATE) or not len(speech.samples):
        return speech.samples
    window = np.sqrt(np.hanning(WINDOW + 1)[:-1])
    noise = np.mean(np.abs(_spectra(speech.before.astype(np.float64), window)) ** 2, axis=0)
    padded = np.pad(speech.samples.astype(np.float64), WINDOW)
    spectra = _spectra(padded, window)
    pieces = np.fft.irfft(spectra * _gains(spectra, noise), axis=1) * window
    sound, weight = np.zeros(len(padded)), np.zeros(len(padded))
    for at, piece in zip(range(0, len(padded), HOP), pieces, strict=False):
        sound[at : at + WINDOW] += piece
        weight[at : at + WINDOW] += window**2
    sound /= np.maximum(weight, 1e-6)
    return to_samples(sound[WINDOW : WINDOW + len(speech.samples)])


def _spectra(
    sound: npt.NDArray[np.floating[Any]], window: npt.NDArray[np.floating[Any]]
) -> Spectra:
    """Complex, a row for each frame."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    return np.fft.rfft(frames * window, axis=1)


def _gains(spectra: Spectra, noise: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """What is left of each bin, LEAST_GAIN to 1."""
    posterior = np.abs(spectra) ** 2 / np.maximum(noise, 1e-9)
    gains = np.empty_like(posterior)
    clean = np.ones(posterior.shape[1])
    for row, now in enumerate(posterior):
        prior = SMOOTHING * clean + (1 - SMOOTHING) * np.maximum(now - 1, 0.0)
        gains[row] = np.maximum(prior / (1 + prior), LEAST_GAIN)
        clean = gains[row] ** 2 * now
    return gains

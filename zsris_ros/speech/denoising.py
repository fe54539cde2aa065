"""Reduction of stationary noise in speech, estimated from the background before it.

A Wiener filter with the decision-directed estimate of the signal-to-noise ratio: Y. Ephraim and
D. Malah, Speech enhancement using a minimum mean-square error short-time spectral amplitude
estimator, IEEE Trans. ASSP 32 (1984), equation 51; the gain is P. Scalart and J. Vieira Filho's,
Speech enhancement based on a priori signal to noise estimation, ICASSP 1996.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.speech.audio import RATE, Samples, SpeechSegment
from zsris_ros.speech.wav import to_samples

WINDOW, HOP = 512, 128
"""Samples of a spectrum, and between two spectra."""
MIN_BACKGROUND = 0.2
"""Minimum seconds of background for the noise estimate."""
SMOOTHING = 0.98
"""Weight of the previous frame in the decision-directed estimate."""
MIN_GAIN = 0.1
"""Gain of pure noise; a floor avoids musical noise."""

Spectra = npt.NDArray[np.complexfloating[Any, Any]]


def denoise(speech: SpeechSegment) -> Samples:
    """Return ``speech.samples`` with less noise; unchanged with too little background."""
    if len(speech.background) < max(WINDOW, MIN_BACKGROUND * RATE) or not len(speech.samples):
        return speech.samples
    window = np.sqrt(np.hanning(WINDOW + 1)[:-1])
    noise = np.mean(np.abs(_spectra(speech.background.astype(np.float64), window)) ** 2, axis=0)
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
    """Return complex spectra, one row a frame."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    return np.fft.rfft(frames * window, axis=1)


def _gains(spectra: Spectra, noise: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Return the gain of each bin, MIN_GAIN to 1."""
    posterior = np.abs(spectra) ** 2 / np.maximum(noise, 1e-9)
    gains = np.empty_like(posterior)
    clean = np.ones(posterior.shape[1])
    for row, snr in enumerate(posterior):
        prior = SMOOTHING * clean + (1 - SMOOTHING) * np.maximum(snr - 1, 0.0)
        gains[row] = np.maximum(prior / (1 + prior), MIN_GAIN)
        clean = gains[row] ** 2 * snr
    return gains

"""Speech segments in quiet and in noise, with their start times, and denoising."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from support.speech_sounds import BEGIN, in_noise, quiet, sentence

from zsris_ros.speech.audio import RATE, SECOND, AudioBlock, Samples, SpeechSegment
from zsris_ros.speech.denoising import denoise
from zsris_ros.speech.endpointing import Endpointing, speech_segments
from zsris_ros.speech.wav import audio_blocks


def found(samples: Samples, settings: Endpointing | None = None) -> list[SpeechSegment]:
    return list(speech_segments(audio_blocks(samples), settings))


@pytest.mark.parametrize("snr", [None, 15.0, 5.0])
def test_speech_is_found_once_and_where_it_begins(snr: float | None) -> None:
    samples = sentence() if snr is None else in_noise(sentence(), snr)
    (speech,) = found(samples)
    assert abs(speech.start_ns / SECOND - BEGIN) < 0.3
    assert 2.2 < speech.duration < 3.6
    assert len(speech.background) > 0.5 * RATE


@pytest.mark.parametrize("level", [0.0, 3.0, 300.0, 3000.0])
def test_an_empty_room_has_no_segments(level: float) -> None:
    assert found(quiet(6.0, level=level)) == []


def test_two_sentences_are_two_segments() -> None:
    both = np.concatenate([sentence(), quiet(0.5), sentence()])
    first, second = found(both)
    apart = (len(sentence()) + 0.5 * RATE) / RATE
    assert (second.start_ns - first.start_ns) / SECOND == pytest.approx(apart, abs=0.3)


def test_a_starting_fan_is_adapted_to_as_background() -> None:
    """A cut segment raises the background level."""
    level = np.sqrt(np.mean(sentence().astype(float) ** 2) / 10**0.8)
    fan = quiet(9.0 + len(sentence()) / RATE, 2, level)
    loud = fan + np.concatenate([np.zeros(9 * RATE, np.int16), sentence()])
    *_, last = found(np.concatenate([quiet(3.0), loud]), Endpointing(longest=4.0))
    assert last.start_ns / SECOND == pytest.approx(12.0 + BEGIN, abs=0.4)


def test_speech_without_an_end_is_cut() -> None:
    endless = np.tile(sentence()[round(BEGIN * RATE) : round(3.8 * RATE)], 4)
    samples = np.concatenate([quiet(2.0), endless, quiet(2.0)])
    parts = found(samples, Endpointing(longest=3.0))
    assert len(parts) >= 3
    assert max(part.duration for part in parts) <= 3.15
    for part, following in pairwise(parts):
        end = part.start_ns + part.duration * SECOND
        assert following.start_ns > end - 0.2 * SECOND, "parts overlap"


def test_stamps_follow_the_blocks() -> None:
    """Stamps follow the blocks of a sound card whose clock is slow by a tenth."""
    offset = 1_700_000_000 * SECOND
    drifting = [
        AudioBlock(block.samples, offset + block.start_ns * 11 // 10)
        for block in audio_blocks(sentence())
    ]
    (straight,) = found(sentence())
    (drifted,) = speech_segments(drifting)
    assert (drifted.start_ns - offset) / straight.start_ns == pytest.approx(1.1, abs=0.06)


@pytest.mark.parametrize("size", [1, 160, 481, 100_000])
def test_blocks_may_have_any_length(size: int) -> None:
    samples = sentence()[: 2 * RATE]
    cut = [
        AudioBlock(samples[at : at + size], at * SECOND // RATE)
        for at in range(0, len(samples), size)
    ]
    (expected,) = found(samples)
    (speech,) = speech_segments(cut)
    assert np.array_equal(speech.samples, expected.samples)


def test_denoising_removes_noise_and_keeps_speech() -> None:
    clean = sentence()
    noisy = in_noise(clean, 10.0)
    (speech,) = found(noisy)
    at = round(speech.start_ns * RATE / SECOND)
    true = clean[at : at + len(speech.samples)].astype(float)
    before = np.mean((speech.samples - true) ** 2)
    after = np.mean((denoise(speech) - true) ** 2)
    assert after < 0.4 * before


def test_without_background_samples_are_unchanged() -> None:
    speech = SpeechSegment(sentence(), 0, np.empty(0, np.int16))
    assert denoise(speech) is speech.samples

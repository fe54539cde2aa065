"""Wav files of all integer formats become 16 kHz mono; other files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.wav_files import write_wav

from zsris_ros.speech.audio import RATE, SECOND, SpeechError
from zsris_ros.speech.wav import audio_blocks, read_wav, resample


def tone(rate: int, seconds: float = 0.5, hertz: float = 440.0) -> np.ndarray:
    return 10_000 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize(("rate", "channels"), [(RATE, 1), (8000, 1), (44_100, 2), (48_000, 4)])
def test_every_integer_format_is_the_same_sound(
    tmp_path: Path, width: int, rate: int, channels: int
) -> None:
    path = tmp_path / "tone.wav"
    write_wav(path, tone(rate), rate, width, channels)
    samples = read_wav(path)
    assert samples.dtype == np.int16 and len(samples) == RATE // 2
    inside = slice(400, -400)  # spectral resampling rings at the ends
    error = samples[inside] - tone(RATE)[inside]
    assert np.sqrt(np.mean(error**2)) < (200 if width == 1 else 100)


def test_an_empty_file_is_silence(tmp_path: Path) -> None:
    write_wav(tmp_path / "empty.wav", np.empty(0))
    assert len(read_wav(tmp_path / "empty.wav")) == 0


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no wav file at all, but some text" * 9])
def test_other_files_are_refused_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(content)
    with pytest.raises(SpeechError, match=r"sound\.wav is no wav file .*ffmpeg"):
        read_wav(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match=r"nothing\.wav cannot be read: No such file"):
        read_wav(tmp_path / "nothing.wav")


def test_frequencies_above_half_the_lower_rate_are_cut() -> None:
    high = tone(48_000, hertz=10_000)
    assert np.abs(resample(high, 48_000, RATE)[400:-400]).max() < 500


def test_blocks_hold_all_samples_at_their_times() -> None:
    samples = np.arange(2000, dtype=np.int16)
    found = list(audio_blocks(samples, 7 * SECOND))
    assert np.array_equal(np.concatenate([block.samples for block in found]), samples)
    for at, block in enumerate(found):
        assert block.start_ns == 7 * SECOND + at * 30_000_000

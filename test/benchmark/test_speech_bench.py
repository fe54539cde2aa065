"""Word errors, outcomes of a sentence, the voices, and the table in the documentation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")

from zsris_ros.benchmark.speech import voices
from zsris_ros.benchmark.speech.speech_bench import tables
from zsris_ros.benchmark.speech.speech_scores import Trial, summary
from zsris_ros.speech.audio import RATE
from zsris_ros.speech.recogniser import load_recogniser
from zsris_ros.speech.transcripts import edit_distance
from zsris_ros.speech.utterances import recognise_utterances
from zsris_ros.speech.wav import audio_blocks
from zsris_ros.training.speech.corpus import sentences

ROOT = Path(__file__).resolve().parents[2]


def trial(heard: str, confidence: float, right: bool, typed: str = "the red mug") -> Trial:
    return Trial(0, typed, "slt", "clean", heard, heard, confidence, True, right)


def test_a_sentence_is_right_or_wrong_or_asked_again() -> None:
    rows = [
        trial("the red mug", 0.9, True),
        trial("the bread mug", 0.9, False),
        trial("the red mug", 0.1, True),
        trial("", 0.0, False),
    ]
    (row,) = summary(rows)
    assert (row["right"], row["again"], row["wrong"]) == (0.25, 0.5, 0.25)
    assert (row["right_guesses"], row["whole"], row["typed_right"]) == (0.5, 0.5, 1.0)
    assert row["wer"] == pytest.approx((1 + 3) / 12, abs=1e-4)


def test_the_page_has_the_measured_figures() -> None:
    results = ROOT / "docs/results/speech"
    for path in results.glob("*/summary.json"):
        rows = path.with_name("trials.jsonl").read_text().splitlines()
        found = json.loads(path.read_text())
        assert summary(Trial(**json.loads(row)) for row in rows) == found["conditions"]
    command = "python -m zsris_ros.benchmark.speech.speech_bench --table-only"
    assert tables(results) in (ROOT / "docs/speech.md").read_text(), f"run {command}"


@pytest.mark.parametrize("snr", [0.0, 10.0])
def test_a_room_has_the_requested_signal_to_noise_ratio(snr: float) -> None:
    rng = np.random.default_rng(0)
    said = (3000 * np.sin(np.arange(RATE) * 0.2)).astype(np.int16)
    noise = voices.white(voices.room_length(said), rng)
    room = voices.in_a_room(said, rng, noise, snr)
    assert len(room) == voices.room_length(said)
    before = room[: round(voices.LEAD * RATE)].astype(float)
    assert 10 * np.log10(voices.speech_power(said) / np.var(before)) == pytest.approx(snr, abs=0.3)


@pytest.mark.skipif(not voices.have_flite(), reason="there is no flite: sudo apt install flite")
def test_voices_are_recognised_without_noise() -> None:
    recogniser = load_recogniser()
    rng = np.random.default_rng(3)
    errors = words = 0
    for number, said in enumerate(sentences(77, 8)):
        voice = voices.VOICES[number % len(voices.VOICES)]
        sound = voices.in_a_room(voices.speak(" ".join(said), voice), rng)
        heard = [each.text for each in recognise_utterances(audio_blocks(sound), recogniser)]
        errors += edit_distance(said, " ".join(heard).split())
        words += len(said)
    assert errors / words < 0.2

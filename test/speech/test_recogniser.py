"""What is said is recognised, with a confidence that falls with the noise; and what is missing."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.speech_sounds import BEGIN, SAID, in_noise, quiet, sentence

from zsris_ros.speech.audio import RATE, SECOND, Samples, Speech, SpeechError, Utterance
from zsris_ros.speech.confidence import Evidence, confidence
from zsris_ros.speech.listening import MIN_CONFIDENCE, listen, question
from zsris_ros.speech.load_recogniser import load_recogniser
from zsris_ros.speech.recogniser import RECOGNISERS, Recogniser
from zsris_ros.speech.sphinx import ADDED, SHIPPED, TRIGRAM
from zsris_ros.speech.wav import blocks
from zsris_ros.training.speech.language_model import make


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return load_recogniser()


def heard(recogniser: Recogniser, samples: Samples) -> list[Utterance]:
    return list(listen(blocks(samples), recogniser))


def test_a_sentence_is_recognised_with_the_time_at_which_it_began(recogniser: Recogniser) -> None:
    (utterance,) = heard(recogniser, sentence())
    assert utterance.text == SAID
    assert utterance.confidence >= MIN_CONFIDENCE
    assert abs(utterance.start_ns / SECOND - BEGIN) < 0.3
    assert utterance.recogniser == "pocketsphinx"


def test_two_sentences_do_not_mix(recogniser: Recogniser) -> None:
    both = np.concatenate([sentence(), quiet(0.5), sentence()])
    assert [utterance.text for utterance in heard(recogniser, both)] == [SAID, SAID]


def test_noise_lowers_the_confidence(recogniser: Recogniser) -> None:
    (clear,) = heard(recogniser, sentence())
    muddled = heard(recogniser, in_noise(sentence(), -3.0))
    assert all(each.confidence < MIN_CONFIDENCE < clear.confidence for each in muddled)


def test_without_words_nothing_is_sure(recogniser: Recogniser) -> None:
    nothing = Speech(quiet(1.0), 0, quiet(1.0, 1))
    found = recogniser.recognise(nothing)
    assert found.confidence < MIN_CONFIDENCE
    assert confidence(Evidence("", (), 60.0)) == 0.0


def test_confidence_rises_with_each_evidence() -> None:
    base = confidence(Evidence("the mug", (0.5, 0.5), 15.0))
    assert confidence(Evidence("the mug", (0.9, 0.5), 15.0)) > base
    assert confidence(Evidence("the mug", (0.5, 0.5), 25.0)) > base
    assert confidence(Evidence("the mug", (0.5, 0.01), 15.0)) < base
    assert 0.0 < confidence(Evidence("x", (0.0,), -50.0)) < base < 1.0


def test_what_was_not_understood_is_asked_again() -> None:
    unsure = Utterance("the red mud", 0.2, 0, 1.0, "pocketsphinx")
    assert question(unsure) == 'Did you say "the red mud"? Please say it again.'
    assert "say it again" in question(Utterance("", 0.0, 0, 1.0, "pocketsphinx"))


def test_an_own_model_knows_own_things_and_is_the_same_each_time(tmp_path: Path) -> None:
    left_out = make(tmp_path / "first", ["glovebox", "zzgh"], count=300)
    make(tmp_path / "second", ["glovebox", "zzgh"], count=300)
    assert "zzgh" in left_out
    for name in (TRIGRAM, ADDED):
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes() != (SHIPPED / name).read_bytes()
    assert b"glovebox" in gzip.decompress((tmp_path / "first" / TRIGRAM).read_bytes())
    assert load_recogniser(model=str(tmp_path / "first")).recognise(Speech(sentence(), 0, quiet(1)))


def test_what_is_shipped_is_small() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 500_000


def test_an_unknown_recogniser_is_refused_with_those_there_are() -> None:
    with pytest.raises(SpeechError, match=r"called 'sphinx'; there are pocketsphinx, faster"):
        load_recogniser("sphinx")


def test_a_folder_without_a_model_is_refused_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match=r"is missing; make it with `python -m zsris_ros\.speech"):
        load_recogniser(model=str(tmp_path))


@pytest.mark.parametrize("name", RECOGNISERS[1:])
def test_others_need_a_model(name: str) -> None:
    with pytest.raises(SpeechError, match=f"{name} needs a model"):
        load_recogniser(name)


@pytest.mark.parametrize("name", RECOGNISERS)
def test_a_recogniser_that_is_not_installed_says_how(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name.replace("-", "_"), None)
    with pytest.raises(SpeechError, match=f"pip install {name}"):
        load_recogniser(name, str(SHIPPED))


# No weights of the two below can be had everywhere: stand-ins with the interfaces of their
# releases 1.2.1 and 0.3.45 check what is made of their answers.


def test_whisper_is_as_sure_as_of_its_least_sure_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    class WhisperModel:
        def __init__(self, model: str, local_files_only: bool) -> None:
            given.update(model=model, local=local_files_only)

        def transcribe(self, sound: np.ndarray, **options: Any) -> tuple[Any, Any]:
            given.update(options, peak=np.abs(sound).max(), kind=sound.dtype)
            rows = [(" The red mug,", -0.1, 0.0), (" please.", -0.5, 0.2)]
            return (SimpleNamespace(text=t, avg_logprob=p, no_speech_prob=n) for t, p, n in rows), 0

    stand_in = ModuleType("faster_whisper")
    stand_in.WhisperModel = WhisperModel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "faster_whisper", stand_in)
    found = load_recogniser("faster-whisper", "small.en").recognise(Speech(sentence(), 0, quiet(1)))
    assert found.text == "the red mug please"
    assert found.confidence == pytest.approx(np.exp(-0.5) * 0.8)
    assert given["local"] and given["language"] == "en"
    assert given["kind"] == np.float32 and given["peak"] <= 1.0


def test_vosk_is_as_sure_as_of_its_least_sure_word(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    class KaldiRecognizer:
        def __init__(self, model: str, rate: int) -> None:
            assert rate == RATE

        def SetWords(self, wanted: bool) -> None:
            assert wanted

        def Reset(self) -> None:
            taken.clear()

        def AcceptWaveform(self, data: bytes) -> int:
            taken.append(len(data))
            return 0

        def FinalResult(self) -> str:
            return '{"text": "red mug", "result": [{"conf": 0.9}, {"conf": 0.4}]}'

    stand_in = ModuleType("vosk")
    stand_in.Model = str  # type: ignore[attr-defined]
    stand_in.KaldiRecognizer = KaldiRecognizer  # type: ignore[attr-defined]
    stand_in.SetLogLevel = lambda level: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vosk", stand_in)
    found = load_recogniser("vosk", "folder").recognise(Speech(sentence(), 0, quiet(1.0)))
    assert (found.text, found.confidence) == ("red mug", 0.4)
    assert taken == [2 * len(sentence())]

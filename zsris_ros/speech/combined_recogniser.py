"""Speech recognition by Whisper and pocketsphinx together.

Whisper recognises more sentences among other voices, pocketsphinx more in white noise, and both
rarely make the same error. Every text that either of them considers is scored by both and by the
trigram of requests; the weights and the confidence are fitted by ``python -m
zsris_ros.benchmark.speech.combination_fit``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zsris_ros.speech.audio import RecognisedText, SpeechSegment
from zsris_ros.speech.neural_recognisers import FasterWhisper, WhisperGuesses
from zsris_ros.speech.pocketsphinx_recogniser import MAX_SNR_FEATURE_DB, Pocketsphinx, snr_db
from zsris_ros.speech.transcripts import edit_distance
from zsris_ros.speech.trigram import Trigram

ALTERNATIVES = 6
"""Texts of pocketsphinx that join Whisper's eight; each takes Whisper a tenth of a second. Fifty
would hold the right text in one of a hundred cases more."""
PHONE = 2.0
"""Logarithm by which a text of pocketsphinx loses probability for each phone that differs. With 1
to 4 and the weights fitted again, the right text is chosen equally often within a hundredth."""
WEIGHTS = (0.46, 0.39, 0.5, 1.32)
"""Weights of the logarithms of ``Candidate`` and of the number of words, fitted on 360 sentences
with Whisper tiny.en."""
CONFIDENCE = (0.17, 0.49, 1.02, 0.31, 1.67, 0.33)
"""Logistic regression on ``confidence_features``, the constant first, fitted on the same. In cross
validation, confidences below 0.2, from 0.4 to 0.6 and above 0.9 were right in 6, 46 and 96 of 100
cases."""
FILLERS = frozenset({"a", "an", "the", "uh", "um"})
"""Words that change no request: texts that differ in them alone share their probability."""
MAX_SHARE = 1 - 1e-4
"""A single candidate has a share of 1, whose odds are infinite."""
MIN_REMEMBERED = 0.5
"""Minimum confidence of the texts that precede the next sound: wrong ones would mislead Whisper."""

Words = tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """A text with logarithms of its probability.

    ``whisper`` and ``trigram`` are of the text; ``pocketsphinx`` is relative to its best text,
    which has 0.
    """

    words: Words
    whisper: float
    pocketsphinx: float
    trigram: float

    @property
    def features(self) -> tuple[float, ...]:
        """The features that WEIGHTS belong to."""
        return self.whisper, self.pocketsphinx, self.trigram, float(len(self.words))


@dataclass(frozen=True)
class Choice:
    """The candidate of the highest score.

    ``share`` is its share of the probability; ``agreed`` whether it is pocketsphinx's best text.
    For both, texts of the same ``content`` count as one.
    """

    best: Candidate
    share: float
    agreed: bool


def choose(found: Sequence[Candidate], weights: Sequence[float] = WEIGHTS) -> Choice:
    """Return the best of one or more candidates."""
    scores = np.array([each.features for each in found]) @ np.array(weights)
    shares = np.exp(scores - scores.max())
    best = found[int(scores.argmax())]
    same = [content(each.words) == content(best.words) for each in found]
    agreed = any(each.pocketsphinx == 0 for each, equal in zip(found, same, strict=True) if equal)
    return Choice(best, float(shares[same].sum() / shares.sum()), agreed)


def content(words: Words) -> Words:
    """Return ``words`` without FILLERS."""
    return tuple(word for word in words if word not in FILLERS)


def confidence_features(choice: Choice, snr: float) -> tuple[float, ...]:
    """Return the features that CONFIDENCE belongs to.

    They are the log odds of the share, Whisper's and the trigram's mean logarithm of a word, the
    agreement and the signal-to-noise ratio.
    """
    share = min(choice.share, MAX_SHARE)
    count = len(choice.best.words) + 1  # and the end of the text
    return (
        math.log(share / (1 - share)),
        choice.best.whisper / count,
        choice.best.trigram / count,
        float(choice.agreed),
        max(0.0, min(MAX_SNR_FEATURE_DB, snr)) / 10,
    )


def confidence(features: Sequence[float], regression: Sequence[float] = CONFIDENCE) -> float:
    """Return the probability that all words but FILLERS are right."""
    logit = regression[0] + float(np.dot(regression[1:], features))
    return 1 / (1 + math.exp(-logit))


class Combined:
    """faster-whisper and pocketsphinx, each with the other's hypotheses.

    Where one of them returns nothing, the other's texts remain.
    """

    name = "combined"

    def __init__(
        self, whisper: FasterWhisper, pocketsphinx: Pocketsphinx, trigram: Trigram
    ) -> None:
        self.whisper = whisper
        self._pocketsphinx, self._trigram = pocketsphinx, trigram

    def recognise(self, speech: SpeechSegment) -> RecognisedText:
        """See ``Recogniser``; a text of at least MIN_REMEMBERED precedes the next sound."""
        found, guesses = self.candidates(speech)
        if not found:
            return RecognisedText("", 0.0)
        choice = choose(found)
        text = " ".join(choice.best.words)
        sure = guesses.speech * confidence(confidence_features(choice, snr_db(speech)))
        if sure >= MIN_REMEMBERED:
            self.whisper.remember(text)
        return RecognisedText(text, sure)

    def candidates(self, speech: SpeechSegment) -> tuple[list[Candidate], WhisperGuesses]:
        """Return the different texts of both, and Whisper's guesses alone."""
        self._pocketsphinx.decode(speech)
        lattice = self._pocketsphinx.alternatives(ALTERNATIVES)
        found = self.whisper.guess(speech)
        whisper: dict[Words, float] = {}
        for each in found.hypotheses:  # texts may occur twice, with different punctuation
            whisper[each.words] = max(each.log_probability, whisper.get(each.words, -math.inf))
        further = [words for words in lattice if words not in whisper]
        scores = self.whisper.log_probabilities(found, further)
        whisper.update(zip(further, scores, strict=True))
        heard = self._by_sound(list(whisper), lattice)
        trigram = self._trigram.log_probability
        texts = [
            Candidate(words, whisper[words], heard[words], trigram(words)) for words in whisper
        ]
        return texts, found

    def _by_sound(
        self, texts: Sequence[Words], lattice: Mapping[Words, float]
    ) -> dict[Words, float]:
        """Return pocketsphinx's logarithm of each text, less PHONE for each phone that differs."""
        known = [(self._pocketsphinx.phones(words), score) for words, score in lattice.items()]
        scores = {}
        for words in texts:
            phones = self._pocketsphinx.phones(words)
            scores[words] = max(
                (score - PHONE * edit_distance(phones, other) for other, score in known),
                default=-PHONE,
            )
        return scores

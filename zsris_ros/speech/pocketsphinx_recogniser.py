"""Speech recognition by pocketsphinx with a language model of requests to robots."""

from __future__ import annotations

import gzip
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from zsris_ros.speech.audio import (
    RecognisedText,
    Samples,
    SpeechError,
    SpeechSegment,
    require_package,
)
from zsris_ros.speech.denoising import denoise

SHIPPED = Path(__file__).parent / "english"
TRIGRAM = "trigram.arpa.gz"
DICTIONARY = "added.dict"
LANGUAGE_WEIGHT = 10.0
"""Weight of the language model against the acoustic model; pocketsphinx's default of 6.5 is for
more varied speech."""

SCORE_SCALE = 1024
"""pocketsphinx's scores are logarithms divided by this number, so that they fit into 32 bits."""
MAX_PATHS = 200
"""Paths of the lattice that are searched for different texts."""

MAX_SNR_DB, MAX_SNR_FEATURE_DB = 60.0, 30.0
"""Limits of the signal-to-noise ratio: measured, and as a feature of the confidence."""
MIN_POSTERIOR = 1e-6
BIAS, WEAKEST, MEAN, SNR = -0.46, 0.36, 0.66, 0.78
"""A logistic regression on 146 hypotheses of 40 sentences that no result is measured on, by four
voices of flite in quiet, in white noise and in babble of 20, 10 and 5 dB. In five-fold cross
validation, hypotheses of confidence below 0.2, around 0.5 and above 0.6 were right in 5, 50 and 79
of 100 cases."""


@dataclass(frozen=True)
class Evidence:
    """A hypothesis with the features of its confidence.

    ``posteriors`` are the words' posterior probabilities in the lattice; ``snr_db`` is the level of
    the speech over the background.
    """

    text: str
    posteriors: tuple[float, ...]
    snr_db: float


def confidence(evidence: Evidence) -> float:
    """Return the probability that all words are right, 0 without words."""
    if not evidence.posteriors:
        return 0.0
    logs = [math.log(max(MIN_POSTERIOR, each)) for each in evidence.posteriors]
    snr = max(0.0, min(MAX_SNR_FEATURE_DB, evidence.snr_db)) / 10
    logit = BIAS + WEAKEST * min(logs) + MEAN * (sum(logs) / len(logs)) + SNR * snr
    return 1 / (1 + math.exp(-logit))


class Pocketsphinx:
    """pocketsphinx's acoustic model and dictionary with the trigram and words of ``model``.

    Raises SpeechError when pocketsphinx is not installed or a file of the model is missing.
    """

    name = "pocketsphinx"

    def __init__(self, model: Path = SHIPPED) -> None:
        pocketsphinx = require_package("pocketsphinx")
        for file in (model / TRIGRAM, model / DICTIONARY):
            if not file.is_file():
                raise SpeechError(
                    f"{file} is missing; make it with "
                    f"`python -m zsris_ros.training.speech.language_model {model}`"
                )
        base = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")).read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            words, trigram = Path(folder, "words.dict"), Path(folder, "trigram.arpa")
            words.write_bytes(base.rstrip() + b"\n" + (model / DICTIONARY).read_bytes())
            trigram.write_bytes(gzip.decompress((model / TRIGRAM).read_bytes()))
            self._decoder: Any = pocketsphinx.Decoder(
                dict=str(words), lm=str(trigram), lw=LANGUAGE_WEIGHT, loglevel="FATAL"
            )

    def recognise(self, speech: SpeechSegment) -> RecognisedText:
        """Denoise and recognise ``speech``; see ``Recogniser``."""
        evidence = self.decode(speech)
        return RecognisedText(evidence.text, confidence(evidence))

    def decode(self, speech: SpeechSegment) -> Evidence:
        """Return the best hypothesis and the features of its confidence."""
        decoder = self._decoder
        self._process(denoise(speech))
        best = decoder.hyp()
        text = " ".join(_words(best.hypstr)) if best else ""
        # Silence, noise and the sentence's start and end are in brackets.
        words = [each for each in decoder.seg() if each.word[0] not in "<["] if text else []
        return Evidence(text, tuple(float(each.prob) for each in words), snr_db(speech))

    def alternatives(self, count: int) -> dict[tuple[str, ...], float]:
        """Return the ``count`` best different texts of the speech decoded last.

        Their scores are logarithms on the scale of the language model's, the best one's is 0.
        """
        if self._decoder.hyp() is None:
            return {}
        texts: dict[tuple[str, ...], float] = {}
        for each in islice(self._decoder.nbest(), MAX_PATHS):
            words = _words(each.hypstr) if each is not None else ()
            if not words or each.score <= 0:
                continue
            score = SCORE_SCALE * math.log(each.score) / LANGUAGE_WEIGHT
            texts[words] = max(score, texts.get(words, -math.inf))
        best = sorted(texts, key=texts.__getitem__, reverse=True)[:count]
        return {words: texts[words] - texts[best[0]] for words in best}

    def phones(self, words: Sequence[str]) -> list[str]:
        """Return the phones of ``words``; the letters of a word that the dictionary lacks."""
        found = (self._decoder.lookup_word(word) for word in words)
        return [
            phone
            for word, phones in zip(words, found, strict=True)
            for phone in (phones.split() if phones else word)
        ]

    def _process(self, samples: Samples) -> None:
        self._decoder.start_stream()  # resets the noise estimate of the previous segment
        self._decoder.start_utt()
        self._decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()


def _words(hypothesis: str) -> tuple[str, ...]:
    """Return the words without silence and noise; alternatives are numbered: "the(2)"."""
    return tuple(each.partition("(")[0] for each in hypothesis.split() if each[0] not in "<[")


def snr_db(speech: SpeechSegment) -> float:
    """Return the level of the speech over the background in dB; MAX_SNR_DB without background."""
    if not len(speech.background):
        return MAX_SNR_DB
    ratio = _power(speech.samples) / _power(speech.background)
    return min(MAX_SNR_DB, 10 * math.log10(ratio))


def _power(samples: Samples) -> float:
    return float(np.var(samples.astype(np.float64))) + 1.0

"""Speech recognised by pocketsphinx, with a language model of what robots are asked for."""

from __future__ import annotations

import gzip
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from zsris_ros.speech.audio import Heard, Samples, Speech, SpeechError
from zsris_ros.speech.confidence import Evidence, confidence
from zsris_ros.speech.denoising import denoised
from zsris_ros.speech.recogniser import POCKETSPHINX

SHIPPED = Path(__file__).parent / "english"
TRIGRAM = "trigram.arpa.gz"
ADDED = "added.dict"
LANGUAGE_WEIGHT = 10.0
"""What the language model counts against the sound; more than pocketsphinx's 6.5, because what is
asked of a robot is less varied than what it was made for."""


class Sphinx:
    """pocketsphinx's own acoustic model and dictionary, and the trigram and words of ``model``.

    Raises SpeechError when pocketsphinx is not installed or the folder holds no such model.
    """

    name = POCKETSPHINX

    def __init__(self, model: Path = SHIPPED) -> None:
        try:
            import pocketsphinx
        except ImportError as error:
            raise SpeechError(
                "recognising speech needs pocketsphinx: pip install pocketsphinx"
            ) from error
        for file in (model / TRIGRAM, model / ADDED):
            if not file.is_file():
                raise SpeechError(
                    f"{file} is missing; make it with "
                    f"`python -m zsris_ros.training.speech.language_model {model}`"
                )
        dictionary = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
        with tempfile.TemporaryDirectory() as folder:
            words, trigram = Path(folder, "words.dict"), Path(folder, "trigram.arpa")
            words.write_bytes(
                dictionary.read_bytes().rstrip() + b"\n" + (model / ADDED).read_bytes()
            )
            trigram.write_bytes(gzip.decompress((model / TRIGRAM).read_bytes()))
            self._decoder: Any = pocketsphinx.Decoder(
                dict=str(words), lm=str(trigram), lw=LANGUAGE_WEIGHT, loglevel="FATAL"
            )

    def recognise(self, speech: Speech) -> Heard:
        """See ``Recogniser``. Steady noise is taken out first."""
        evidence = self.decode(speech)
        return Heard(evidence.text, confidence(evidence))

    def decode(self, speech: Speech) -> Evidence:
        """The best guess and what tells how good it is."""
        decoder, samples = self._decoder, denoised(speech)
        decoder.start_stream()  # forgets what it has learnt of the noise of what was said before
        decoder.start_utt()
        decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        guess = decoder.hyp()
        text = " ".join(_word(each) for each in guess.hypstr.split()) if guess else ""
        # What is in brackets is silence, noise, the sentence's start and end.
        words = [each for each in decoder.seg() if each.word[0] not in "<["] if text else []
        return Evidence(text, tuple(float(each.prob) for each in words), loudness(speech))


def loudness(speech: Speech) -> float:
    """Decibels by which the speech exceeds the room before it; 60 at most, and if it is unknown."""
    if not len(speech.before):
        return 60.0
    return min(60.0, 10 * math.log10(_power(speech.samples) / _power(speech.before)))


def _power(samples: Samples) -> float:
    return float(np.var(samples.astype(np.float64))) + 1.0


def _word(word: str) -> str:
    """Without the number of its pronunciation: "the(2)"."""
    return word.partition("(")[0]

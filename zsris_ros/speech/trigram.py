"""The shipped trigram of requests to robots as a score of texts."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zsris_ros.speech.audio import SpeechError, require_package
from zsris_ros.speech.pocketsphinx_recogniser import SHIPPED, TRIGRAM

UNKNOWN = -12.0
"""Natural logarithm of the probability of a word outside of the trigram's vocabulary."""
_ORDER = 3


class Trigram:
    """A language model in ARPA's form, gzipped, read by pocketsphinx.

    Raises SpeechError when pocketsphinx is not installed.
    """

    def __init__(self, path: Path) -> None:
        pocketsphinx = require_package("pocketsphinx")
        self._log: Any = pocketsphinx.LogMath()
        with tempfile.TemporaryDirectory() as folder:
            arpa = Path(folder, "trigram.arpa")
            arpa.write_bytes(gzip.decompress(path.read_bytes()))
            config = pocketsphinx.Config(lm=str(arpa), loglevel="FATAL")
            self._model: Any = pocketsphinx.NGramModel(config, self._log, str(arpa))

    def log_probability(self, words: Sequence[str]) -> float:
        """Return the natural logarithm of a sentence's probability."""
        sentence = ["<s>", *words, "</s>"]
        total = 0.0
        for end in range(1, len(sentence)):
            newest_first = sentence[max(0, end - _ORDER + 1) : end + 1][::-1]
            total += max(UNKNOWN, self._log.log_to_ln(self._model.prob(newest_first)))
        return total


def shipped_trigram() -> Trigram | None:
    """Return the shipped trigram, None without pocketsphinx."""
    try:
        return Trigram(SHIPPED / TRIGRAM)
    except SpeechError:
        return None

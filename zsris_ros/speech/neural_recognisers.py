"""Speech recognition by faster-whisper or vosk, with an installed package and a downloaded model.

Both have a far larger vocabulary than pocketsphinx, and no bias to requests to robots.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from zsris_ros.speech.audio import (
    RATE,
    RecognisedText,
    SpeechError,
    SpeechSegment,
    require_package,
    spoken_words,
)


class FasterWhisper:
    """faster-whisper with a model from a folder, or by name from its cache; never downloads.

    Raises SpeechError when it is not installed or the model cannot be read.
    """

    name = "faster-whisper"

    def __init__(self, model: str) -> None:
        faster_whisper = require_package("faster_whisper")
        try:
            self._model: Any = faster_whisper.WhisperModel(model, local_files_only=True)
        except Exception as error:  # of several libraries
            raise SpeechError(f"{self.name} cannot read the model {model}: {error}") from error

    def recognise(self, speech: SpeechSegment) -> RecognisedText:
        """See ``Recogniser``; the confidence is the minimum over segments of P(words) P(speech)."""
        sound = speech.samples.astype(np.float32) / 32768
        found, _ = self._model.transcribe(sound, language="en", condition_on_previous_text=False)
        segments = list(found)
        text = " ".join(spoken_words(" ".join(segment.text for segment in segments)))
        if not text:
            return RecognisedText("", 0.0)
        probabilities = [
            math.exp(each.avg_logprob) * (1 - each.no_speech_prob) for each in segments
        ]
        return RecognisedText(text, min(probabilities))


class Vosk:
    """vosk with a model from a folder. Raises SpeechError as ``FasterWhisper`` does."""

    name = "vosk"

    def __init__(self, model: str) -> None:
        vosk = require_package("vosk")
        vosk.SetLogLevel(-1)
        try:
            self._recogniser: Any = vosk.KaldiRecognizer(vosk.Model(model), RATE)
        except Exception as error:  # the only type that vosk raises
            raise SpeechError(f"{self.name} cannot read the model {model}: {error}") from error
        self._recogniser.SetWords(True)

    def recognise(self, speech: SpeechSegment) -> RecognisedText:
        """See ``Recogniser``; the confidence is the minimum over the words."""
        self._recogniser.Reset()
        self._recogniser.AcceptWaveform(speech.samples.astype("<i2").tobytes())
        found = json.loads(self._recogniser.FinalResult())
        text = " ".join(spoken_words(found.get("text", "")))
        words = found.get("result", [])
        return RecognisedText(
            text, min((word["conf"] for word in words), default=0.0) if text else 0.0
        )

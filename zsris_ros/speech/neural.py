"""Speech recognised by faster-whisper or vosk, for whoever has installed one and fetched a model.

Both know far more English than pocketsphinx, and hear it through more noise.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from zsris_ros.speech.audio import RATE, Heard, Speech, SpeechError
from zsris_ros.speech.recogniser import FASTER_WHISPER, VOSK
from zsris_ros.speech.spoken_text import words_of


class Whisper:
    """faster-whisper with a model in a folder, or one by its name that has been fetched before.

    Raises SpeechError when it is not installed or the model cannot be read; it never fetches one.
    """

    name = FASTER_WHISPER

    def __init__(self, model: str) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise SpeechError(
                f"{self.name} is not installed: pip install faster-whisper"
            ) from error
        try:
            self._model: Any = WhisperModel(model, local_files_only=True)
        except Exception as error:  # of several libraries
            raise SpeechError(f"{self.name} cannot read the model {model}: {error}") from error

    def recognise(self, speech: Speech) -> Heard:
        """See ``Recogniser``. Sure is what has likely words and is likely to be speech at all."""
        sound = speech.samples.astype(np.float32) / 32768
        found, _ = self._model.transcribe(sound, language="en", condition_on_previous_text=False)
        segments = list(found)
        text = " ".join(words_of(" ".join(segment.text for segment in segments)))
        if not text:
            return Heard("", 0.0)
        sure = min(
            math.exp(segment.avg_logprob) * (1 - segment.no_speech_prob) for segment in segments
        )
        return Heard(text, sure)


class Vosk:
    """vosk with a model in a folder. Raises SpeechError as ``Whisper`` does."""

    name = VOSK

    def __init__(self, model: str) -> None:
        try:
            import vosk
        except ImportError as error:
            raise SpeechError(f"{self.name} is not installed: pip install vosk") from error
        vosk.SetLogLevel(-1)
        try:
            self._recogniser: Any = vosk.KaldiRecognizer(vosk.Model(model), RATE)
        except Exception as error:  # vosk raises nothing narrower
            raise SpeechError(f"{self.name} cannot read the model {model}: {error}") from error
        self._recogniser.SetWords(True)

    def recognise(self, speech: Speech) -> Heard:
        """See ``Recogniser``. As sure as of the least certain word."""
        self._recogniser.Reset()
        self._recogniser.AcceptWaveform(speech.samples.astype("<i2").tobytes())
        found = json.loads(self._recogniser.FinalResult())
        text = " ".join(words_of(found.get("text", "")))
        words = found.get("result", [])
        return Heard(text, min((word["conf"] for word in words), default=0.0) if text else 0.0)

"""The protocol of speech recognisers, and their choice by name."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from zsris_ros.speech.audio import RecognisedText, SpeechError, SpeechSegment
from zsris_ros.speech.combined_recogniser import Combined
from zsris_ros.speech.neural_recognisers import FasterWhisper, Vosk
from zsris_ros.speech.pocketsphinx_recogniser import SHIPPED, TRIGRAM, Pocketsphinx
from zsris_ros.speech.trigram import Trigram

RECOGNISERS = (Pocketsphinx.name, FasterWhisper.name, Combined.name, Vosk.name)


class Recogniser(Protocol):
    """Converts speech into text; ``name`` is one of RECOGNISERS."""

    name: str

    def recognise(self, speech: SpeechSegment) -> RecognisedText:
        """Return the best hypothesis in lower case without punctuation; "" without one."""
        ...


def load_recogniser(name: str = Pocketsphinx.name, model: str = "") -> Recogniser:
    """Load a recogniser.

    Args:
        name: One of RECOGNISERS.
        model: Folder of the model; for faster-whisper, also as a part of combined, the name of a
            cached model, such as small.en, too. Without it pocketsphinx uses the shipped model; the
            others need one.

    Raises:
        SpeechError: The recogniser is unknown or not installed, or the model is missing.
    """
    if name == Pocketsphinx.name:
        return Pocketsphinx(Path(model) if model else SHIPPED)
    if name not in RECOGNISERS:
        raise SpeechError(f"no recogniser is called {name!r}; there are {', '.join(RECOGNISERS)}")
    if not model:
        raise SpeechError(f"{name} needs a model: give the folder of a downloaded one")
    if name == Combined.name:
        trigram = Trigram(SHIPPED / TRIGRAM)
        return Combined(FasterWhisper(model, trigram), Pocketsphinx(), trigram)
    return FasterWhisper(model) if name == FasterWhisper.name else Vosk(model)

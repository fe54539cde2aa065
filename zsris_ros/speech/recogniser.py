"""The recognisers: one protocol, and which there are."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from zsris_ros.speech.types import Heard, Speech, SpeechError

POCKETSPHINX, FASTER_WHISPER, VOSK = "pocketsphinx", "faster-whisper", "vosk"
RECOGNISERS = (POCKETSPHINX, FASTER_WHISPER, VOSK)


class Recogniser(Protocol):
    """Turns speech into text. ``name`` tells which one it is."""

    name: str

    def recognise(self, speech: Speech) -> Heard:
        """The best guess, in lower case and without punctuation; "" when nothing was understood."""
        ...


def load_recogniser(name: str = POCKETSPHINX, model: str = "") -> Recogniser:
    """The recogniser ``name`` with the model in the folder ``model``.

    Without a model pocketsphinx takes the one that is shipped; the others need one: a folder, and
    for faster-whisper also a name, such as small.en, that is in its cache. Raises SpeechError.
    """
    if name == POCKETSPHINX:
        from zsris_ros.speech.sphinx import SHIPPED, Sphinx

        return Sphinx(Path(model) if model else SHIPPED)
    if name not in RECOGNISERS:
        raise SpeechError(f"no recogniser is called {name!r}; there are {', '.join(RECOGNISERS)}")
    if not model:
        raise SpeechError(f"{name} needs a model: name the folder of one that you have fetched")
    from zsris_ros.speech.neural import Vosk, Whisper

    return Whisper(model) if name == FASTER_WHISPER else Vosk(model)

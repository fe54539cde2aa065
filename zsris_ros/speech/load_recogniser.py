"""A recogniser by its name."""

from __future__ import annotations

from pathlib import Path

from zsris_ros.speech.audio import SpeechError
from zsris_ros.speech.neural import Vosk, Whisper
from zsris_ros.speech.recogniser import FASTER_WHISPER, POCKETSPHINX, RECOGNISERS, Recogniser
from zsris_ros.speech.sphinx import SHIPPED, Sphinx


def load_recogniser(name: str = POCKETSPHINX, model: str = "") -> Recogniser:
    """The recogniser ``name`` with the model in the folder ``model``.

    Without a model pocketsphinx takes the one that is shipped; the others need one: a folder, and
    for faster-whisper also a name, such as small.en, that is in its cache. Raises SpeechError.
    """
    if name == POCKETSPHINX:
        return Sphinx(Path(model) if model else SHIPPED)
    if name not in RECOGNISERS:
        raise SpeechError(f"no recogniser is called {name!r}; there are {', '.join(RECOGNISERS)}")
    if not model:
        raise SpeechError(f"{name} needs a model: name the folder of one that you have fetched")
    return Whisper(model) if name == FASTER_WHISPER else Vosk(model)

"""The protocol of recognisers, and their names."""

from __future__ import annotations

from typing import Protocol

from zsris_ros.speech.audio import Heard, Speech

POCKETSPHINX, FASTER_WHISPER, VOSK = "pocketsphinx", "faster-whisper", "vosk"
RECOGNISERS = (POCKETSPHINX, FASTER_WHISPER, VOSK)


class Recogniser(Protocol):
    """Turns speech into text. ``name`` tells which one it is."""

    name: str

    def recognise(self, speech: Speech) -> Heard:
        """The best guess, in lower case and without punctuation; "" when nothing was understood."""
        ...

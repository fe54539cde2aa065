"""Microphone blocks with their times, and errors of missing parts."""

from __future__ import annotations

import importlib
import sys
import threading
from itertools import islice
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")

from zsris_ros.speech import microphone as module
from zsris_ros.speech.audio import SECOND, SpeechError
from zsris_ros.speech.microphone import microphone
from zsris_ros.speech.wav import BLOCK


class Stream:
    """A sound card that calls back from its own thread, as PortAudio does."""

    def __init__(self, rate: int, length: int, device: Any, callback: Any, **_: Any) -> None:
        self.device, self._callback, self._length = device, callback, length
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Stream:
        if self.device != "silent":
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(0.001):
            self._callback(b"\x01\x00" * self._length, self._length, None, None)


def stand_in(monkeypatch: pytest.MonkeyPatch, stream: Any = Stream) -> None:
    sounddevice = ModuleType("sounddevice")
    sounddevice.RawInputStream = stream  # type: ignore[attr-defined]
    sounddevice.PortAudioError = type("PortAudioError", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice)


def test_missing_sounddevice_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SpeechError, match="pip install sounddevice"):
        next(microphone())


def test_missing_portaudio_or_sound_card_is_an_error() -> None:
    """With the real library, on a machine without a microphone."""
    try:
        if importlib.import_module("sounddevice").query_devices(kind="input"):
            pytest.skip("there is a microphone here")
    except ImportError:
        pytest.skip("sounddevice is not installed")
    except Exception:
        pass  # no PortAudio or no device: the tested case
    with pytest.raises(SpeechError, match=r"libportaudio2|cannot be opened"):
        next(microphone())


def test_a_device_that_cannot_be_opened_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ValueError("No input device matching 'headset'")

    stand_in(monkeypatch, refuse)
    with pytest.raises(SpeechError, match=r"microphone headset cannot be opened .*python -m sound"):
        next(microphone("headset"))


def test_blocks_carry_the_time_at_which_they_began(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    for block in islice(microphone(now_ns=lambda: 5 * SECOND), 3):
        assert len(block.samples) == BLOCK and set(block.samples) == {1}
        assert block.start_ns == 5 * SECOND - 30_000_000


def test_a_stopped_microphone_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    received: list[int] = []
    for block in microphone(stopped=lambda: len(received) >= 2):
        received.append(len(block.samples))
    assert len(received) == 2


def test_a_disconnected_microphone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    monkeypatch.setattr(module, "LOST_AFTER", 0.3)
    with pytest.raises(SpeechError, match="still plugged in"):
        next(microphone("silent"))

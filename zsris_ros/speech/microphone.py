"""Microphone input through sounddevice and PortAudio."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from zsris_ros.speech.audio import RATE, SECOND, AudioBlock, SpeechError, require_package
from zsris_ros.speech.wav import BLOCK

POLL = 0.2
"""Seconds between two checks of ``stopped`` while no block arrives."""
LOST_AFTER = 5.0
"""Seconds without a block after which the microphone counts as disconnected."""


def microphone(
    device: str = "",
    now_ns: Callable[[], int] = time.time_ns,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[AudioBlock]:
    """Yield the microphone's sound in blocks of 30 ms until ``stopped`` returns True.

    Args:
        device: Number or part of a name of `python -m sounddevice`; "" for the default device.
        now_ns: Clock for the blocks, in nanoseconds. Blocks are stamped on arrival, so that the
            sound card's clock cannot drift from it.
        stopped: Polled while waiting.

    Raises:
        SpeechError: There is no microphone or it was disconnected.
    """
    arrived: queue.Queue[AudioBlock] = queue.Queue()

    def enqueue(data: Any, frames: int, _time: Any, _status: Any) -> None:
        samples = np.frombuffer(bytes(data), np.int16)
        arrived.put(AudioBlock(samples, now_ns() - frames * SECOND // RATE))

    with _open_stream(device, enqueue):
        last = time.monotonic()
        while not stopped():
            try:
                block = arrived.get(timeout=POLL)
            except queue.Empty:
                if time.monotonic() - last > LOST_AFTER:
                    raise SpeechError(
                        "the microphone sends no more data; is it still plugged in?"
                    ) from None
                continue
            last = time.monotonic()
            yield block


def _open_stream(device: str, callback: Callable[..., None]) -> Any:
    try:
        sounddevice = require_package("sounddevice")
    except OSError as error:  # sounddevice without PortAudio
        raise SpeechError(
            "sounddevice is installed, but not PortAudio: sudo apt install libportaudio2"
        ) from error
    chosen: int | str | None = int(device) if device.isdigit() else device or None
    try:
        stream = sounddevice.RawInputStream(
            RATE, BLOCK, device=chosen, channels=1, dtype="int16", callback=callback
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise SpeechError(
            f"the microphone {device or 'set as default'} cannot be opened at {RATE} Hz: {error}; "
            "`python -m sounddevice` lists the devices"
        ) from error
    return stream

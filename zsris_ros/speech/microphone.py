"""A microphone, through sounddevice and PortAudio."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from zsris_ros.speech.audio import RATE, SECOND, Block, SpeechError
from zsris_ros.speech.wav import BLOCK

PATIENCE = 0.2
"""Seconds after which a silent microphone lets its listener look whether it is to stop."""
LOST_AFTER = 5.0
"""Seconds without a single block after which a microphone is taken to be gone."""


def microphone(
    device: str = "",
    now_ns: Callable[[], int] = time.time_ns,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Block]:
    """What the microphone hears, in blocks of 30 ms, until ``stopped``.

    ``device`` is a number or a part of a name of `python -m sounddevice`; "" is the default one.
    ``now_ns`` tells the time of the blocks; they are stamped when they arrive, so that the sound
    card's clock cannot drift away from it. Raises SpeechError when there is no microphone.
    """
    arrived: queue.Queue[Block] = queue.Queue()

    def keep(data: Any, frames: int, _time: Any, _status: Any) -> None:
        samples = np.frombuffer(bytes(data), np.int16)
        arrived.put(Block(samples, now_ns() - frames * SECOND // RATE))

    with _opened(device, keep):
        last = time.monotonic()
        while not stopped():
            try:
                block = arrived.get(timeout=PATIENCE)
            except queue.Empty:
                if time.monotonic() - last > LOST_AFTER:
                    raise SpeechError(
                        "the microphone sends nothing any more; is it still plugged in?"
                    ) from None
                continue
            last = time.monotonic()
            yield block


def _opened(device: str, keep: Callable[..., None]) -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise SpeechError(
            "listening to a microphone needs sounddevice: pip install sounddevice"
        ) from (error)
    except OSError as error:  # what sounddevice raises without the library that it wraps
        raise SpeechError(
            "sounddevice is installed, but not PortAudio: sudo apt install libportaudio2"
        ) from error
    chosen: int | str | None = int(device) if device.isdigit() else device or None
    try:
        stream = sounddevice.RawInputStream(
            RATE, BLOCK, device=chosen, channels=1, dtype="int16", callback=keep
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise SpeechError(
            f"the microphone {device or 'set as default'} cannot be opened at {RATE} Hz: {error}; "
            "`python -m sounddevice` lists what there is"
        ) from error
    return stream

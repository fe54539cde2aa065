"""Where speech begins and ends.

A frame of 30 ms is speech when pocketsphinx's voice activity detector says so and it is louder than
the room. Alone, the detector takes a steady noise of half the speech's level for speech without an
end; the level of the room is what the quietest frames of the last seconds have.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np

from zsris_ros.speech.audio import RATE, SECOND, Block, Samples, Speech, SpeechError

FRAME = 480
"""Samples of a frame."""
KEPT = 3.0
"""Seconds that tell how loud the room is, and that are handed on with the speech."""
FIRST = 1.5
"""Seconds heard at the start before anything is judged, so that the room is known."""
QUIET, QUIETEST = 0.2, 0.05
"""Quantiles of the levels of late: the room's level, and how far below it the room can be."""
SPREADS = 2.0
"""Times the room's own variation by which speech exceeds it, where that is more than ``louder``."""
TOO_RESTLESS = 6.0
"""Decibels between the quantiles beyond which the louder of them is speech, and not the room."""
SILENT = 0.9
"""The share of a pause that is not speech."""
BAND = (200.0, 4000.0)
"""Hertz between which most of speech is."""
MARGIN = 0.12
"""Seconds added on both sides, because speech begins and ends softly."""


@dataclass(frozen=True)
class Endpointing:
    """When it counts as speech.

    ``strictness`` 0 to 3 is the detector's; ``louder`` by how many decibels speech exceeds the
    room, more where the room itself is restless. Speech begins when ``share`` of the last
    ``window`` seconds are speech, and ends with a pause of ``pause`` seconds. What lasts less than
    ``shortest`` seconds is dropped, and what lasts ``longest`` is cut there.
    """

    strictness: int = 0
    louder: float = 2.5
    window: float = 0.3
    share: float = 0.6
    pause: float = 0.5
    shortest: float = 0.3
    longest: float = 12.0


def speeches(blocks: Iterable[Block], chosen: Endpointing | None = None) -> Iterator[Speech]:
    """The stretches of speech in a stream of sound, each when it has ended.

    Each block tells its own time, so that stamps follow the clock of whoever made them. Raises
    SpeechError when pocketsphinx is not installed.
    """
    finder = _Finder(chosen or Endpointing())
    frames = _cut(blocks)
    first = list(islice(frames, _frames(FIRST)))
    finder.learn(frame for frame, _ in first)
    for frame, start_ns in chain(first, frames):
        found = finder.add(frame, start_ns)
        if found is not None:
            yield found
    last = finder.end()
    if last is not None:
        yield last


def _cut(blocks: Iterable[Block]) -> Iterator[tuple[Samples, int]]:
    """Frames of FRAME samples and their times; what is left at the end is lost."""
    rest = np.empty(0, np.int16)
    for block in blocks:
        samples = np.concatenate([rest, block.samples])
        start_ns = block.start_ns - len(rest) * SECOND // RATE
        whole = len(samples) - len(samples) % FRAME
        for at in range(0, whole, FRAME):
            yield samples[at : at + FRAME], start_ns + at * SECOND // RATE
        rest = samples[whole:]


class _Finder:
    """Takes frame after frame. ``_heard`` are those of late, ``_said`` those since speech began."""

    def __init__(self, chosen: Endpointing) -> None:
        self._chosen = chosen
        self._detector = _detector(chosen.strictness)
        self._heard: deque[tuple[Samples, bool]] = deque(maxlen=_frames(KEPT))
        self._levels: deque[float] = deque(maxlen=_frames(KEPT))
        self._said: list[tuple[Samples, bool]] = []
        self._before: Samples = np.empty(0, np.int16)
        self._start_ns = 0

    def learn(self, frames: Iterable[Samples]) -> None:
        """How loud the room is, from frames that will be added."""
        self._levels.extend(map(_decibels, frames))

    def add(self, frame: Samples, start_ns: int) -> Speech | None:
        """The speech that has ended with this frame, if one has."""
        judged = (frame, self._is_speech(frame))
        if not self._said:
            self._heard.append(judged)
            self._begin(start_ns)
            return None
        self._said.append(judged)
        pause = _frames(self._chosen.pause)
        silent = [not speech for _, speech in self._said[-pause:]]
        if len(self._said) > pause and sum(silent) >= SILENT * pause:
            return self.end()
        if len(self._said) >= _frames(self._chosen.longest):
            # Perhaps it is no speech, but the room, which has become louder.
            self.learn(frame for frame, _ in self._said)
            cut = self.end()
            self._heard.clear()  # else the next part would begin with the end of this one
            return cut
        return None

    def end(self) -> Speech | None:
        """What has been said, when that is enough; what comes next is a new beginning."""
        said, self._said = self._said, []
        self._heard.clear()
        self._heard.extend(said)
        last = max((at for at, (_, speech) in enumerate(said) if speech), default=-1)
        if last + 1 - _frames(MARGIN) < _frames(self._chosen.shortest):
            return None
        frames = [frame for frame, _ in said[: last + 1 + _frames(MARGIN)]]
        return Speech(np.concatenate(frames), self._start_ns, self._before)

    def _begin(self, newest_ns: int) -> None:
        """Begins to collect, from a little before the first frame of the window that is speech."""
        heard, window = list(self._heard), _frames(self._chosen.window)
        judged = [speech for _, speech in heard[-window:]]
        if len(judged) < window or sum(judged) < self._chosen.share * window:
            return
        first = len(heard) - window + judged.index(True)
        first = max(0, first - _frames(MARGIN))
        self._said = heard[first:]
        quiet = [frame for frame, speech in heard[:first] if not speech]
        self._before = np.concatenate(quiet) if quiet else np.empty(0, np.int16)
        self._start_ns = newest_ns - (len(self._said) - 1) * FRAME * SECOND // RATE

    def _is_speech(self, frame: Samples) -> bool:
        level = _decibels(frame)
        if not self._said:
            self._levels.append(level)
        threshold = self._threshold()
        return level > threshold and bool(self._detector.is_speech(frame.astype("<i2").tobytes()))

    def _threshold(self) -> float:
        quietest, room = (float(each) for each in np.quantile(self._levels, (QUIETEST, QUIET)))
        spread = room - quietest
        if spread > TOO_RESTLESS:
            room, spread = quietest, 0.0
        return room + max(self._chosen.louder, SPREADS * spread)


def _frames(seconds: float) -> int:
    return max(1, round(seconds * RATE / FRAME))


def _decibels(frame: Samples) -> float:
    """The level in BAND, against one step of the samples; of silence 0."""
    power = np.abs(np.fft.rfft(frame)) ** 2 * 2 / len(frame) ** 2
    low, high = (round(hertz * len(frame) / RATE) for hertz in BAND)
    return float(10 * np.log10(power[low:high].sum() + 1.0))


def _detector(strictness: int) -> Any:
    try:
        import pocketsphinx
    except ImportError as error:
        raise SpeechError("finding speech needs pocketsphinx: pip install pocketsphinx") from error
    return pocketsphinx.Vad(mode=strictness, sample_rate=RATE, frame_length=FRAME / RATE)

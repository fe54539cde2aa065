"""Endpointing: the segments of speech in an audio stream.

A frame of 30 ms is speech when pocketsphinx's voice activity detector accepts it and its level
exceeds that of the background. The detector alone accepts stationary noise of half the speech's
level without end. The background level is a low quantile of the levels of the last seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from zsris_ros.speech.audio import (
    RATE,
    SECOND,
    AudioBlock,
    Samples,
    SpeechSegment,
    require_package,
)

FRAME = 480
"""Samples of a frame."""
HISTORY = 3.0
"""Seconds kept for the background level and as a segment's background."""
WARM_UP = 1.5
"""Seconds at the start that initialise the background level."""
QUIET, QUIETEST = 0.2, 0.05
"""Quantiles of the levels in the history: the background level, and its lower bound."""
SPREADS = 2.0
"""Minimum excess of speech in units of the background's spread, if more than ``louder``."""
MAX_SPREAD = 6.0
"""Maximum decibels between the quantiles; beyond it the upper quantile is speech."""
SILENT = 0.9
"""Minimum share of non-speech frames in a pause."""
BAND = (200.0, 4000.0)
"""Band of speech in Hz."""
MARGIN = 0.12
"""Seconds added at both ends for soft onsets and endings."""


@dataclass(frozen=True)
class Endpointing:
    """Settings of the endpointing.

    ``strictness`` 0 to 3 is the detector's mode; ``louder`` the minimum excess of speech over the
    background in dB. A segment begins when ``share`` of the last ``window`` seconds are speech and
    ends with a pause of ``pause`` seconds. Segments shorter than ``shortest`` seconds are dropped;
    a segment is cut at ``longest`` seconds.
    """

    strictness: int = 0
    louder: float = 2.5
    window: float = 0.3
    share: float = 0.6
    pause: float = 0.5
    shortest: float = 0.3
    longest: float = 12.0


def speech_segments(
    blocks: Iterable[AudioBlock], settings: Endpointing | None = None
) -> Iterator[SpeechSegment]:
    """Yield each segment of speech in an audio stream at its end.

    Stamps follow the stamps of the blocks. Raises SpeechError when pocketsphinx is not installed.
    """
    endpointer = _Endpointer(settings or Endpointing())
    frames = _cut(blocks)
    first = list(islice(frames, _frames(WARM_UP)))
    endpointer.add_levels(frame for frame, _ in first)
    for frame, start_ns in chain(first, frames):
        segment = endpointer.add(frame, start_ns)
        if segment is not None:
            yield segment
    segment = endpointer.end()
    if segment is not None:
        yield segment


def _cut(blocks: Iterable[AudioBlock]) -> Iterator[tuple[Samples, int]]:
    """Yield frames of FRAME samples with their times; an incomplete last frame is dropped."""
    rest = np.empty(0, np.int16)
    for block in blocks:
        samples = np.concatenate([rest, block.samples])
        start_ns = block.start_ns - len(rest) * SECOND // RATE
        whole = len(samples) - len(samples) % FRAME
        for at in range(0, whole, FRAME):
            yield samples[at : at + FRAME], start_ns + at * SECOND // RATE
        rest = samples[whole:]


class _Endpointer:
    """Processes frame after frame; frames are kept with the decision whether they are speech."""

    def __init__(self, settings: Endpointing) -> None:
        self._settings = settings
        self._detector = require_package("pocketsphinx").Vad(
            mode=settings.strictness, sample_rate=RATE, frame_length=FRAME / RATE
        )
        self._history: deque[tuple[Samples, bool]] = deque(maxlen=_frames(HISTORY))
        self._levels: deque[float] = deque(maxlen=_frames(HISTORY))
        self._segment: list[tuple[Samples, bool]] = []
        self._background: Samples = np.empty(0, np.int16)
        self._start_ns = 0

    def add_levels(self, frames: Iterable[Samples]) -> None:
        """Add frames to the levels of the background."""
        self._levels.extend(map(_decibels, frames))

    def add(self, frame: Samples, start_ns: int) -> SpeechSegment | None:
        """Return the segment that ends with this frame, if any."""
        decided = (frame, self._is_speech(frame))
        if not self._segment:
            self._history.append(decided)
            self._begin(start_ns)
            return None
        self._segment.append(decided)
        pause = _frames(self._settings.pause)
        silent = [not speech for _, speech in self._segment[-pause:]]
        if len(self._segment) > pause and sum(silent) >= SILENT * pause:
            return self.end()
        if len(self._segment) >= _frames(self._settings.longest):
            # The background may have become louder.
            self.add_levels(frame for frame, _ in self._segment)
            cut = self.end()
            self._history.clear()  # else the next segment would overlap this one
            return cut
        return None

    def end(self) -> SpeechSegment | None:
        """Return the current segment, if it is long enough, and start anew."""
        frames, self._segment = self._segment, []
        self._history.clear()
        self._history.extend(frames)
        last = max((at for at, (_, speech) in enumerate(frames) if speech), default=-1)
        if last + 1 - _frames(MARGIN) < _frames(self._settings.shortest):
            return None
        samples = np.concatenate([frame for frame, _ in frames[: last + 1 + _frames(MARGIN)]])
        return SpeechSegment(samples, self._start_ns, self._background)

    def _begin(self, newest_ns: int) -> None:
        """Begin a segment MARGIN before the first speech frame of the window."""
        history, window = list(self._history), _frames(self._settings.window)
        decisions = [speech for _, speech in history[-window:]]
        if len(decisions) < window or sum(decisions) < self._settings.share * window:
            return
        first = len(history) - window + decisions.index(True)
        first = max(0, first - _frames(MARGIN))
        self._segment = history[first:]
        quiet = [frame for frame, speech in history[:first] if not speech]
        self._background = np.concatenate(quiet) if quiet else np.empty(0, np.int16)
        self._start_ns = newest_ns - (len(self._segment) - 1) * FRAME * SECOND // RATE

    def _is_speech(self, frame: Samples) -> bool:
        level = _decibels(frame)
        if not self._segment:
            self._levels.append(level)
        threshold = self._threshold()
        return level > threshold and bool(self._detector.is_speech(frame.astype("<i2").tobytes()))

    def _threshold(self) -> float:
        lowest, background = (float(each) for each in np.quantile(self._levels, (QUIETEST, QUIET)))
        spread = background - lowest
        if spread > MAX_SPREAD:
            background, spread = lowest, 0.0
        return background + max(self._settings.louder, SPREADS * spread)


def _frames(seconds: float) -> int:
    return max(1, round(seconds * RATE / FRAME))


def _decibels(frame: Samples) -> float:
    """Return the level in BAND relative to one quantisation step; 0 for silence."""
    power = np.abs(np.fft.rfft(frame)) ** 2 * 2 / len(frame) ** 2
    low, high = (round(hertz * len(frame) / RATE) for hertz in BAND)
    return float(10 * np.log10(power[low:high].sum() + 1.0))

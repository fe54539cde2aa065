"""Answers about the frames of a recording."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.frame_buffer import SyncedMessages
from zsris_ros.camera.image_messages import SECOND, AnyImage, CameraInfo
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import Frame, InputError, InstructionResult


@dataclass(frozen=True, eq=False)
class FrameAnswers:
    """A frame and its results, one for each expression or instruction.

    ``timings`` are milliseconds by stage for each result; the first include the stages of the
    frame. For an unusable image ``frame`` is None and ``note`` is the reason; otherwise ``note`` is
    the reason why depth is not used, or empty.
    """

    stamp_ns: int
    frame: Frame | None
    note: str
    results: tuple[InstructionResult, ...] = ()
    timings: tuple[Mapping[str, float], ...] = ()


def answer_frames(
    segmenter: Segmenter,
    recorded: Iterable[SyncedMessages[AnyImage, CameraInfo]],
    expressions: Sequence[str],
    assume_registered: bool = False,
    rate: float | None = None,
) -> Iterator[FrameAnswers]:
    """Answer all expressions about each frame.

    With a ``rate``, simulate a live camera at that many times real time: frames that arrive during
    an answer are dropped. Raises InputError for an unusable expression.
    """
    asked_ns = busy_until_ns = -1
    for messages in recorded:
        stamp = messages.image.stamp_ns
        if asked_ns <= stamp < busy_until_ns:
            continue
        start = time.perf_counter()
        yield _answer(segmenter, messages, expressions, assume_registered)
        if rate is not None:
            seconds = time.perf_counter() - start
            asked_ns, busy_until_ns = stamp, stamp + round(seconds * rate * SECOND)


def _answer(
    segmenter: Segmenter,
    messages: SyncedMessages[Any, CameraInfo],
    expressions: Sequence[str],
    assume_registered: bool,
) -> FrameAnswers:
    stamp = messages.image.stamp_ns
    start = time.perf_counter()
    try:
        frame, note = assemble_frame(messages, assume_registered)
        conversion = (time.perf_counter() - start) * 1e3
        scene = segmenter.look(frame)
    except InputError as error:
        return FrameAnswers(stamp, None, f"the image cannot be used: {error}")
    results = tuple(segmenter.instruct(scene, expression) for expression in expressions)
    timings = [dict(result.timings) for result in results]
    timings[0] = {"conversion": conversion, **scene.timings, **timings[0]}
    return FrameAnswers(stamp, frame, note, results, tuple(timings))

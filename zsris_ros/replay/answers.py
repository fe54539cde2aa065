"""Asking about the frames of a recording."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.frame_buffer import SyncedMessages
from zsris_ros.camera.image_messages import SECOND, AnyImage, CameraInfo
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import Frame, InputError, ReferringResult


@dataclass(frozen=True, eq=False)
class Answered:
    """A frame and the answers about it, one for each expression.

    ``timings`` are milliseconds by stage of each answer; the first one's hold what was done for the
    frame. Where the image cannot be used, ``frame`` is None, there are no answers, and ``note``
    says why; else ``note`` says why depth was not used, and is mostly empty.
    """

    stamp_ns: int
    frame: Frame | None
    note: str
    referrals: tuple[ReferringResult, ...] = ()
    timings: tuple[Mapping[str, float], ...] = ()


def answers(
    segmenter: Segmenter,
    moments: Iterable[SyncedMessages[AnyImage, CameraInfo]],
    expressions: Sequence[str],
    assume_registered: bool = False,
    rate: float | None = None,
) -> Iterator[Answered]:
    """Answers all expressions about each moment.

    With a ``rate``, what a camera that plays the recording at that many times real time would see
    answered: moments that pass while an earlier one is being answered are left out.
    Raises InputError for an expression that cannot be used.
    """
    asked_ns = busy_until_ns = -1
    for moment in moments:
        stamp = moment.image.stamp_ns
        if asked_ns <= stamp < busy_until_ns:
            continue
        start = time.perf_counter()
        yield _answered(segmenter, moment, expressions, assume_registered)
        if rate is not None:
            seconds = time.perf_counter() - start
            asked_ns, busy_until_ns = stamp, stamp + round(seconds * rate * SECOND)


def _answered(
    segmenter: Segmenter,
    moment: SyncedMessages[Any, CameraInfo],
    expressions: Sequence[str],
    assume_registered: bool,
) -> Answered:
    stamp = moment.image.stamp_ns
    start = time.perf_counter()
    try:
        frame, note = assemble_frame(moment, assume_registered)
        conversion = (time.perf_counter() - start) * 1e3
        scene = segmenter.look(frame)
    except InputError as error:
        return Answered(stamp, None, f"the image cannot be used: {error}")
    referrals = tuple(segmenter.refer(scene, expression) for expression in expressions)
    timings = [dict(referral.timings) for referral in referrals]
    timings[0] = {"conversion": conversion, **scene.timings, **timings[0]}
    return Answered(stamp, frame, note, referrals, tuple(timings))

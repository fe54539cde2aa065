"""The stamps of a camera's messages, matched to frames."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import Any, TypeVar

from zsris_ros.camera.frame_buffer import (
    MAX_DISORDER_NS,
    STAMP_TOLERANCE,
    FrameBuffer,
    SyncedMessages,
)
from zsris_ros.camera.image_messages import SECOND, CameraInfo, format_seconds
from zsris_ros.types import InputError

IndexedFrame = SyncedMessages[int, CameraInfo]
"""A frame whose images are positions in the bag."""

UNLIMITED = 1 << 20
"""The length of a buffer that drops nothing."""

T = TypeVar("T")
_Arrived = tuple[int, int, T]


class Recording:
    """A camera's messages by stamp, matched by the node's frame buffer.

    A jump back in time (a recorded loop) begins a new run. Messages are matched within a run; only
    the newest camera_info is carried over.
    """

    def __init__(self, tolerance_ns: int) -> None:
        self._tolerance_ns = tolerance_ns
        self._newest: dict[str, int] = {}
        self._info: tuple[int, CameraInfo] | None = None
        self._runs = [_Run(tolerance_ns)]

    def __len__(self) -> int:
        """Return the number of images."""
        return sum(len(run.images) for run in self._runs)

    def add_image(self, stamp_ns: int, position: int) -> None:
        """Add an image by its position in the bag."""
        run = self._run("image", stamp_ns)
        run.add(run.images, stamp_ns, position)

    def add_depth(self, stamp_ns: int, position: int) -> None:
        """Add a depth image by its position in the bag."""
        run = self._run("depth", stamp_ns)
        run.add(run.depths, stamp_ns, position)

    def add_info(self, stamp_ns: int, info: CameraInfo) -> None:
        """Add a camera_info."""
        run = self._run("info", stamp_ns)
        run.add(run.infos, stamp_ns, info)
        self._info = stamp_ns, info

    def every(self, step_ns: int) -> list[IndexedFrame]:
        """Return the first image of each run and of each further ``step_ns``; 0 for all images."""
        return list(chain.from_iterable(run.every(step_ns) for run in self._runs))

    def at(self, stamp_ns: int, tolerance: float = STAMP_TOLERANCE) -> IndexedFrame:
        """Return the image nearest to ``stamp_ns``.

        Raises InputError with the span of the bag when it is more than ``tolerance`` seconds away.
        """
        nearest = [frame for run in self._runs if (frame := run.nearest(stamp_ns))]
        found = min(nearest, key=lambda frame: abs(frame.image.stamp_ns - stamp_ns))
        if abs(found.image.stamp_ns - stamp_ns) <= tolerance * SECOND:
            return found
        stamps = [stamp for run in self._runs for stamp, *_ in run.images]
        raise InputError(
            f"the bag has no image within {tolerance:g} s of the stamp {format_seconds(stamp_ns)}; "
            f"its {len(self)} images span {format_seconds(min(stamps))} to "
            f"{format_seconds(max(stamps))}"
        )

    def _run(self, topic: str, stamp_ns: int) -> _Run:
        """Return the run of a message, which may be a new one.

        Topics jump back independently; a jump of the images begins the run.
        """
        before = stamp_ns + MAX_DISORDER_NS
        jumped = self._newest.get(topic, stamp_ns) > before
        if jumped and topic != "info" and self._newest.get("image", stamp_ns) > before:
            self._newest.clear()
            run = _Run(self._tolerance_ns)
            if self._info is not None:
                run.add(run.infos, *self._info)
            self._runs.append(run)
        self._newest[topic] = stamp_ns
        return self._runs[-1]


class _Run:
    """Messages between two jumps of time, as (stamp, order of arrival, message)."""

    def __init__(self, tolerance_ns: int) -> None:
        self._tolerance_ns = tolerance_ns
        self._arrivals = count()
        self.images: list[_Arrived[int]] = []
        self.depths: list[_Arrived[int]] = []
        self.infos: list[_Arrived[CameraInfo]] = []

    def add(self, topic: list[_Arrived[T]], stamp_ns: int, message: T) -> None:
        """Insert a message into one of the three lists by its stamp."""
        insort(topic, (stamp_ns, next(self._arrivals), message))

    def nearest(self, stamp_ns: int) -> IndexedFrame | None:
        """Apply ``FrameBuffer.nearest`` to the messages around ``stamp_ns``."""
        buffer: FrameBuffer[int, CameraInfo] = FrameBuffer(UNLIMITED, self._tolerance_ns)
        for stamp, _, position in _around(self.images, stamp_ns):
            buffer.add_image(stamp, position)
        image = buffer.nearest(stamp_ns)
        if image is None:
            return None
        for stamp, _, position in _around(self.depths, image.image.stamp_ns):
            buffer.add_depth(stamp, position)
        for stamp, _, info in _around(self.infos, image.image.stamp_ns):
            buffer.add_info(stamp, info)
        return buffer.nearest(stamp_ns)

    def every(self, step_ns: int) -> Iterator[IndexedFrame]:
        """See ``Recording.every``."""
        last = -1
        for stamp in sorted({stamp for stamp, *_ in self.images}):
            step = (stamp - self.images[0][0]) // step_ns if step_ns else stamp
            frame = self.nearest(stamp) if step > last else None
            last = step
            if frame is not None:
                yield frame


def _around(topic: Sequence[_Arrived[T]], stamp_ns: int) -> list[_Arrived[T]]:
    """Return the messages of the last stamp before and the first from ``stamp_ns`` on."""
    first = bisect_left(topic, stamp_ns, key=_time)
    earlier = topic[first - 1][0] if first else stamp_ns
    later = topic[first][0] if first < len(topic) else stamp_ns
    low, high = bisect_left(topic, earlier, key=_time), bisect_right(topic, later, key=_time)
    return sorted(topic[low:high], key=lambda arrived: arrived[1])


def _time(arrived: _Arrived[Any]) -> int:
    return arrived[0]

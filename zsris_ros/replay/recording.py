"""When a camera's messages were stamped, and which of them belong together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from zsris_ros.camera.frame_buffer import MAX_DISORDER_NS, STAMP_TOLERANCE, FrameBuffer, Moment
from zsris_ros.camera.messages import SECOND, CameraInfo, in_seconds
from zsris_ros.types import InputError

IndexMoment = Moment[int, CameraInfo]
"""A moment whose images are named by their places in the bag."""

ENDLESS = 1 << 40
"""The length of a buffer that drops nothing."""


class Recording:
    """A camera's messages by time, matched by the rules of the node's own frame buffer.

    Where time jumps back (the recording of a bag that was played in a loop) a new run begins, and
    nothing of one run is matched with another, but for the newest camera_info.
    """

    def __init__(self, tolerance_ns: int) -> None:
        self._tolerance_ns = tolerance_ns
        self._newest: dict[str, int] = {}
        self._info: tuple[int, CameraInfo] | None = None
        self._runs: list[_Run] = [_Run(tolerance_ns)]

    def __len__(self) -> int:
        """Images."""
        return sum(len(run.stamps) for run in self._runs)

    def add_image(self, stamp_ns: int, place: int) -> None:
        """An image, by its place in the bag."""
        run = self._run("image", stamp_ns)
        run.buffer.add_image(stamp_ns, place)
        run.stamps.append(stamp_ns)

    def add_depth(self, stamp_ns: int, place: int) -> None:
        """A depth image, by its place in the bag."""
        self._run("depth", stamp_ns).buffer.add_depth(stamp_ns, place)

    def add_info(self, stamp_ns: int, info: CameraInfo) -> None:
        """A camera_info."""
        self._run("info", stamp_ns).buffer.add_info(stamp_ns, info)
        self._info = stamp_ns, info

    def every(self, step_ns: int) -> list[IndexMoment]:
        """Of each run the first image, and the first in each further ``step_ns``; 0 means all."""
        return list(chain.from_iterable(run.every(step_ns) for run in self._runs))

    def at(self, stamp_ns: int, tolerance: float = STAMP_TOLERANCE) -> IndexMoment:
        """The image nearest to ``stamp_ns``.

        Raises InputError, naming the span of the bag, when it misses by more than ``tolerance``
        seconds.
        """
        nearest = [moment for run in self._runs if (moment := run.buffer.nearest(stamp_ns))]
        found = min(nearest, key=lambda moment: abs(moment.image.stamp_ns - stamp_ns))
        if abs(found.image.stamp_ns - stamp_ns) <= tolerance * SECOND:
            return found
        stamps = [stamp for run in self._runs for stamp in run.stamps]
        raise InputError(
            f"the bag has no image within {tolerance:g} s of the stamp {in_seconds(stamp_ns)}; its "
            f"{len(self)} images span {in_seconds(min(stamps))} to {in_seconds(max(stamps))}"
        )

    def _run(self, topic: str, stamp_ns: int) -> _Run:
        """The run that a message belongs to, which may be a new one.

        Each topic jumps back by itself; once the images have, the others only follow.
        """
        before = stamp_ns + MAX_DISORDER_NS
        jumped = self._newest.get(topic, stamp_ns) > before
        if jumped and topic != "info" and self._newest.get("image", stamp_ns) > before:
            self._newest.clear()
            self._runs.append(_Run(self._tolerance_ns))
            if self._info is not None:
                self._runs[-1].buffer.add_info(*self._info)
        self._newest[topic] = stamp_ns
        return self._runs[-1]


class _Run:
    """Messages between two jumps of time; ``stamps`` are those of its images."""

    def __init__(self, tolerance_ns: int) -> None:
        self.buffer: FrameBuffer[int, CameraInfo] = FrameBuffer(ENDLESS, tolerance_ns)
        self.stamps: list[int] = []

    def every(self, step_ns: int) -> Iterator[IndexMoment]:
        """As ``Recording.every``."""
        stamps = sorted(set(self.stamps))
        seen = -1
        for stamp in stamps:
            step = (stamp - stamps[0]) // step_ns if step_ns else stamp
            moment = self.buffer.nearest(stamp) if step > seen else None
            seen = step
            if moment is not None:
                yield moment

"""The newest camera messages and a ring of recent ones, matched by time.

Messages are stored unconverted, so that the callback of a 30 Hz camera costs an append. The buffer
depends on time stamps only, not on ROS.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count
from typing import Generic, TypeVar

ImageT = TypeVar("ImageT")
InfoT = TypeVar("InfoT")
T = TypeVar("T")

SYNC_TOLERANCE = 0.05
"""Default for the largest difference in seconds between the stamps of an image and its depth."""
STAMP_TOLERANCE = 0.5
"""Default for the largest difference in seconds between a requested stamp and the image's."""
MEMORY = 10.0
"""Default for the seconds for which some older frames are kept."""
MAX_DISORDER_NS = 100_000_000
"""Largest disorder of a camera's messages; a stamp further back is a jump of the clock."""
PATIENCE_NS = 200_000_000
"""How much older than the newest image a preferred one with depth may be."""
SPACING_NS = 250_000_000
"""One older message is kept for each such span of time."""


@dataclass(frozen=True)
class Stamped(Generic[T]):
    """A message, its time in nanoseconds, and a serial number that is unique in the buffer."""

    stamp_ns: int
    message: T
    serial: int


@dataclass(frozen=True)
class SyncedMessages(Generic[ImageT, InfoT]):
    """An image with the depth and camera_info of the same time, where there are any."""

    image: Stamped[ImageT]
    depth: Stamped[ImageT] | None = None
    info: Stamped[InfoT] | None = None

    @property
    def key(self) -> tuple[int, ...]:
        """Key for caches; equal for equal messages of one buffer."""
        parts = (self.image, self.depth, self.info)
        return tuple(-1 if part is None else part.serial for part in parts)


class FrameBuffer(Generic[ImageT, InfoT]):
    """The last ``length`` messages of each of image, depth and camera_info. Thread-safe.

    Of older images and depths one per SPACING_NS is kept for ``memory_ns``, for expressions that
    refer to a frame of a few seconds ago.

    ``tolerance_ns`` is the largest difference in time between an image and its depth. The nearest
    camera_info always belongs to an image, as it changes rarely and some drivers send it once.

    A stamp clearly before the newest one (a bag that starts over, a simulation that is reset) drops
    all messages except the newest camera_info.
    """

    def __init__(self, length: int, tolerance_ns: int, memory_ns: int = 0) -> None:
        self.tolerance_ns = tolerance_ns
        self._images: _RingBuffer[ImageT] = _RingBuffer(length, memory_ns)
        self._depths: _RingBuffer[ImageT] = _RingBuffer(length, memory_ns)
        self._infos: deque[Stamped[InfoT]] = deque(maxlen=length)
        self._serials = count()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._images)

    def add_image(self, stamp_ns: int, image: ImageT) -> bool:
        """Store an image; returns True when the clock jumped back and frames were dropped."""
        return self._add(self._images, stamp_ns, image)

    def add_depth(self, stamp_ns: int, depth: ImageT) -> bool:
        """Store a depth image; returns as ``add_image``."""
        return self._add(self._depths, stamp_ns, depth)

    def add_info(self, stamp_ns: int, info: InfoT) -> bool:
        """Store a camera_info; returns as ``add_image``."""
        return self._add(self._infos, stamp_ns, info)

    def newest(self) -> SyncedMessages[ImageT, InfoT] | None:
        """Return the newest image, or a slightly older one with better depth; None if empty.

        Depth arrives after its image, while the depth of the previous image is already within the
        tolerance. The images are therefore ranked by their age plus twice the time between image
        and depth, which displaces moving objects.
        """
        with self._lock:
            newest = self._images.newest
            if newest is None:
                return None
            depths: list[tuple[int, Stamped[ImageT]]] = []
            for image in reversed(self._images):
                age = newest.stamp_ns - image.stamp_ns
                if age > PATIENCE_NS:
                    break
                depth = self._depth_of(image)
                if depth is not None:
                    depths.append((age + 2 * abs(depth.stamp_ns - image.stamp_ns), image))
            best = min(depths, key=lambda each: each[0], default=(0, newest))
            return self._synced(best[1])

    def nearest(self, stamp_ns: int) -> SyncedMessages[ImageT, InfoT] | None:
        """Return the image nearest to ``stamp_ns``; None if empty."""
        with self._lock:
            image = _nearest(self._images, stamp_ns)
            return None if image is None else self._synced(image)

    def span_ns(self) -> tuple[int, int] | None:
        """Return the times of the oldest and the newest image; None if empty."""
        with self._lock:
            if not len(self._images):
                return None
            stamps = [image.stamp_ns for image in self._images]
            return min(stamps), max(stamps)

    def resize(self, length: int, memory_ns: int = 0) -> None:
        """Keep ``length`` messages of each kind from now on."""
        with self._lock:
            for ring in (self._images, self._depths):
                ring.resize(length)
                ring.memory_ns = memory_ns
            self._infos = deque(self._infos, maxlen=length)

    def drop_after(self, stamp_ns: int) -> bool:
        """Drop messages clearly later than ``stamp_ns``, to which the clock has jumped back.

        Returns whether frames were dropped.
        """
        with self._lock:
            return self._drop_after(stamp_ns)

    def clear(self) -> None:
        """Remove all messages."""
        with self._lock:
            self._images.clear()
            self._depths.clear()
            self._infos.clear()

    def _add(self, ring: _RingBuffer[T] | deque[Stamped[T]], stamp_ns: int, message: T) -> bool:
        with self._lock:
            newest = next(reversed(ring), None)
            jumped = newest is not None and stamp_ns < newest.stamp_ns - MAX_DISORDER_NS
            dropped = jumped and self._drop_after(stamp_ns)
            ring.append(Stamped(stamp_ns, message, next(self._serials)))
            return dropped

    def _drop_after(self, stamp_ns: int) -> bool:
        """Drop messages later than the new time; returns whether frames were dropped.

        Each topic detects the jump by itself. The first detection must neither drop messages of the
        new time that other topics have received, nor keep messages of the old time.
        """
        dropped = False
        for ring in (self._images, self._depths):
            if ring.newest is not None and ring.newest.stamp_ns > stamp_ns + MAX_DISORDER_NS:
                ring.clear()
                dropped = True
        while len(self._infos) > 1:
            self._infos.popleft()
        return dropped

    def _synced(self, image: Stamped[ImageT]) -> SyncedMessages[ImageT, InfoT]:
        return SyncedMessages(image, self._depth_of(image), _nearest(self._infos, image.stamp_ns))

    def _depth_of(self, image: Stamped[ImageT]) -> Stamped[ImageT] | None:
        depth = _nearest(self._depths, image.stamp_ns)
        if depth is None or abs(depth.stamp_ns - image.stamp_ns) > self.tolerance_ns:
            return None
        return depth


class _RingBuffer(Generic[T]):
    """The last ``length`` messages, and older ones, one per SPACING_NS, for ``memory_ns``.

    The spans begin at multiples of SPACING_NS, so that topics with equal stamps keep messages with
    equal stamps. Iterates from the oldest to the newest.
    """

    def __init__(self, length: int, memory_ns: int = 0) -> None:
        self.memory_ns = memory_ns
        self._recent: deque[Stamped[T]] = deque(maxlen=length)
        self._older: deque[Stamped[T]] = deque()

    def __len__(self) -> int:
        return len(self._older) + len(self._recent)

    def __iter__(self) -> Iterator[Stamped[T]]:
        return chain(self._older, self._recent)

    def __reversed__(self) -> Iterator[Stamped[T]]:
        return chain(reversed(self._recent), reversed(self._older))

    @property
    def newest(self) -> Stamped[T] | None:
        """The last arrival; None if empty."""
        return self._recent[-1] if self._recent else None

    def append(self, message: Stamped[T]) -> None:
        """Append the newest message."""
        if self.memory_ns and len(self._recent) == self._recent.maxlen:
            self._retire(self._recent[0])
        self._recent.append(message)
        while self._older and message.stamp_ns - self._older[0].stamp_ns >= self.memory_ns:
            self._older.popleft()

    def resize(self, length: int) -> None:
        """Keep ``length`` recent messages from now on."""
        self._recent = deque(self._recent, maxlen=length)

    def clear(self) -> None:
        """Remove all messages."""
        self._recent.clear()
        self._older.clear()

    def _retire(self, oldest: Stamped[T]) -> None:
        span = oldest.stamp_ns // SPACING_NS
        if not self._older or self._older[-1].stamp_ns // SPACING_NS != span:
            self._older.append(oldest)


def _nearest(ring: Iterable[Stamped[T]], stamp_ns: int) -> Stamped[T] | None:
    """Return the message nearest in time, the later arrival on a tie."""
    return min(
        reversed(tuple(ring)), key=lambda message: abs(message.stamp_ns - stamp_ns), default=None
    )

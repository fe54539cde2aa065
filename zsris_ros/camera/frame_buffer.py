"""The newest camera messages and a ring of recent ones, matched by time.

Messages are kept as they came: converting only the frames somebody asks about keeps the callback
of a 30 Hz camera at the cost of an append. The buffer knows nothing of ROS but stamps.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from zsris_ros.camera.ring_buffer import Ring, Stamped

ImageT = TypeVar("ImageT")
InfoT = TypeVar("InfoT")
T = TypeVar("T")

SYNC_TOLERANCE = 0.05
"""Seconds by which the times of an image and its depth may differ, unless told otherwise."""
STAMP_TOLERANCE = 0.5
"""Seconds by which a stamp that was asked for may miss the nearest image, unless told otherwise."""
MEMORY = 10.0
"""Seconds for which some of the older frames are kept, unless told otherwise."""
MAX_DISORDER_NS = 100_000_000
"""Messages of one camera may overtake each other by this much; further back, time has jumped."""


@dataclass(frozen=True)
class SyncedMessages(Generic[ImageT, InfoT]):
    """An image with the depth and camera_info that belong to it, where there are any."""

    image: Stamped[ImageT]
    depth: Stamped[ImageT] | None = None
    info: Stamped[InfoT] | None = None

    @property
    def key(self) -> tuple[int, ...]:
        """Equal for equal moments of one buffer, so that what was computed can be kept by it."""
        parts = (self.image, self.depth, self.info)
        return tuple(-1 if part is None else part.serial for part in parts)


class FrameBuffer(Generic[ImageT, InfoT]):
    """The last ``length`` messages of each of image, depth and camera_info. Thread-safe.

    Of the images and depths before these, one each quarter of a second is kept for ``memory_ns``:
    what somebody saw who has been speaking since.

    ``tolerance_ns`` is the largest difference in time between an image and its depth. A camera_info
    changes rarely and some drivers send it once, so the nearest one always belongs to an image.
    ``patience_ns`` is how much older than the newest image one with depth may be to be preferred.

    When a stamp lies clearly before the newest one (a bag that starts over, a simulation that is
    reset), everything from the other time is dropped, but for the newest camera_info.
    """

    def __init__(
        self,
        length: int,
        tolerance_ns: int,
        patience_ns: int = 200_000_000,
        memory_ns: int = 0,
    ) -> None:
        self.tolerance_ns = tolerance_ns
        self.patience_ns = patience_ns
        self._images: Ring[ImageT] = Ring(length, memory_ns)
        self._depths: Ring[ImageT] = Ring(length, memory_ns)
        self._infos: deque[Stamped[InfoT]] = deque(maxlen=length)
        self._serials = count()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._images)

    def add_image(self, stamp_ns: int, image: ImageT) -> bool:
        """Keeps an image; returns True when time had jumped back and frames were dropped."""
        return self._add(self._images, stamp_ns, image)

    def add_depth(self, stamp_ns: int, depth: ImageT) -> bool:
        """Keeps a depth image; returns as ``add_image``."""
        return self._add(self._depths, stamp_ns, depth)

    def add_info(self, stamp_ns: int, info: InfoT) -> bool:
        """Keeps a camera_info; returns as ``add_image``."""
        return self._add(self._infos, stamp_ns, info)

    def newest(self) -> SyncedMessages[ImageT, InfoT] | None:
        """The newest image, or one hardly older that has depth, or better depth; None if empty.

        Depth arrives after its image, and meanwhile that of the image before is near enough to be
        taken for it. So the newest image and the older ones compete: by how much older they are,
        and by twice how far their depth is from them, which falsifies what moves.
        """
        with self._lock:
            newest = self._images.newest
            if newest is None:
                return None
            depths: list[tuple[int, Stamped[ImageT]]] = []
            for image in reversed(self._images):
                age = newest.stamp_ns - image.stamp_ns
                if age > self.patience_ns:
                    break
                depth = self._depth_of(image)
                if depth is not None:
                    depths.append((age + 2 * abs(depth.stamp_ns - image.stamp_ns), image))
            best = min(depths, key=lambda each: each[0], default=(0, newest))
            return self._moment(best[1])

    def nearest(self, stamp_ns: int) -> SyncedMessages[ImageT, InfoT] | None:
        """The image nearest to ``stamp_ns``, however far that is; None if empty."""
        with self._lock:
            image = _nearest(self._images, stamp_ns)
            return None if image is None else self._moment(image)

    def span_ns(self) -> tuple[int, int] | None:
        """The oldest and the newest image's time; None if empty."""
        with self._lock:
            if not len(self._images):
                return None
            stamps = [image.stamp_ns for image in self._images]
            return min(stamps), max(stamps)

    def resize(self, length: int, memory_ns: int = 0) -> None:
        """Keeps ``length`` messages of each kind from now on, the newest of those there are."""
        with self._lock:
            for ring in (self._images, self._depths):
                ring.resize(length)
                ring.memory_ns = memory_ns
            self._infos = deque(self._infos, maxlen=length)

    def forget_after(self, stamp_ns: int) -> bool:
        """The clock has jumped back to ``stamp_ns``: drops what is clearly later.

        Returns whether frames were dropped.
        """
        with self._lock:
            return self._forget_after(stamp_ns)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._images.clear()
            self._depths.clear()
            self._infos.clear()

    def _add(self, ring: Ring[T] | deque[Stamped[T]], stamp_ns: int, message: T) -> bool:
        with self._lock:
            newest = next(reversed(ring), None)
            jumped = newest is not None and stamp_ns < newest.stamp_ns - MAX_DISORDER_NS
            dropped = jumped and self._forget_after(stamp_ns)
            ring.append(Stamped(stamp_ns, message, next(self._serials)))
            return dropped

    def _forget_after(self, stamp_ns: int) -> bool:
        """Drops what the new time has not reached yet; returns whether frames were among it.

        Each of the three topics notices the jump by itself, and the first to notice must not make
        the others drop what they have already received of the new time, nor keep the old time.
        """
        dropped = False
        for ring in (self._images, self._depths):
            if ring.newest is not None and ring.newest.stamp_ns > stamp_ns + MAX_DISORDER_NS:
                ring.clear()
                dropped = True
        while len(self._infos) > 1:
            self._infos.popleft()
        return dropped

    def _moment(self, image: Stamped[ImageT]) -> SyncedMessages[ImageT, InfoT]:
        return SyncedMessages(image, self._depth_of(image), _nearest(self._infos, image.stamp_ns))

    def _depth_of(self, image: Stamped[ImageT]) -> Stamped[ImageT] | None:
        depth = _nearest(self._depths, image.stamp_ns)
        if depth is None or abs(depth.stamp_ns - image.stamp_ns) > self.tolerance_ns:
            return None
        return depth


def _nearest(ring: Iterable[Stamped[T]], stamp_ns: int) -> Stamped[T] | None:
    """The message nearest in time, the later arrival among equals."""
    return min(reversed(tuple(ring)), key=lambda kept: abs(kept.stamp_ns - stamp_ns), default=None)

"""Reading of a rosbag2 (mcap or sqlite3) with its camera messages matched by time.

The first pass reads stamps and matches them, the second one deserialises the chosen messages only,
so that a bag need not fit into memory.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsris_ros.camera.frame_buffer import Stamped, SyncedMessages
from zsris_ros.camera.image_messages import (
    AnyImage,
    CameraInfo,
    format_seconds,
    rectified_info,
    serialized_stamp_ns,
)
from zsris_ros.replay.recording import IndexedFrame, Recording
from zsris_ros.types import InputError

HEADER_BYTES = 12
"""Bytes of a serialised message up to the end of its stamp."""


@dataclass(frozen=True)
class Topics:
    """The topics of one camera; ``depth`` and ``info`` may be None."""

    image: str
    depth: str | None = None
    info: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The existing topics."""
        return tuple(name for name in (self.image, self.depth, self.info) if name)


class Bag:
    """A context manager for the bag at ``path``, a folder or a single .mcap or .db3 file.

    Raises InputError when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            from rosbags.rosbag2 import Reader
        except ImportError as error:
            raise InputError("reading a bag needs rosbags: pip install rosbags") from error
        from rosbags.typesys import Stores, get_typestore

        if not path.exists():
            raise InputError(f"there is no bag {path}")
        self._path = path
        self._store = get_typestore(Stores.ROS2_HUMBLE)
        try:
            self._reader = Reader(path)
            self._reader.open()
        except Exception as error:  # a damaged file can raise any type
            raise InputError(f"the bag {path} cannot be read: {error}") from error

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def types(self) -> dict[str, str]:
        """Return the topics with messages and their types, such as "sensor_msgs/msg/Image"."""
        connections = sorted(self._reader.connections, key=lambda each: each.topic)
        return {each.topic: each.msgtype for each in connections if each.msgcount}

    def first(self, topic: str) -> Any:
        """Return the first message on ``topic``, one of ``types()``."""
        for message in self._messages([topic]):
            return self._read(*message)
        raise InputError(f"the bag {self._path} holds no message on {topic}")

    def recording(self, topics: Topics, tolerance_ns: int, rectified: bool = False) -> Recording:
        """Index the stamps of ``topics``; ``tolerance_ns`` is the maximum offset of depth.

        ``rectified`` images use P of the camera_info, others K.
        """
        recording = Recording(tolerance_ns)
        messages = self._messages(topics.names)
        for position, (topic, kind, recorded_ns, data) in enumerate(messages):
            # Messages without a stamp have the time of their recording.
            has_stamp = len(data) >= HEADER_BYTES
            stamp = (serialized_stamp_ns(data) if has_stamp else 0) or recorded_ns
            if topic == topics.image:
                recording.add_image(stamp, position)
            elif topic == topics.depth:
                recording.add_depth(stamp, position)
            else:
                info = self._read(topic, kind, recorded_ns, data)
                recording.add_info(stamp, rectified_info(info) if rectified else info)
        return recording

    def synced_messages(
        self, topics: Topics, chosen: Iterable[IndexedFrame]
    ) -> Iterator[SyncedMessages[AnyImage, CameraInfo]]:
        """Yield the chosen frames of ``recording(topics)`` with their images, in recorded order."""
        waiting = deque(sorted(chosen, key=lambda frame: frame.image.message))
        uses = Counter(position for frame in waiting for position in _positions(frame))
        kept: dict[int, Any] = {}
        for position, message in enumerate(self._messages(topics.names)):
            if not waiting:
                return
            if position in uses:
                kept[position] = self._read(*message)
            while waiting and max(_positions(waiting[0])) <= position:
                frame = waiting.popleft()
                yield SyncedMessages(
                    _filled(frame.image, kept),
                    None if frame.depth is None else _filled(frame.depth, kept),
                    frame.info,
                )
                for done in _positions(frame):
                    uses[done] -= 1
                    if not uses[done]:
                        del kept[done]

    def _messages(self, topics: Sequence[str]) -> Iterator[tuple[str, str, int, bytes]]:
        """Yield (topic, type, nanoseconds of recording, bytes) of each message."""
        connections = [each for each in self._reader.connections if each.topic in topics]
        messages = self._reader.messages(connections)
        while True:
            try:
                connection, recorded_ns, data = next(messages)
            except StopIteration:
                return
            except Exception as error:  # a damaged file can raise any type
                raise InputError(f"the bag {self._path} is damaged: {error}") from error
            yield connection.topic, connection.msgtype, recorded_ns, data

    def _read(self, topic: str, kind: str, recorded_ns: int, data: bytes) -> Any:
        try:
            return self._store.deserialize_cdr(data, kind)
        except Exception as error:  # damaged bytes can raise any type
            when = format_seconds(recorded_ns)
            raise InputError(f"the message on {topic} at {when} is no {kind}: {error}") from error


def _positions(frame: IndexedFrame) -> tuple[int, ...]:
    """Return the positions of the images in the bag."""
    return tuple(part.message for part in (frame.image, frame.depth) if part is not None)


def _filled(part: Stamped[int], kept: Mapping[int, Any]) -> Stamped[AnyImage]:
    return Stamped(part.stamp_ns, kept[part.message], part.serial)

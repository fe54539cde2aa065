"""Camera messages as the middleware delivers them, deserialised when a request needs them.

Without requests no message is deserialised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

from zsris_ros.camera.frame_buffer import FrameBuffer, Stamped, SyncedMessages
from zsris_ros.camera.image_messages import SECOND, AnyImage, serialized_stamp_ns
from zsris_ros.types import InputError


@dataclass(frozen=True, eq=False)
class SerializedMessage:
    """The bytes of a message of the class ``kind``; ``convert`` is applied to the message."""

    data: bytes
    kind: type[Any]
    convert: Callable[[Any], Any] | None = None

    @property
    def stamp_ns(self) -> int:
        """The stamp of the header in nanoseconds. Raises InputError for bytes without one."""
        return serialized_stamp_ns(self.data)

    def read(self) -> Any:
        """Return the message. Raises InputError for bytes that are not of the class."""
        try:
            message = deserialize_message(self.data, self.kind)
        except Exception as error:  # rclpy's exceptions differ between distributions
            raise InputError(f"the message cannot be deserialised: {error}") from error
        return message if self.convert is None else self.convert(message)


ImageMessage: TypeAlias = "AnyImage | SerializedMessage"
InfoMessage: TypeAlias = "CameraInfo | SerializedMessage"
CameraMessages: TypeAlias = SyncedMessages[ImageMessage, InfoMessage]
"""The messages of a frame; those of a request's image are not serialised."""

CameraBuffer: TypeAlias = FrameBuffer[ImageMessage, InfoMessage]

T = TypeVar("T")


def deserialized(messages: CameraMessages) -> SyncedMessages[AnyImage, CameraInfo]:
    """Return the messages for ``assemble_frame``; raises InputError as ``read`` does."""
    image = _read(messages.image)
    assert image is not None
    return SyncedMessages(image, _read(messages.depth), _read(messages.info))


def _read(stamped: Stamped[Any] | None) -> Stamped[Any] | None:
    if stamped is None or not isinstance(stamped.message, SerializedMessage):
        return stamped
    return replace(stamped, message=stamped.message.read())


@dataclass(frozen=True, eq=False)
class TakenMessage:
    """A message from a queue of the middleware, and when the middleware received it.

    ``received_ns`` is in nanoseconds of the system's clock; 0 where the middleware does not tell.
    """

    message: SerializedMessage
    received_ns: int

    @property
    def age(self) -> float:
        """Seconds since the message was received."""
        return max(0.0, time.time() - self.received_ns / SECOND) if self.received_ns else 0.0


def take_one(subscription: Subscription[Any]) -> TakenMessage | None:
    """Take the oldest waiting message of a raw subscription as an executor does; None without one.

    rclpy offers no public function for it; its wait_for_message takes messages in the same way.
    """
    with subscription.handle:
        taken: Any = subscription.handle.take_message(subscription.msg_type, True)
    if taken is None:
        return None
    data, info = taken
    message = SerializedMessage(bytes(data), subscription.msg_type)
    return TakenMessage(message, info["received_timestamp"])


def take_all(subscription: Subscription[Any]) -> Iterator[TakenMessage]:
    """Take the waiting messages of a raw subscription, oldest first."""
    while (taken := take_one(subscription)) is not None:
        yield taken

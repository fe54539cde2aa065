"""Serialised camera messages: the stamp in the bytes, and deserialisation on demand."""

from __future__ import annotations

import struct

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from support.ros_camera import SECOND, camera_info, colour_image, header

from zsris_ros.camera.frame_buffer import Stamped
from zsris_ros.camera.image_messages import rectified_info
from zsris_ros.ros.inputs.serialized import CameraMessages, SerializedMessage, deserialized
from zsris_ros.types import InputError

STAMP = 1_700_000_000 * SECOND + 123_456_789


@pytest.mark.parametrize(
    "message",
    [
        colour_image(STAMP),
        camera_info(STAMP),
        CompressedImage(header=header(STAMP), format="jpeg", data=[1, 2]),
    ],
    ids=lambda message: type(message).__name__,
)
def test_the_stamp_is_read_from_the_bytes(message: object) -> None:
    serialized = SerializedMessage(serialize_message(message), type(message))
    assert serialized.stamp_ns == STAMP
    assert serialized.read() == message


def test_both_byte_orders_are_read() -> None:
    big = bytes([0, 0, 0, 0]) + struct.pack(">iI", 5, 7)
    assert SerializedMessage(big, Image).stamp_ns == 5 * SECOND + 7


@pytest.mark.parametrize("data", [b"", bytes(4), bytes(11)])
def test_bytes_without_a_header_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=f"of {len(data)} bytes"):
        _ = SerializedMessage(data, Image).stamp_ns


def test_bytes_of_another_message_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be deserialised"):
        SerializedMessage(bytes([0, 1, 0, 0]) + bytes(range(200, 240)), Image).read()


def test_the_messages_of_a_frame_are_deserialised_and_converted() -> None:
    info = camera_info(STAMP, p=[9.0, 0, 1, 0, 0, 9.0, 1, 0, 0, 0, 1, 0])
    image = colour_image(STAMP)
    messages = CameraMessages(
        Stamped(STAMP, SerializedMessage(serialize_message(image), Image), 1),
        None,
        Stamped(STAMP, SerializedMessage(serialize_message(info), CameraInfo, rectified_info), 2),
    )
    found = deserialized(messages)
    assert found.image.message == image and found.image.serial == 1 and found.depth is None
    assert found.info is not None and found.info.message.k[0] == 9.0
    assert deserialized(found) == found, "a request's image is not serialised"

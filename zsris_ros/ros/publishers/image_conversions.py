"""Conversion of NumPy arrays to sensor_msgs/Image; ``zsris_ros.camera`` holds the inverse."""

from __future__ import annotations

import array
from typing import Any

import numpy.typing as npt
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from zsris_ros.camera.image_messages import to_image_data


def to_image(pixels: npt.NDArray[Any], encoding: str, header: Header) -> Image:
    """Convert ``pixels`` (HxW or HxWxC, dtype and channels of ``encoding``) to a message.

    Raises InputError when pixels and encoding do not match.
    """
    picture = to_image_data(pixels, encoding, header)
    message = Image()
    message.header = header
    message.height, message.width = picture.height, picture.width
    message.encoding, message.step = encoding, picture.step
    message.is_bigendian = int(picture.is_bigendian)
    data = array.array("B")  # rclpy checks a list byte by byte, which is 30 to 100 times slower
    data.frombytes(picture.data)
    message.data = data
    return message

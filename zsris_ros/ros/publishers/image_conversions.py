"""NumPy to sensor_msgs/Image; the way back is ``zsris_ros.camera``."""

from __future__ import annotations

import array
from typing import Any

import numpy.typing as npt
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from zsris_ros.camera.image_messages import to_image_data


def to_image(pixels: npt.NDArray[Any], encoding: str, header: Header) -> Image:
    """``pixels`` (HxW or HxWxC, type and channels as ``encoding`` says) as an Image message.

    The header is taken as it is. Raises InputError when pixels and encoding do not fit.
    """
    picture = to_image_data(pixels, encoding, header)
    message = Image()
    message.header = header
    message.height, message.width = picture.height, picture.width
    message.encoding, message.step = encoding, picture.step
    message.is_bigendian = int(picture.is_bigendian)
    data = array.array("B")  # a list would be checked byte by byte: 30 to 100 times slower
    data.frombytes(picture.data)
    message.data = data
    return message

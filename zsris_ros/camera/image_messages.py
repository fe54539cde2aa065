"""Fields of camera messages, independent of the class: ROS's sensor_msgs or a bag reader's."""

from __future__ import annotations

import reprlib
import struct
from copy import copy
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from zsris_ros.camera.encodings import LAYOUTS
from zsris_ros.types import InputError

SECOND = 1_000_000_000
"""Nanoseconds."""
MAX_PIXELS = 25_000_000
"""Default for the largest number of pixels of an image: 75 MB of 8-bit colours."""

_ENCAPSULATION = 4
"""Bytes before the fields of a serialised message; the second is odd for little-endian."""
_STAMP = {0: struct.Struct(">iI"), 1: struct.Struct("<iI")}
"""builtin_interfaces/Time, the first field of the header and thus of every camera message."""

_QUOTED = reprlib.Repr()
_QUOTED.maxstring = 60


class Header(Protocol):
    """std_msgs/Header."""

    stamp: Any
    frame_id: str


class RawImage(Protocol):
    """sensor_msgs/Image; ``data`` is a buffer of bytes."""

    header: Any
    height: int
    width: int
    encoding: str
    is_bigendian: Any
    step: int
    data: Any


@runtime_checkable
class CompressedImage(Protocol):
    """sensor_msgs/CompressedImage."""

    header: Any
    format: str
    data: Any


class CameraInfo(Protocol):
    """sensor_msgs/CameraInfo; ``k`` are the 9 values of K, ``p`` the 12 values of P, by row.

    ``d`` are the coefficients of ``distortion_model``.
    """

    header: Any
    height: int
    width: int
    distortion_model: str
    d: Any
    k: Any
    p: Any
    binning_x: int
    binning_y: int
    roi: Any


AnyImage: TypeAlias = RawImage | CompressedImage
"""Message of an image topic."""


@dataclass(eq=False)
class ImageData:
    """A RawImage without padding, in little-endian order.

    ``data`` may share memory with the source pixels.
    """

    header: Any
    height: int
    width: int
    encoding: str
    step: int
    data: Any
    is_bigendian: bool = False


def rectified_info(info: CameraInfo) -> CameraInfo:
    """Return a copy of ``info`` for rectified images: K from P, and no distortion."""
    rectified = copy(info)
    rectified.k = [float(info.p[4 * row + column]) for row in range(3) for column in range(3)]
    rectified.d = []
    return rectified


def to_image_data(pixels: npt.NDArray[Any], encoding: str, header: Any) -> ImageData:
    """Return ``pixels`` (HxW or HxWxC of the type of ``encoding``) as an image message.

    Raises InputError when pixels and encoding do not fit.
    """
    layout = LAYOUTS[encoding]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if pixels.dtype != np.dtype(layout.dtype) or channels != layout.channels:
        raise InputError(f"{pixels.dtype} pixels of shape {pixels.shape} are not {encoding}")
    height, width = (int(side) for side in pixels.shape[:2])
    step = width * channels * pixels.dtype.itemsize
    little = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
    data = little.reshape(-1).view(np.uint8).data  # not copied
    return ImageData(header, height, width, encoding, step, data)


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise InputError for an image with more than ``max_pixels``."""
    if width * height > max_pixels:
        raise InputError(
            f"the image has {width}x{height} pixels, more than the {max_pixels} it may have; send "
            "a smaller one (or raise the node's parameter max_pixels)"
        )


def quoted(text: str) -> str:
    """Return text of a message in quotes, shortened and printable."""
    return _QUOTED.repr(text)


def stamp_ns(header: Header) -> int:
    """Return the header's time in nanoseconds."""
    return int(header.stamp.sec) * SECOND + int(header.stamp.nanosec)


def serialized_stamp_ns(data: bytes) -> int:
    """Return the time in nanoseconds of the header that a serialised message (CDR) begins with.

    Raises InputError for bytes without a header.
    """
    try:
        seconds, nanoseconds = _STAMP[data[1] & 1].unpack_from(data, _ENCAPSULATION)
    except (IndexError, struct.error) as error:
        raise InputError(f"a message of {len(data)} bytes has no header") from error
    return int(seconds * SECOND + nanoseconds)


def format_seconds(stamp: int) -> str:
    """Format a time in nanoseconds as "12.345 s"."""
    return f"{stamp // SECOND}.{stamp % SECOND // 1_000_000:03d} s"

"""What is read of camera messages: sensor_msgs of a running ROS, or of a bag read without one.

Both have the fields of the message definitions, so nothing here needs their classes.
"""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from zsris_ros.camera.encodings import LAYOUTS
from zsris_ros.types import InputError

SECOND = 1_000_000_000
"""Nanoseconds."""
MAX_PIXELS = 25_000_000
"""Pixels an image may have, unless told otherwise: 75 MB of 8-bit colours."""

_QUOTED = reprlib.Repr()
_QUOTED.maxstring = 60


class Header(Protocol):
    """std_msgs/Header."""

    @property
    def stamp(self) -> Any: ...
    @property
    def frame_id(self) -> str: ...


class RawImage(Protocol):
    """sensor_msgs/Image; ``data`` is a buffer of bytes."""

    @property
    def header(self) -> Header: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def encoding(self) -> str: ...
    @property
    def is_bigendian(self) -> int | bool: ...
    @property
    def step(self) -> int: ...
    @property
    def data(self) -> Any: ...


@runtime_checkable
class CompressedImage(Protocol):
    """sensor_msgs/CompressedImage."""

    @property
    def header(self) -> Header: ...
    @property
    def format(self) -> str: ...
    @property
    def data(self) -> Any: ...


class CameraInfo(Protocol):
    """sensor_msgs/CameraInfo; ``k`` are the nine numbers of K, ``p`` the twelve of P, by row."""

    @property
    def header(self) -> Header: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def k(self) -> Any: ...
    @property
    def p(self) -> Any: ...
    @property
    def binning_x(self) -> int: ...
    @property
    def binning_y(self) -> int: ...
    @property
    def roi(self) -> Any: ...


AnyImage: TypeAlias = RawImage | CompressedImage
"""What may come on an image topic."""


@dataclass(frozen=True, eq=False)
class ImageData:
    """A RawImage of our own, its rows without padding and in little-endian order.

    ``data`` may be the memory of the pixels that it was made of.
    """

    header: Any
    height: int
    width: int
    encoding: str
    step: int
    data: bytes | memoryview
    is_bigendian: bool = False


@dataclass(frozen=True, eq=False)
class CameraInfoData:
    """A CameraInfo of our own."""

    header: Any
    height: int
    width: int
    k: Any
    p: Any
    binning_x: int
    binning_y: int
    roi: Any


def rectified_info(info: CameraInfo) -> CameraInfoData:
    """What ``info`` says of images that were rectified: their K is the left 3x3 of its P."""
    k = [float(info.p[4 * row + column]) for row in range(3) for column in range(3)]
    return CameraInfoData(
        info.header, info.height, info.width, k, info.p, info.binning_x, info.binning_y, info.roi
    )


def to_image_data(pixels: npt.NDArray[Any], encoding: str, header: Any) -> ImageData:
    """``pixels`` (HxW or HxWxC, type and channels as ``encoding`` says) as an image message.

    The header is taken as it is. Raises InputError when pixels and encoding do not fit.
    """
    layout = LAYOUTS[encoding]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if pixels.dtype != np.dtype(layout.dtype) or channels != layout.channels:
        raise InputError(f"{pixels.dtype} pixels of shape {pixels.shape} are not {encoding}")
    height, width = (int(side) for side in pixels.shape[:2])
    step = width * channels * pixels.dtype.itemsize
    little = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
    data = little.reshape(-1).view(np.uint8).data  # the same bytes, not copied
    return ImageData(header, height, width, encoding, step, data)


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises InputError for an image with more than ``max_pixels``."""
    if width * height > max_pixels:
        raise InputError(
            f"the image has {width}x{height} pixels, more than the {max_pixels} it may have; send "
            "a smaller one (or raise the node's parameter max_pixels)"
        )


def quoted(text: str) -> str:
    """A sender's ``text`` in quotes for a sentence: short and printable, whatever it holds."""
    return _QUOTED.repr(text)


def stamp_ns(header: Header) -> int:
    """The header's time in nanoseconds."""
    return int(header.stamp.sec) * SECOND + int(header.stamp.nanosec)


def format_seconds(stamp: int) -> str:
    """A time in nanoseconds for people: "12.345 s"."""
    return f"{stamp // SECOND}.{stamp % SECOND // 1_000_000:03d} s"

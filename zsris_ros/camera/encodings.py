"""The encodings of sensor_msgs/Image and their conversion to RGB.

OpenCV converts with the results of cv_bridge, which itself fails with NumPy 2, on big-endian images
and on short buffers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.types import ByteArray, InputError

FULL_SCALE = 65535
"""White in 16 bits: colours are scaled by 255/65535 and rounded, as in cv_bridge. A 12-bit camera
that leaves the upper bits unused gives a dark image."""


@dataclass(frozen=True)
class Layout:
    """A pixel's NumPy type and channels; ``code`` is OpenCV's conversion to RGB, None for RGB."""

    dtype: str
    channels: int
    code: int | None = None
    is_colour: bool = True


# ROS names a Bayer pattern by its first four pixels, OpenCV by an offset of two pixels.
_BAYER = {
    "rggb": cv2.COLOR_BayerBG2RGB,
    "bggr": cv2.COLOR_BayerRG2RGB,
    "gbrg": cv2.COLOR_BayerGR2RGB,
    "grbg": cv2.COLOR_BayerGB2RGB,
}
_CHANNELS: dict[str, tuple[int, int | None]] = {
    "rgb": (3, None),
    "bgr": (3, cv2.COLOR_BGR2RGB),
    "rgba": (4, cv2.COLOR_RGBA2RGB),
    "bgra": (4, cv2.COLOR_BGRA2RGB),
    "mono": (1, cv2.COLOR_GRAY2RGB),
}
_BITS = {"8": "u1", "16": "u2"}

LAYOUTS = {
    **{
        f"{name}{bits}": Layout(dtype, channels, code)
        for bits, dtype in _BITS.items()
        for name, (channels, code) in _CHANNELS.items()
    },
    **{
        f"bayer_{pattern}{bits}": Layout(dtype, 1, code)
        for bits, dtype in _BITS.items()
        for pattern, code in _BAYER.items()
    },
    # Two names each: before and since Iron.
    "yuv422": Layout("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": Layout("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": Layout("u1", 2, cv2.COLOR_YUV2RGB_YUYV),
    "yuyv": Layout("u1", 2, cv2.COLOR_YUV2RGB_YUYV),
    # OpenCV's names without a colour space: grey and, by its convention, BGR and BGRA.
    "8UC1": Layout("u1", 1, cv2.COLOR_GRAY2RGB),
    "8UC3": Layout("u1", 3, cv2.COLOR_BGR2RGB),
    "8UC4": Layout("u1", 4, cv2.COLOR_BGRA2RGB),
    "16UC3": Layout("u2", 3, cv2.COLOR_BGR2RGB),
    "16UC4": Layout("u2", 4, cv2.COLOR_BGRA2RGB),
    "16UC1": Layout("u2", 1, is_colour=False),
    "32FC1": Layout("f4", 1, is_colour=False),
}


@dataclass(frozen=True)
class Planes:
    """A luma plane, then chroma pairs of ``side`` x ``side`` pixels: U, V, or V, U if swapped."""

    side: int
    swapped: bool = False


PLANAR = {"nv12": Planes(2), "nv21": Planes(2, swapped=True), "nv24": Planes(1)}

COLOUR_ENCODINGS = (*(name for name, layout in LAYOUTS.items() if layout.is_colour), *PLANAR)
DEPTH_ENCODINGS = ("16UC1", "32FC1", "mono16")
"""Some drivers publish depth in millimetres as mono16."""


def to_colours(pixels: npt.NDArray[Any], encoding: str) -> ByteArray:
    """Convert pixels of a colour encoding, HxW or HxWxC, to uint8 HxWx3 in RGB order.

    Alpha is dropped, grey repeated, Bayer patterns interpolated, YUV converted by ITU-R BT.601, and
    16 bits scaled (``FULL_SCALE``). Raises InputError for an impossible size.
    """
    height, width = pixels.shape[:2]
    if encoding in PLANAR:
        # OpenCV converts pairs of pixels: every pixel becomes a pair of equal ones.
        pairs = pixels[..., [1, 0, 2, 0]].reshape(height, 2 * width, 2)
        return np.ascontiguousarray(cv2.cvtColor(pairs, cv2.COLOR_YUV2RGB_UYVY)[:, ::2])
    if encoding.startswith("bayer_") and min(height, width) < 3:
        raise InputError(f"{width}x{height} pixels are too few for a {encoding} pattern")
    code = LAYOUTS[encoding].code
    if LAYOUTS[encoding].channels == 2 and width % 2:
        raise InputError(f"{encoding} holds pixels in pairs, and the image's width {width} is odd")
    colours = pixels if code is None else cv2.cvtColor(pixels, code)
    if colours.dtype == np.uint16:
        colours = np.rint(colours * np.float32(255 / FULL_SCALE)).astype(np.uint8)
    return np.ascontiguousarray(colours)

"""Decompression of sensor_msgs/CompressedImage from image_transport's plugins.

``compressed`` is a JPEG or PNG file. ``compressedDepth`` is a 16-bit PNG, or RVL, after a header of
12 bytes with the quantisation of metres.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from zsris_ros.camera import rvl
from zsris_ros.camera.image_messages import (
    MAX_PIXELS,
    AnyImage,
    CompressedImage,
    RawImage,
    check_size,
    quoted,
    to_image_data,
)
from zsris_ros.types import InputError

RAW, COMPRESSED, COMPRESSED_DEPTH = "raw", "compressed", "compressedDepth"

HEADER = struct.Struct("<iff")
"""compressedDepth's header: quantisation format and its two parameters."""

UNCHANGED = cv2.IMREAD_UNCHANGED
COLOURS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def decompress(message: AnyImage, max_pixels: int = MAX_PIXELS) -> RawImage:
    """Return ``message`` as a raw image with the same header; raw images are returned unchanged.

    Colours become bgr8; grey, depth and Bayer patterns keep their encoding. Raises InputError for
    undecodable data and for images of more than ``max_pixels``.
    """
    if not isinstance(message, CompressedImage):
        return message
    encoding, _, transport = (part.strip() for part in message.format.partition(";"))
    if transport.startswith(COMPRESSED_DEPTH):
        return _depth(message, encoding, transport, max_pixels)
    if encoding == "16UC1":
        depth = _decoded(message, 0, max_pixels, UNCHANGED, "u2")
        return to_image_data(depth, encoding, message.header)
    pattern = encoding.startswith("bayer") and transport.startswith("png")
    flags = UNCHANGED if encoding.startswith("mono") or pattern else COLOURS
    pixels = _decoded(message, 0, max_pixels, flags)
    decoded = {(2, "uint8"): "mono8", (2, "uint16"): "mono16", (3, "uint8"): "bgr8"}
    result = decoded.get((pixels.ndim, pixels.dtype.name))
    if pattern and pixels.ndim == 2:  # a PNG stores the mosaic, a JPEG its grey image
        result = encoding
    if result is None:
        raise InputError(
            f"the compressed image holds {pixels.dtype} of shape {pixels.shape}, which is no "
            f"picture can be read (format {quoted(message.format)})"
        )
    return to_image_data(pixels, result, message.header)


def _depth(message: CompressedImage, encoding: str, transport: str, max_pixels: int) -> RawImage:
    """Decode REP 118's depth: 16UC1 is stored unchanged, 32FC1 as quantised inverse metres.

    metres = a / (stored - b) with a and b from the header; 0 means "no measurement".
    """
    if len(message.data) <= HEADER.size:
        raise InputError(f"the compressed depth has {len(message.data)} bytes, which is no image")
    if transport.endswith("rvl"):
        stored = rvl.decode(bytes(message.data[HEADER.size :]), max_pixels)
    else:
        stored = _decoded(message, HEADER.size, max_pixels, UNCHANGED, "u2")
    if encoding != "32FC1":
        return to_image_data(stored, "16UC1", message.header)
    _, a, b = HEADER.unpack(bytes(message.data[: HEADER.size]))
    with np.errstate(all="ignore"):
        metres = np.float32(a) / (stored.astype(np.float32) - np.float32(b))
    metres[stored == 0] = np.nan
    return to_image_data(metres.astype(np.float32), encoding, message.header)


def _decoded(
    message: CompressedImage, start: int, max_pixels: int, flags: int, dtype: str = ""
) -> npt.NDArray[Any]:
    """Decode the image file from byte ``start`` of the data; ``dtype`` is the required type."""
    data = bytes(message.data[start:])
    try:
        # The size first: few bytes can decompress to gigabytes.
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as picture:
            check_size(picture.width, picture.height, max_pixels)
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except Image.DecompressionBombError as error:  # PIL refuses to read the size
        raise InputError(f"the compressed image is too large: {error}") from error
    except (OSError, SyntaxError, cv2.error):  # PIL raises SyntaxError for a broken PNG
        pixels = None
    if pixels is None:
        raise InputError(
            f"the compressed image cannot be decoded: {len(message.data)} bytes of format "
            f"{quoted(message.format)} are neither JPEG nor PNG"
        )
    if dtype and (pixels.dtype != np.dtype(dtype) or pixels.ndim != 2):
        raise InputError(
            f"the compressed depth holds {pixels.dtype} of shape {pixels.shape}, not one channel "
            "of 16 bits"
        )
    return np.asarray(pixels)

"""Image messages and CameraInfo to NumPy and to frames.

An Image is a buffer with a row length (``step``), an encoding and a byte order. Contradictory
fields raise InputError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.camera.encodings import (
    COLOUR_ENCODINGS,
    DEPTH_ENCODINGS,
    LAYOUTS,
    PLANAR,
    to_colours,
)
from zsris_ros.camera.image_messages import CameraInfo, RawImage, quoted, stamp_ns
from zsris_ros.geometry.projection import pixel_rays
from zsris_ros.types import ByteArray, FloatArray, Frame, InputError, Intrinsics

METRES_PER_MILLIMETRE = np.float32(0.001)
"""16-bit depth is in millimetres (REP 118)."""

FISHEYE = "equidistant"
DISTORTION_MODELS = ("plumb_bob", "rational_polynomial", FISHEYE)
"""The models of sensor_msgs (distortion_models.hpp) that OpenCV has."""


def to_array(image: RawImage) -> npt.NDArray[Any]:
    """Return the pixels in the image's encoding, a new HxW or HxWxC array in native byte order.

    Planar encodings (nv12, nv21, nv24) become HxWx3: Y, U, V. Raises InputError for an unknown
    encoding and for contradictory size, step and buffer.
    """
    layout = LAYOUTS.get(image.encoding)
    if layout is None and image.encoding not in PLANAR:
        raise InputError(
            f"the image's encoding {quoted(image.encoding)} is not supported; "
            f"publish one of {', '.join((*LAYOUTS, *PLANAR))}"
        )
    if image.width < 1 or image.height < 1:
        raise InputError(f"the image is empty: {image.width}x{image.height} pixels")
    if layout is None:
        return _to_yuv(image)
    dtype = np.dtype(layout.dtype)
    row = image.width * layout.channels * dtype.itemsize
    if image.step < row:
        raise InputError(
            f"the image's step of {image.step} bytes is too short: {image.width} pixels of "
            f"{image.encoding} need {row}"
        )
    needed = image.step * image.height
    if len(image.data) < needed:
        raise InputError(
            f"the image's buffer is too short: {len(image.data)} bytes, where "
            f"{image.height} rows of {image.step} bytes need {needed}"
        )
    rows = np.frombuffer(image.data, np.uint8, needed).reshape(image.height, image.step)
    stored = dtype.newbyteorder(">" if image.is_bigendian else "<")
    pixels = rows[:, :row].copy().view(stored).astype(dtype, copy=False)
    return pixels if layout.channels == 1 else pixels.reshape(image.height, image.width, -1)


def _to_yuv(image: RawImage) -> ByteArray:
    """Convert planes to HxWx3 (Y, U, V), repeating the chroma of several pixels.

    ``step`` should be the length of a luma row, but sensor_msgs does not define it and drivers
    differ: a buffer of exactly the image's size has no padding.
    """
    planes, (height, width) = PLANAR[image.encoding], (image.height, image.width)
    side = planes.side
    if height % side or width % side:
        raise InputError(
            f"{image.encoding} holds pixels in groups of {side}x{side}, and the image has "
            f"{width}x{height}"
        )
    step = width if len(image.data) == _planes_size(width, height, side) else image.step
    needed = _planes_size(step, height, side)
    if step < width or len(image.data) < needed:
        raise InputError(
            f"the image's step of {image.step} or its buffer of {len(image.data)} bytes is too "
            f"short: {width}x{height} pixels of {image.encoding} need {width} and "
            f"{_planes_size(max(width, step), height, side)}"
        )
    data = np.frombuffer(image.data, np.uint8, needed)
    luma = data[: height * step].reshape(height, step)[:, :width]
    chroma = data[height * step :].reshape(height // side, -1)[:, : 2 * width // side]
    pairs = chroma.reshape(height // side, width // side, 2)[..., :: -1 if planes.swapped else 1]
    return np.dstack([luma, pairs.repeat(side, axis=0).repeat(side, axis=1)])


def _planes_size(step: int, height: int, side: int) -> int:
    """Size in bytes of planes whose luma rows have ``step`` bytes."""
    return step * height + 2 * step * height // side**2


def to_rgb(image: RawImage) -> ByteArray:
    """Return the colours as uint8 HxWx3 in RGB order (see ``to_colours``).

    Raises InputError for an encoding without colours and for contradictory fields.
    """
    _check_encoding(image, COLOUR_ENCODINGS, "a colour image")
    return to_colours(to_array(image), image.encoding)


def to_depth(image: RawImage) -> FloatArray:
    """Return the depth as float32 HxW in metres.

    Missing measurements stay 0, NaN, infinite or not positive. Raises InputError for an encoding
    without depth and for contradictory fields.
    """
    _check_encoding(image, DEPTH_ENCODINGS, "a depth image")
    pixels = to_array(image)
    if pixels.dtype == np.uint16:
        return pixels.astype(np.float32) * METRES_PER_MILLIMETRE
    return pixels.astype(np.float32, copy=False)


def to_intrinsics(info: CameraInfo) -> Intrinsics | None:
    """Return the intrinsics of the image published with ``info``; None for a ``K`` of zeros.

    ``K`` and ``D`` describe the full sensor; binning and region of interest select the image.
    Raises InputError when ``K`` is neither zero nor a camera, and for a distortion that cannot be
    undone.
    """
    fx, fy, cx, cy = (float(info.k[i]) for i in (0, 4, 2, 5))
    if fx == 0.0 and fy == 0.0:
        return None
    across, down = max(1, info.binning_x), max(1, info.binning_y)
    return Intrinsics(
        fx=fx / across,
        fy=fy / down,
        cx=(cx - info.roi.x_offset) / across,
        cy=(cy - info.roi.y_offset) / down,
        distortion=_distortion(info),
        fisheye=info.distortion_model == FISHEYE,
    )


def _distortion(info: CameraInfo) -> tuple[float, ...]:
    """Return the coefficients for OpenCV; () for an image without distortion."""
    coefficients = tuple(float(each) for each in info.d)
    if not any(coefficients):
        return ()
    if info.distortion_model not in DISTORTION_MODELS:
        raise InputError(
            f"the distortion model {quoted(info.distortion_model)} of the camera_info is not one "
            f"of {', '.join(DISTORTION_MODELS)}; rectify the images with image_proc, and subscribe "
            "to image_rect with the parameter rectified"
        )
    return coefficients


def drop_depth_without_rays(depth: FloatArray, intrinsics: Intrinsics) -> FloatArray:
    """Return depth HxW with NaN where the lens's model has no ray for the pixel."""
    if not intrinsics.distortion:
        return depth
    rays = pixel_rays((depth.shape[0], depth.shape[1]), intrinsics)
    return np.where(np.isfinite(rays[..., 0]), depth, np.float32(np.nan))


def to_frame(image: RawImage) -> Frame:
    """Convert an image to a frame without depth. Raises InputError as ``to_rgb`` does."""
    return Frame(rgb=to_rgb(image), stamp_ns=stamp_ns(image.header), frame_id=image.header.frame_id)


def _check_encoding(image: RawImage, encodings: tuple[str, ...], kind: str) -> None:
    if image.encoding not in encodings:
        raise InputError(
            f"the encoding {quoted(image.encoding)} is not {kind} that can be read; "
            f"publish one of {', '.join(encodings)}"
        )

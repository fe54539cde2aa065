"""Colour and depth images from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from zsris_ros.types import ByteArray, FloatArray, InputError


def read_rgb(path: Path) -> ByteArray:
    """Return a colour image, uint8 HxWx3, rotated by its EXIF orientation.

    Raises:
        InputError: The file is no image, or too large.
    """
    return np.array(_open_image(path, "RGB"), np.uint8)


def read_depth(path: Path, scale: float) -> FloatArray:
    """Return depth, float32 HxW in metres.

    Args:
        path: A picture of one 16-bit channel, or .npy in metres.
        scale: Metres of one step of a picture.

    Raises:
        InputError: The file has another form.
    """
    if path.suffix == ".npy":
        try:
            metres = np.load(path, allow_pickle=False)
        except ValueError as error:
            raise InputError(f"{path} is not an array of numbers: {error}") from error
        if metres.ndim != 2 or metres.dtype.kind not in "fiu":
            raise InputError(f"{path} must hold HxW metres, got {metres.dtype} {metres.shape}")
        return np.asarray(metres, np.float32)
    steps = np.asarray(_open_image(path))
    if steps.ndim != 2 or steps.dtype.kind not in "iu" or steps.dtype.itemsize < 2:
        raise InputError(f"{path} is no depth: it must be a picture of one 16-bit channel")
    return steps.astype(np.float32) * np.float32(scale)


def _open_image(path: Path, mode: str | None = None) -> Any:
    try:
        with Image.open(path) as opened:
            turned = ImageOps.exif_transpose(opened)
            return turned.convert(mode) if mode else turned.copy()
    except UnidentifiedImageError:
        raise InputError(f"{path} is not a picture that can be read") from None
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} is too large: {error}") from None

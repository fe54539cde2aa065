"""Decoder of RVL, compressedDepth's run-length code of depth.

A. D. Wilson, "Fast Lossless Depth Image Compression", ISS 2017. The code alternates the number of
zero pixels, the number of non-zero pixels, and the difference of each of these to the previous
non-zero pixel, zigzag-encoded. A number is stored in nibbles of three bits, lowest first, whose
high bit means "more follows". Eight nibbles make a 32-bit word, the first in the highest bits.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from zsris_ros.camera.image_messages import MAX_PIXELS, check_size
from zsris_ros.types import InputError

SIZE = struct.Struct("<II")
"""Columns and rows, before the code."""

MAX_NIBBLES = 11
"""Nibbles of a 32-bit number."""


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> npt.NDArray[np.uint16]:
    """Return the uint16 HxW image in the stored unit; 0 means "no measurement".

    Raises InputError for damaged data and for images of more than ``max_pixels``.
    """
    if len(data) < SIZE.size:
        raise InputError(f"the RVL depth has {len(data)} bytes, which is no image")
    columns, rows = SIZE.unpack_from(data)
    pixels = columns * rows
    check_size(columns, rows, max_pixels)
    if not pixels:
        raise InputError(f"the RVL depth is empty: {columns}x{rows} pixels")
    numbers = _numbers(data[SIZE.size :])
    runs, first = _runs(numbers, pixels)
    is_measured = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    folded = numbers[first]
    differences = (folded >> 1) ^ -(folded & 1)
    image = np.zeros(pixels, np.uint16)
    image[is_measured] = np.cumsum(differences).astype(np.uint16)
    return image.reshape(rows, columns)


def _numbers(code: bytes) -> npt.NDArray[np.int64]:
    """Return all numbers in ``code``, including the zeros that pad the last word."""
    words = np.frombuffer(code, "<u4", len(code) // 4)
    nibbles = (words[:, None] >> np.arange(28, -1, -4, dtype=np.uint32)).reshape(-1) & 0xF
    lasts = np.flatnonzero(nibbles < 8)
    firsts = np.concatenate([[0], lasts[:-1] + 1])
    lengths = lasts - firsts + 1
    if not len(lasts) or lengths.max() > MAX_NIBBLES:
        raise InputError("the RVL depth is damaged: a number in it does not end")
    used = nibbles[: lasts[-1] + 1].astype(np.int64) & 7
    places = np.arange(len(used)) - np.repeat(firsts, lengths)
    return np.asarray(np.add.reduceat(used << 3 * places, firsts))


def _runs(
    numbers: npt.NDArray[np.int64], pixels: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Lengths of runs, alternately zero and non-zero, and which of ``numbers`` are differences."""
    is_difference = np.zeros(len(numbers), bool)
    runs: list[int] = []
    listed = numbers.tolist()  # iterates faster than an array
    at = decoded = 0
    while decoded < pixels:
        if at + 2 > len(listed):
            raise InputError(f"the RVL depth is cut off: it has {decoded} of {pixels} pixels")
        zeros, others = listed[at : at + 2]
        runs += zeros, others
        decoded += zeros + others
        is_difference[at + 2 : at + 2 + others] = True
        at += 2 + others
        if zeros + others == 0:
            raise InputError("the RVL depth is damaged: a run of no pixels")
    if decoded > pixels or at > len(listed):
        raise InputError(f"the RVL depth is damaged: its runs do not fill {pixels} pixels")
    return np.array(runs), is_difference

"""An RVL encoder, written from the paper."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np


def encoded(depth: np.ndarray) -> bytes:
    """Encode ``depth`` pixel by pixel as in the paper, after columns and rows."""
    pixels = [int(each) for each in depth.reshape(-1)]
    nibbles = [nibble for number in numbers_of(pixels) for nibble in nibbles_of(number)]
    nibbles += [0] * (-len(nibbles) % 8)
    words = [nibbles[i : i + 8] for i in range(0, len(nibbles), 8)]
    code = b"".join(
        struct.pack("<I", int("".join(f"{each:x}" for each in word), 16)) for word in words
    )
    return struct.pack("<II", depth.shape[1], depth.shape[0]) + code


def numbers_of(pixels: list[int]) -> Iterator[int]:
    at = previous = 0
    while at < len(pixels):
        zeros = at
        while at < len(pixels) and pixels[at] == 0:
            at += 1
        yield at - zeros
        others = at
        while at < len(pixels) and pixels[at] != 0:
            at += 1
        yield at - others
        for pixel in pixels[others:at]:
            difference = pixel - previous
            yield 2 * difference if difference >= 0 else -2 * difference - 1
            previous = pixel


def nibbles_of(number: int) -> Iterator[int]:
    while number >= 8:
        yield 8 + number % 8
        number //= 8
    yield number

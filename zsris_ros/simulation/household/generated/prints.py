"""Textures that are drawn by chance: labels, printed boxes, fruit skins, weaves and pores."""

from __future__ import annotations

import string

import cv2
import numpy as np

from zsris_ros.types import ByteArray

Rgb = tuple[float, float, float]
"""RGB in 0..1."""

_SIDE = 192
"""Pixels of a square texture."""


def printed(rng: np.random.Generator, ground: Rgb, cover: float = 0.45) -> ByteArray:
    """Draw words, bars, discs and boxes on a ground, uint8 HxWx3.

    Args:
        rng: Draws the print.
        ground: The colour that stays dominant.
        cover: The largest share of the area that is printed.
    """
    picture = np.empty((_SIDE, _SIDE, 3), np.float32)
    picture[:] = ground
    inks = [_ink(rng, ground) for _ in range(int(rng.integers(1, 4)))]
    drawn = np.zeros((_SIDE, _SIDE), np.uint8)
    share = rng.uniform(0.1, cover)
    for _ in range(40):
        layer = np.zeros_like(drawn)
        _draw_sign(rng, layer)
        if ((drawn | layer) > 0).mean() > share:
            break
        drawn |= layer
        picture[layer > 0] = inks[int(rng.integers(len(inks)))]
    return _shaded(rng, picture, 0.03)


def skin(rng: np.random.Generator, ground: Rgb, other: Rgb, share: float) -> ByteArray:
    """Blend two colours by smooth noise, uint8 HxWx3; ``share`` is the mean part of the other."""
    part = np.clip(_noise(rng, 6) * 0.6 + share, 0, 1)[..., None]
    return _shaded(rng, (1 - part) * np.array(ground) + part * np.array(other), 0.05)


def woven(rng: np.random.Generator, ground: Rgb) -> ByteArray:
    """Draw a weave of light and dark cells, uint8 HxWx3."""
    cells = int(rng.integers(8, 20))
    y, x = np.mgrid[:_SIDE, :_SIDE] * np.pi * cells / _SIDE
    shade = 1 - 0.45 * rng.uniform(0.6, 1) * np.abs(np.sin(x) * np.sin(y))
    return _shaded(rng, shade[..., None] * np.array(ground), 0.04)


def porous(rng: np.random.Generator, ground: Rgb) -> ByteArray:
    """Draw the pores of a sponge, uint8 HxWx3."""
    pores = (_noise(rng, 60) > 0.25)[..., None]
    return _shaded(rng, np.where(pores, 0.72, 1.0) * np.array(ground), 0.05)


def striped(rng: np.random.Generator, ground: Rgb) -> ByteArray:
    """Draw one to four bars across the height, uint8 HxWx3."""
    picture = np.empty((_SIDE, _SIDE, 3), np.float32)
    picture[:] = ground
    for _ in range(int(rng.integers(1, 5))):
        top = int(rng.integers(_SIDE))
        picture[top : top + int(rng.integers(3, 22))] = _ink(rng, ground)
    return _shaded(rng, picture, 0.02)


def _draw_sign(rng: np.random.Generator, layer: ByteArray) -> None:
    """Draw one sign into a layer, 255 where it is."""
    at = tuple(int(v) for v in rng.integers(0, _SIDE, 2))
    kind = int(rng.integers(4))
    if kind == 0:
        word = "".join(rng.choice(list(string.ascii_letters), int(rng.integers(2, 8))))
        size, thickness = float(rng.uniform(0.4, 2.2)), int(rng.integers(1, 6))
        cv2.putText(layer, word, at, int(rng.integers(0, 5)), size, 255, thickness)
    elif kind == 1:
        top, height = at[1], int(rng.integers(4, 50))
        layer[top : top + height] = 255
    elif kind == 2:
        axes = tuple(int(v) for v in rng.integers(6, 45, 2))
        cv2.ellipse(layer, at, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    else:
        width, height = rng.integers(8, 80, 2)
        layer[at[1] : at[1] + height, at[0] : at[0] + width] = 255


def _ink(rng: np.random.Generator, ground: Rgb) -> Rgb:
    """Draw a colour that stands out from the ground."""
    for _ in range(20):
        colour = (
            rng.uniform(0, 1, 3) if rng.random() < 0.6 else np.full(3, rng.choice([0.05, 0.95]))
        )
        if np.abs(colour - np.array(ground)).max() > 0.35:
            break
    return float(colour[0]), float(colour[1]), float(colour[2])


def _noise(rng: np.random.Generator, cells: int) -> np.ndarray:
    """Smooth noise, float64 HxW of mean 0 and about unit range."""
    coarse = rng.uniform(-1, 1, (cells, cells))
    return np.asarray(cv2.resize(coarse, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC))


def _shaded(rng: np.random.Generator, picture: np.ndarray, amount: float) -> ByteArray:
    """Add soft light and dark, and return uint8."""
    light = 1 + amount * _noise(rng, 5)[..., None]
    return np.asarray((np.clip(picture * light, 0, 1) * 255).astype(np.uint8))

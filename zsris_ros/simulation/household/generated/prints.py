"""Randomly drawn textures: labels, printed boxes, fruit skins, weaves and pores."""

from __future__ import annotations

import string

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.types import ByteArray

Rgb = tuple[float, float, float]
"""RGB in 0..1."""

Picture = npt.NDArray[np.float32]
"""Float32 HxWx3 in 0..1."""

_SIDE = 192
"""Pixels of a square texture."""
_FACE = 128
"""Pixels of one face of a packet."""


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


def packaged(rng: np.random.Generator, ground: Rgb) -> ByteArray:
    """Draw the six faces of a packet for ``solids.box``, uint8 HxWx3: pictures, names, tables."""
    inks = [_ink(rng, ground) for _ in range(3)]
    sides = ground if rng.random() < 0.7 else (0.93, 0.92, 0.9)
    wide = [_front(rng, ground, inks) for _ in range(2)]
    narrow = [
        _back(rng, sides, inks) if rng.random() < 0.7 else _front(rng, sides, inks)
        for _ in range(4)
    ]
    # The cells are -x, x, -y above and y, -z, z below; the faces -y and y are the wide ones.
    rows = [[narrow[0], narrow[1], wide[0]], [wide[1], narrow[2], narrow[3]]]
    return _shaded(rng, np.vstack([np.hstack(row) for row in rows]), 0.03)


def labelled(rng: np.random.Generator, ground: Rgb) -> ByteArray:
    """Draw a label that goes once around a body, uint8 HxWx3: two fronts and a table between."""
    inks = [_ink(rng, ground) for _ in range(3)]
    faces = [_front(rng, ground, inks), _back(rng, ground, inks)]
    strip = np.hstack([faces[0], faces[1]] if rng.random() < 0.5 else [faces[0], faces[0]])
    whole = np.empty((int(_FACE * rng.uniform(1.0, 1.8)), strip.shape[1], 3), np.float32)
    whole[:] = ground if rng.random() < 0.7 else inks[0]
    top = int(rng.integers(whole.shape[0] - _FACE + 1))
    whole[top : top + _FACE] = strip
    return _shaded(rng, whole, 0.03)


def skin(rng: np.random.Generator, ground: Rgb, other: Rgb, share: float) -> ByteArray:
    """Blend two colours by smooth noise, uint8 HxWx3; ``share`` is the mean part of the other."""
    part = np.clip(_noise(rng, 6) * 0.6 + share, 0, 1)[..., None]
    return _shaded(rng, (1 - part) * np.array(ground) + part * np.array(other), 0.05)


def spotted(rng: np.random.Generator, ground: Rgb, spots: Rgb) -> ByteArray:
    """Draw rows of small spots, uint8 HxWx3."""
    rows = int(rng.integers(7, 13))
    y, x = np.mgrid[:_SIDE, :_SIDE] * np.pi * rows / _SIDE
    seed = (np.abs(np.sin(x + np.round(y / np.pi) * np.pi / 2) * np.sin(y)) > 0.93)[..., None]
    return _shaded(rng, np.where(seed, np.array(spots), np.array(ground)), 0.05)


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


def _front(rng: np.random.Generator, ground: Rgb, inks: list[Rgb]) -> Picture:
    """Draw a front: a picture of many small things, a name on a field, maybe a band."""
    face = _blank(rng, ground)
    if rng.random() < 0.8:
        region = np.zeros((_FACE, _FACE), np.uint8)
        low, high = sorted(int(v) for v in rng.uniform(0.1, 1.0, 2) * _FACE)
        if rng.random() < 0.5:
            centre, axes = (int(rng.uniform(0.3, 0.7) * _FACE), (low + high) // 2), (50, 35)
            cv2.ellipse(region, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        else:
            region[low : min(high, low + _FACE // 2)] = 255
        things = _things(rng)
        face[region > 0] = things[region > 0]
    if rng.random() < 0.5:
        top = int(rng.integers(_FACE))
        face[top : top + int(rng.integers(3, 25))] = inks[1]
    x, y = (int(v) for v in rng.uniform(0.05, 0.5, 2) * _FACE)
    height = int(rng.uniform(0.12, 0.3) * _FACE)
    width = int(rng.uniform(1.5, 3.5) * height)
    if rng.random() < 0.6:
        cv2.rectangle(face, (x, y), (x + width, y + height), inks[0], -1)
    word = _word(rng)
    size = width / (cv2.getTextSize(word, 2, 1.0, 2)[0][0] + 1)
    ink = inks[2] if rng.random() < 0.5 else _ink(rng, inks[0])
    weight = int(rng.integers(1, 4))
    cv2.putText(face, word, (x, y + height - 5), int(rng.integers(0, 5)), size, ink, weight)
    return face


def _back(rng: np.random.Generator, ground: Rgb, inks: list[Rgb]) -> Picture:
    """Draw a back: lines of small text, a table on white, a bar code."""
    face = _blank(rng, ground)
    dark = inks[0] if rng.random() < 0.5 else (0.1, 0.1, 0.1)
    for _ in range(int(rng.integers(1, 4))):
        x, y = (int(v) for v in rng.uniform(0.05, 0.7, 2) * _FACE)
        width, height = (int(v) for v in rng.uniform(0.25, 0.7, 2) * _FACE)
        if rng.random() < 0.4:
            face[y : y + height, x : x + width] = (0.92, 0.92, 0.9)
        for line in range(y + 3, min(y + height, _FACE - 2), int(rng.integers(4, 8))):
            end = x + int(width * rng.uniform(0.6, 1.0))
            cells = np.flatnonzero(rng.random(max(end - x, 1)) < 0.7) + x
            face[line : line + 2, cells[cells < _FACE]] = dark
    if rng.random() < 0.5:
        x, y = (int(v) for v in rng.uniform(0.05, 0.6, 2) * _FACE)
        face[y : y + 30, x : x + 44] = 0.95
        bars = np.flatnonzero(rng.random(40) < 0.5) + x + 2
        face[y + 2 : y + 28, bars[bars < _FACE]] = 0.08
    return face


def _blank(rng: np.random.Generator, ground: Rgb) -> Picture:
    """Return a face of one colour, in some cases lighter at one end."""
    shade = np.ones((_FACE, 1, 1))
    if rng.random() < 0.4:
        shade = np.linspace(1, rng.uniform(0.7, 1.3), _FACE)[
            :: int(rng.choice([-1, 1])), None, None
        ]
    face = np.broadcast_to(np.clip(shade * np.array(ground), 0, 1), (_FACE, _FACE, 3))
    return np.ascontiguousarray(face, np.float32)


def _things(rng: np.random.Generator) -> Picture:
    """Draw a heap of round and long things in a few colours: flakes, fruit, biscuits."""
    colours = rng.uniform(0.1, 1, (int(rng.integers(2, 5)), 3))
    colours[0] = (rng.uniform(0.5, 0.8), rng.uniform(0.3, 0.5), rng.uniform(0.1, 0.3))
    face = np.empty((_FACE, _FACE, 3), np.float32)
    face[:] = colours.mean(axis=0)
    size = rng.uniform(4, 16)
    for _ in range(int(4000 / size**1.5)):
        centre = tuple(int(v) for v in rng.integers(0, _FACE, 2))
        axes = tuple(int(v) for v in size * rng.uniform(0.4, 1.0, 2) + 1)
        colour = colours[int(rng.integers(len(colours)))]
        angle = float(rng.uniform(0, 180))
        for shrink, light in ((1.0, 0.5), (0.8, 1.0), (0.4, 1.2)):
            small = tuple(max(1, int(axis * shrink)) for axis in axes)
            ink = tuple(float(v) for v in np.clip(colour * light, 0, 1))
            cv2.ellipse(face, centre, small, angle, 0, 360, ink, -1)
    return face


def _word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list(string.ascii_letters), int(rng.integers(2, 8))))


def _draw_sign(rng: np.random.Generator, layer: ByteArray) -> None:
    """Draw one sign into a layer, 255 where it is."""
    at = tuple(int(v) for v in rng.integers(0, _SIDE, 2))
    kind = int(rng.integers(4))
    if kind == 0:
        word = _word(rng)
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
    light = 1 + amount * cv2.resize(_noise(rng, 5), picture.shape[1::-1])[..., None]
    return np.asarray((np.clip(picture * light, 0, 1) * 255).astype(np.uint8))

"""Textures of tables, floors and walls: drawn at random, or LIBERO's photographs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from zsris_ros.simulation.household.libero_models import libero_folder
from zsris_ros.types import ByteArray, InputError

_TEXTURE_PX = 384


def surface_texture(rgb: tuple[float, float, float], index: int) -> ByteArray:
    """Return the texture of a table, floor or wall, uint8 HxWx3, drawn by ``index``.

    Half of the indices give a photograph of LIBERO's when its package is installed.
    """
    photographs = _photographs()
    if photographs and index % 2:
        return photographs[(index // 2) % len(photographs)]
    rng = np.random.default_rng([index, 47])
    y, x = np.mgrid[0:256, 0:256] / 256
    kind = int(rng.integers(5))
    if kind == 0:
        wobble = np.sin(2 * np.pi * x * rng.uniform(1, 3)) * 0.03
        shade = 0.1 * np.sin(2 * np.pi * (y + wobble) * rng.integers(10, 40))
    elif kind == 1:
        tiles = int(rng.integers(4, 14))
        shade = 0.1 * ((np.floor(x * tiles) + np.floor(y * tiles)) % 2 - 0.5)
    elif kind == 2:
        cells = int(rng.choice([4, 8, 16, 32]))
        coarse = rng.normal(0, 0.1, (cells, cells)).astype(np.float32)
        shade = cv2.resize(coarse, (256, 256), interpolation=cv2.INTER_CUBIC)
    elif kind == 3:
        planks = int(rng.integers(4, 10))
        shade = rng.normal(0, 0.08, planks)[np.minimum((y * planks).astype(int), planks - 1)]
    else:
        shade = np.zeros((256, 256))
    shade = shade + rng.normal(0, 0.012, (256, 256))
    pixels = np.clip(np.array(rgb) * (1.0 + np.asarray(shade)[..., None]), 0, 1)
    return (pixels * 255).astype(np.uint8)


@cache
def _photographs() -> tuple[ByteArray, ...]:
    try:
        folder = libero_folder() / "textures"
    except InputError:
        return ()
    return tuple(_photograph(path) for path in sorted(folder.glob("*.png")))


def _photograph(path: Path) -> ByteArray:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise InputError(f"{path} is not a picture that OpenCV reads")
    small = cv2.resize(pixels, (_TEXTURE_PX, _TEXTURE_PX), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(np.asarray(small, np.uint8)[..., ::-1])

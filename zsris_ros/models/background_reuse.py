"""The narrowest halo around masks whose features agree with exact ones on given weights."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from zsris_ros.types import BoolArray, ByteArray
from zsris_ros.vision.checked_hybrid import (
    MIN_COSINE,
    Agreement,
    compare_features,
    phrase_features,
)
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings
from zsris_ros.weights.catalogue import WeightsError

SURROUNDS = ("auto", "exact")
"""Tokens far from masks: encoded once a frame if the features agree, or for every mask."""

HALOS = (0, 1, 2)
"""Rings of cells to try, in this order."""


def check_surround(name: str) -> None:
    """Raise a WeightsError for an unknown name."""
    if name not in SURROUNDS:
        raise WeightsError(f"unknown surround '{name}': use {' or '.join(SURROUNDS)}")


class HaloCheck(NamedTuple):
    """The first halo that agrees, or None, and the agreement of the last one tried."""

    halo: int | None
    cosine: float
    logits: float


def verified_halo(
    clip: ClipModel, settings: HybridSettings, close: float = MIN_COSINE, scale: float = 100.0
) -> HaloCheck:
    """Return the first of ``HALOS`` that is close to exact features on a test image.

    Args:
        clip: The weights.
        settings: The encoder's settings; the check holds for their fusion mode.
        close: The smallest cosine.
        scale: The preset's logit scale, at which a logit may move by ``CLOSE_LOGITS``.
    """
    rgb, masks = check_image()
    texts = phrase_features(clip)
    exact = HybridEncoder(clip, replace(settings, halo=None)).encode(rgb, masks)
    found = Agreement(0.0, 0.0)
    for halo in HALOS:
        near = encode_each(HybridEncoder(clip, replace(settings, halo=halo)), rgb, masks)
        found = compare_features(exact, near, texts, scale)
        if found.is_close(close):
            return HaloCheck(halo, *found)
    return HaloCheck(None, *found)


def encode_each(encoder: HybridEncoder, rgb: ByteArray, masks: BoolArray) -> Tensor:
    """Encode each mask alone: in a batch, a mask is encoded with the tokens of the largest one."""
    return torch.cat([encoder.encode(rgb, mask[None]) for mask in masks])


def check_image() -> tuple[ByteArray, BoolArray]:
    """Return a cluttered image, uint8 240x320x3, and masks of objects in it, bool 5x240x320."""
    y, x = np.mgrid[:240, :320]
    waves = 60 * np.sin(x / 23) + 50 * np.cos(y / 17 + x / 90)
    image = np.stack([128 + waves, 120 - waves, 110 + 0.4 * y], axis=-1).astype(np.uint8)
    masks = np.zeros((5, 240, 320), np.uint8)
    cv2.circle(masks[0], (70, 60), 14, 1, -1)
    cv2.rectangle(masks[1], (150, 40), (215, 120), 1, -1)
    cv2.line(masks[2], (240, 20), (300, 200), 1, 4)
    cv2.ellipse(masks[3], (110, 190), (95, 40), 10.0, 0.0, 360.0, 1, -1)
    cv2.rectangle(masks[4], (285, 205), (319, 239), 1, -1)
    colours = ((210, 40, 40), (40, 80, 200), (230, 230, 230), (45, 150, 60), (240, 200, 50))
    for mask, colour in zip(masks, colours, strict=True):
        image[mask > 0] = colour
    return image, masks > 0

"""HybridGL's mask encoder with a halo, checked against the exact features on every frame.

Sharing what lies far from masks (``surround``) is not exact, and how close it comes depends on the
weights and on the frame. ``CheckedHybridEncoder`` encodes three masks of each frame both ways, and
encodes the frame exactly where the two differ too much.

Two bars decide. The cosine of the features is the bar of a half precision. A logit is the cosine
with a text times CLIP's scale, so at the usual scale of 100 a cosine of 0.999 still lets a logit
move by up to 4.5: the second bar is the largest change of a logit, at the scale of the weights'
preset, over everyday phrases.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.types import BoolArray, ByteArray
from zsris_ros.vision.clip import ClipModel, OpenClipModel
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings

LOG = logging.getLogger(__name__)

MIN_COSINE = 0.999
"""The least cosine of features that count as close."""

MAX_LOGIT_CHANGE = 0.2
"""The largest change of a logit that counts as close.

Two masks whose logits differ by 0.22 have shares of 1 and 0.8: below that, the product takes the
second to be a possible target as well.
"""

CHECKED_MASKS = 3
"""Masks of a frame that are encoded both ways."""

PHRASES = (
    "a person",
    "a man in a blue shirt",
    "the woman on the left",
    "a dog",
    "a car",
    "a red cup",
    "a green bottle",
    "a chair",
    "a table",
    "food on a plate",
    "a book",
    "a box",
    "a ball",
    "a tree",
    "the wall",
    "the floor",
)
"""Phrases whose logits are compared; a frame is encoded before a sentence about it is known."""


class Agreement(NamedTuple):
    """The least cosine of two sets of features, and the largest change of a logit."""

    cosine: float
    logits: float

    def suffices(self, cosine: float = MIN_COSINE) -> bool:
        """Return whether both bars are met."""
        return self.cosine >= cosine and self.logits <= MAX_LOGIT_CHANGE


def compare_features(exact: Tensor, shared: Tensor, texts: Tensor, scale: float) -> Agreement:
    """Compare features NxE of the same masks.

    Args:
        exact: Features of masks that were encoded in full.
        shared: Features of the same masks with a halo.
        texts: Unit features of texts, KxE.
        scale: What a cosine is multiplied by to give a logit.

    Returns:
        A cosine of 0 and an infinite change where a feature is not finite.
    """
    one, other = (F.normalize(each.cpu().double(), dim=-1) for each in (exact, shared))
    cosine = (one * other).sum(dim=-1).min().nan_to_num(0.0)
    change = scale * ((one - other) @ texts.double().T).abs().max().nan_to_num(torch.inf)
    return Agreement(float(cosine), float(change))


def phrase_features(clip: OpenClipModel) -> Tensor:
    """Return unit features of ``PHRASES``, float32 KxE on the CPU."""
    return F.normalize(clip.encode_text(PHRASES), dim=-1)


class CheckedHybridEncoder(HybridEncoder):
    """Encodes with a halo where three masks of the frame prove it close, else exactly.

    ``scale`` is CLIP's logit scale in the preset. The decision belongs to the frame and its masks
    alone, so the same frame always has the same features. A frame of few masks is encoded exactly.
    Raises InputError as ``HybridEncoder``.
    """

    def __init__(self, clip: ClipModel, settings: HybridSettings, scale: float) -> None:
        super().__init__(clip, settings)
        self._exact = HybridEncoder(clip, replace(settings, halo=None))
        self._scale = scale
        self._texts: Tensor | None = None
        self._warned = False

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """As ``HybridEncoder.encode``."""
        if self.settings.halo is None or len(masks) <= CHECKED_MASKS + 1:
            return self._exact.encode(rgb, masks)
        shared = super().encode(rgb, masks)
        some = sample_by_size(masks)
        if self._texts is None:
            self._texts = phrase_features(self.clip)
        exact = self._exact.encode(rgb, masks[some])
        found = compare_features(exact, shared[some], self._texts, self._scale)
        if found.suffices():
            return shared
        self._say(found)
        return self._exact.encode(rgb, masks)

    def _say(self, found: Agreement) -> None:
        """Warn of the first frame; the others are mentioned."""
        LOG.log(
            logging.INFO if self._warned else logging.WARNING,
            "a frame is encoded exactly, because sharing what lies far from masks strays too far "
            "on it (cosine %.5f, logits %.2f); surround: exact saves the attempt",
            found.cosine,
            found.logits,
        )
        self._warned = True


def sample_by_size(masks: BoolArray) -> list[int]:
    """Return the places of ``CHECKED_MASKS`` masks: of small, middling and large ones one each."""
    order = np.argsort(masks.sum(axis=(1, 2)), kind="stable")
    return [
        int(order[(2 * i + 1) * len(order) // (2 * CHECKED_MASKS)]) for i in range(CHECKED_MASKS)
    ]

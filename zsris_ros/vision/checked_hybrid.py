"""HybridGL's mask encoder with background-token reuse, checked on every frame.

The error of background-token reuse depends on the weights and on the frame.
``CheckedHybridEncoder`` encodes three masks of each frame both ways, and encodes the frame exactly
where the features differ too much.

Two limits apply. The least cosine of the features is that of a half precision. A logit is the
cosine with a text times CLIP's scale: at the usual scale of 100 and a cosine of 0.999 it can change
by 4.5. The second limit is the largest change of a logit over everyday phrases.
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
"""Least cosine to the exact features."""

MAX_LOGIT_CHANGE = 0.2
"""Largest change of a logit.

Masks whose logits differ by 0.22 have probabilities at a ratio of 0.8, above which the product
considers the second one as a target as well.
"""

CHECKED_MASKS = 3
"""Number of masks of a frame that are encoded both ways."""

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
"""Phrases of the logit check; a frame is encoded before its expressions are known."""


class Agreement(NamedTuple):
    """Least cosine of two sets of features, and largest change of a logit."""

    cosine: float
    logits: float

    def is_close(self, cosine: float = MIN_COSINE) -> bool:
        """Return whether both limits are met."""
        return self.cosine >= cosine and self.logits <= MAX_LOGIT_CHANGE


def compare_features(exact: Tensor, reused: Tensor, texts: Tensor, scale: float) -> Agreement:
    """Compare features NxE of the same masks.

    Args:
        exact: Exact features.
        reused: Features with background-token reuse.
        texts: Unit features of texts, KxE.
        scale: CLIP's logit scale.

    Returns:
        A cosine of 0 and an infinite change where a feature is not finite.
    """
    one, other = (F.normalize(each.cpu().double(), dim=-1) for each in (exact, reused))
    cosine = (one * other).sum(dim=-1).min().nan_to_num(0.0)
    change = scale * ((one - other) @ texts.double().T).abs().max().nan_to_num(torch.inf)
    return Agreement(float(cosine), float(change))


def phrase_features(clip: OpenClipModel) -> Tensor:
    """Return unit features of ``PHRASES``, float32 KxE on the CPU."""
    return F.normalize(clip.encode_text(PHRASES), dim=-1)


class CheckedHybridEncoder(HybridEncoder):
    """Reuses background tokens where a check of three masks passes, else encodes exactly.

    ``scale`` is the preset's logit scale. The decision depends on the frame and its masks only, so
    the features of a frame are deterministic. Frames with few masks are encoded exactly.
    """

    def __init__(self, clip: ClipModel, settings: HybridSettings, scale: float) -> None:
        super().__init__(clip, settings)
        self._exact = HybridEncoder(clip, replace(settings, halo=None))
        self._scale = scale
        self._texts: Tensor | None = None
        self._warned = False

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Encode as ``HybridEncoder.encode``."""
        if self.settings.halo is None or len(masks) <= CHECKED_MASKS + 1:
            return self._exact.encode(rgb, masks)
        reused = super().encode(rgb, masks)
        sample = sample_by_size(masks)
        if self._texts is None:
            self._texts = phrase_features(self.clip)
        exact = self._exact.encode(rgb, masks[sample])
        agreement = compare_features(exact, reused[sample], self._texts, self._scale)
        if agreement.is_close():
            return reused
        self._log(agreement)
        return self._exact.encode(rgb, masks)

    def _log(self, agreement: Agreement) -> None:
        """Log the first frame as a warning, others as information."""
        LOG.log(
            logging.INFO if self._warned else logging.WARNING,
            "a frame is encoded exactly, because background-token reuse differs too much on it "
            "(cosine %.5f, logits %.2f); surround: exact saves the attempt",
            agreement.cosine,
            agreement.logits,
        )
        self._warned = True


def sample_by_size(masks: BoolArray) -> list[int]:
    """Return the indices of ``CHECKED_MASKS`` masks: small, medium and large."""
    order = np.argsort(masks.sum(axis=(1, 2)), kind="stable")
    return [
        int(order[(2 * i + 1) * len(order) // (2 * CHECKED_MASKS)]) for i in range(CHECKED_MASKS)
    ]

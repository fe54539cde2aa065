"""Which masks show what a phrase names: HybridGL's semantic score (Eq. 3) as a share in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from zsris_ros.guidance.fusion import mix_texts, semantic_logits
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import BoolArray, Proposals, Scene

SMALL = 0.1
"""Share of the usual thing's area below which a thing is small."""
THIN_PX = 20.0
"""Diameter of the largest circle inside a mask below which a small thing is a torn-off rim."""


def phrase_match(scene: Scene, sentence: Tensor, phrase: Tensor, settings: ReferSettings) -> Tensor:
    """How well each mask shows the phrase, float32 N in [0, 1].

    ``sentence`` and ``phrase`` are text features E. Calibrated models answer by themselves (the
    sigmoid of scale * cosine + bias); of others only the ratio to the best mask means anything
    (the softmax of Eq. 3 divided by its largest value).
    """
    text = mix_texts(sentence, phrase, settings.text_mix)
    logits = semantic_logits(scene.features, text, settings.logit_scale)
    if settings.calibrated:
        return torch.sigmoid(logits + settings.logit_bias)
    return torch.exp(logits - logits.max()) if len(logits) else logits


def prefer_wholes(match: Tensor, proposals: Proposals, share: float) -> Tensor:
    """``match`` N with parts put just behind the wholes they belong to.

    The outside of a mug looks much like the mug. A mask that lies in a larger one steps back when
    the larger one matches at least ``share`` as well; what is no whole (two things together)
    matches nothing and takes no precedence.
    """
    shared, areas = torch.from_numpy(proposals.shared), torch.from_numpy(proposals.areas)
    within = (shared > 0.9) & (areas[None, :] > 1.15 * areas[:, None])
    whole = torch.where(within, match[None, :], torch.zeros(())).max(dim=1).values
    return torch.where(whole >= share * match, torch.minimum(match, 0.99 * whole), match)


def standing_alone(proposals: Proposals) -> Tensor:
    """1 for masks that are things of their own, 0 for parts, wholes and copies of better ones.

    "The leftmost object" names no kind, so every thing takes part. Where depth found what stands on
    the support, those are the things; elsewhere every proposal that does not fill half the picture.
    """
    depth = ["depth" in source.split("+") for source in proposals.sources]
    half = 0.5 * proposals.masks[0].size if len(proposals) else 0.0
    things = [
        index
        for index in range(len(proposals))
        if (depth[index] or not any(depth)) and proposals.areas[index] <= half
    ]
    alone = torch.zeros(len(proposals))
    alone[_without_slivers(proposals, distinct(proposals, things))] = 1.0
    return alone


def _without_slivers(proposals: Proposals, things: list[int]) -> list[int]:
    """Leave out what is both far smaller than the rest and thin: a rim that a sensor tore off."""
    if not things:
        return things
    usual = float(np.median(proposals.areas[things]))
    return [
        index
        for index in things
        if proposals.areas[index] >= SMALL * usual or _thickness(proposals.masks[index]) >= THIN_PX
    ]


def _thickness(mask: BoolArray) -> float:
    """Diameter in pixels of the largest circle inside a mask."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return 2 * float(cv2.distanceTransform(padded, cv2.DIST_L2, 3).max())


def distinct(proposals: Proposals, order: Sequence[int], overlap: float = 0.5) -> list[int]:
    """Of masks in the order given, those that are not mostly the same as an earlier one.

    Two masks are the same thing when they share more than ``overlap`` of the smaller one's area:
    copies, but also a part and its whole.
    """
    kept: list[int] = []
    for index in order:
        if not (proposals.shared[index, kept] > overlap).any():
            kept.append(index)
    return kept

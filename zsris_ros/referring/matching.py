"""Which masks show what a phrase names: HybridGL's semantic score (Eq. 3) as a share in [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor

from zsris_ros.guidance.fusion import mix_texts, semantic_logits
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import Proposals, Scene


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


def standing_alone(proposals: Proposals, overlap: float = 0.5) -> Tensor:
    """1 for masks that are things of their own, 0 for parts, wholes and copies of better ones.

    "The leftmost object" names no kind, so every thing takes part. Where depth found what stands on
    the support, those are the things; elsewhere every proposal that does not fill the picture is.
    The best come first, and a mask that shares more than ``overlap`` of the smaller area with a
    better one is no thing of its own.
    """
    alone = torch.zeros(len(proposals))
    masks = torch.from_numpy(proposals.masks.reshape(len(proposals), -1)).float()
    areas = masks.sum(1)
    from_depth = "depth" in proposals.sources
    kept: list[int] = []
    for index, source in enumerate(proposals.sources):
        if from_depth and source != "depth":
            continue
        if areas[index] > 0.5 * masks.shape[1]:
            continue
        shared = masks[kept] @ masks[index] if kept else torch.zeros(0)
        if bool((shared > overlap * torch.minimum(areas[kept], areas[index])).any()):
            continue
        kept.append(index)
    alone[kept] = 1.0
    return alone

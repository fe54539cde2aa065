"""Losses of the small CLIP: N crops against K texts, of which each pair fits or does not."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from zsris_ros.vision.resnet.resnet_clip import ResnetClip


def pair_logits(clip: ResnetClip, features: Tensor, texts: Tensor) -> Tensor:
    """Return the NxK logits scale * cosine + bias of N features and K texts, float32."""
    cosine = F.normalize(features.float(), dim=-1) @ F.normalize(texts.float(), dim=-1).T
    logits: Tensor = cosine * clip.model.logit_scale.exp() + clip.model.logit_bias
    return logits.float()


def contrastive_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the sum of the sigmoid and both softmax losses for NxK logits and float NxK fits."""
    return sigmoid_loss(logits, fits) + crop_loss(logits, fits) + text_loss(logits, fits)


def crop_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the mean over crops: each text that fits against all that do not, by softmax.

    The texts that fit do not compete: the rare name of an object has to win as well as the general
    one, whose share alone would satisfy a softmax of their sum. One more class, no object, competes
    at logit 0, which makes a logit absolute. It is the right class of a crop that no text fits.
    """
    wrong = logits.masked_fill(fits > 0, float("-inf")).logsumexp(1, keepdim=True)
    matches = F.softplus(torch.logaddexp(wrong, torch.zeros_like(wrong)) - logits)
    count = fits.sum(1)
    mean = (matches * fits).sum(1) / count.clamp(min=1)
    return torch.where(count > 0, mean, F.softplus(wrong[:, 0])).mean()


def text_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the mean over texts: each crop that fits against all that do not, by softmax."""
    count = fits.sum(0)
    wrong = logits.masked_fill(fits > 0, float("-inf")).logsumexp(0, keepdim=True)
    mean = (F.softplus(wrong - logits) * fits).sum(0) / count.clamp(min=1)
    return mean.sum() / (count > 0).sum().clamp(min=1)


def sigmoid_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the binary cross-entropy, with the same total weight for matches and mismatches."""
    each = F.binary_cross_entropy_with_logits(logits, fits, reduction="none")
    right, wrong = fits.sum().clamp(min=1), (1 - fits).sum().clamp(min=1)
    return 0.5 * (each * fits).sum() / right + 0.5 * (each * (1 - fits)).sum() / wrong

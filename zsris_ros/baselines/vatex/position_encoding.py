"""Sine positions of feature maps, as in DETR (ECCV 2020)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_TEMPERATURE = 10000.0


def sine_positions(valid: Tensor, width: int) -> Tensor:
    """Return position embeddings float BxCxHxW.

    Coordinates run from 0 to 2 pi over the valid part of each image, so that they mean the same
    place in images of any size and padding.

    Args:
        valid: Bool BxHxW, False on padding.
        width: C, a multiple of 4; the first half encodes y, the second x.
    """
    inside = valid.float()
    y, x = inside.cumsum(1), inside.cumsum(2)
    y = 2 * math.pi * (y - 0.5) / y.amax(1, keepdim=True).clamp(min=1)
    x = 2 * math.pi * (x - 0.5) / x.amax(2, keepdim=True).clamp(min=1)
    exponents = torch.arange(width // 4, device=valid.device) / (width // 4)
    frequencies = _TEMPERATURE**-exponents
    parts = [
        wave(place[..., None] * frequencies) for place in (y, x) for wave in (torch.sin, torch.cos)
    ]
    return torch.cat(parts, dim=-1).permute(0, 3, 1, 2)

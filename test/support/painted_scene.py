"""A small ResNet CLIP's configuration and a painted scene for the published methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.types import BoolArray, Frame, Proposals

RESNET: dict[str, Any] = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {
        "image_size": 64,
        "layers": [1, 1, 1, 1],
        "width": 8,
        "head_width": 32,
        "patch_size": None,
    },
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}


def painted() -> tuple[Frame, Proposals]:
    """Six boxes of two colours in two rows, and the whole frame."""
    rgb = np.random.default_rng(0).integers(90, 110, (48, 64, 3)).astype(np.uint8)
    masks = np.zeros((6, 48, 64), bool)
    for i in range(6):
        row, column = divmod(i, 3)
        masks[i, 6 + 22 * row : 18 + 22 * row, 4 + 20 * column : 16 + 20 * column] = True
        rgb[masks[i]] = (200, 30, 30) if i % 2 else (30, 30, 200)
    return Frame(rgb), proposals_of(masks)


def proposals_of(masks: BoolArray) -> Proposals:
    quality = np.linspace(0.9, 0.5, len(masks), dtype=np.float32)
    return Proposals(masks, mask_boxes(masks), quality, ("given",) * len(masks))

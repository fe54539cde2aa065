"""Sizes of a Segment Anything network that runs in milliseconds."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, Any] = {
    "image_size": 64,
    "patch_size": 8,
    "encoder_width": 16,
    "encoder_depth": 2,
    "encoder_heads": 2,
    "window_size": 4,
    "global_blocks": [1],
    "prompt_width": 32,
    "decoder_heads": 2,
    "decoder_mlp_width": 32,
    "iou_head_width": 16,
}

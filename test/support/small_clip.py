"""A CLIP of a few thousand random parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from support.painted_scene import RESNET
from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.vision.resnet.resnet_clip import ResnetClip

CONFIG: dict[str, Any] = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 4, "width": 48, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}


def odd_frame() -> tuple[np.ndarray, np.ndarray]:
    """Return an image and masks: ordinary, pixel, line, at the border, full, empty, dots."""
    rng = np.random.default_rng(3)
    masks = np.zeros((7, 60, 80), dtype=bool)
    masks[0, 20:40, 30:60] = True
    masks[1, 33, 44] = True
    masks[2, 5:55, 70] = True
    masks[3, :10, :10] = True
    masks[4] = True
    masks[6] = rng.random((60, 80)) < 0.02
    return rng.integers(0, 256, (60, 80, 3), dtype=np.uint8), masks


def small_clip(seed: int = 0, precision: str = "fp32", depth: int = 4) -> ClipModel:
    torch.manual_seed(seed)
    config = {**CONFIG, "vision_cfg": {**CONFIG["vision_cfg"], "layers": depth}}
    return ClipModel.load(config, build_clip(config).state_dict(), precision=precision)


def small_resnet() -> ResnetClip:
    """Return a CLIP with a ResNet whose normalisation layers differ from the identity."""
    torch.manual_seed(0)
    model = build_clip(RESNET)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    return ResnetClip.load(RESNET, model.state_dict())

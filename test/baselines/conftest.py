"""Small random CLIPs, a vision transformer and a ResNet."""

from __future__ import annotations

import pytest
import torch
from support.painted_scene import RESNET
from support.small_clip import small_clip

from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.vision.resnet.resnet_clip import ResnetClip, load_clip


@pytest.fixture(scope="session")
def clip() -> ClipModel:
    return small_clip()


@pytest.fixture(scope="session")
def resnet() -> ResnetClip:
    torch.manual_seed(0)
    model = build_clip(RESNET)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    loaded = load_clip(RESNET, model.state_dict())
    assert isinstance(loaded, ResnetClip)
    return loaded

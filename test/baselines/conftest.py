"""Small random CLIPs, a vision transformer and a ResNet."""

from __future__ import annotations

import pytest
from support.small_clip import small_clip, small_resnet

from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.resnet.resnet_clip import ResnetClip


@pytest.fixture(scope="session")
def clip() -> ClipModel:
    return small_clip()


@pytest.fixture(scope="session")
def resnet() -> ResnetClip:
    return small_resnet()

"""A tiny VATEX with random weights and its frozen CLIP; the bundled CLIP with a ResNet."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from support.small_clip import small_clip
from support.small_vatex import TINY

from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.models.load_vatex import load_frozen_clip


@pytest.fixture(scope="session")
def frozen() -> FrozenClip:
    return FrozenClip(small_clip(), PublishedReader())


@pytest.fixture(scope="session")
def network(frozen: FrozenClip) -> Vatex:
    torch.manual_seed(0)
    return Vatex(TINY, frozen.word_width, frozen.heat_length).eval()


@pytest.fixture(scope="session")
def household() -> FrozenClip:
    """Load the bundled CLIP with a ResNet, with a prior of 96 pixels."""
    return load_frozen_clip("household", replace(TINY, prior_size=96))

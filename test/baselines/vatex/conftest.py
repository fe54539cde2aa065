"""A tiny VATEX with random weights and its frozen CLIP."""

from __future__ import annotations

import pytest
import torch
from support.small_clip import small_clip
from support.small_vatex import TINY

from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex


@pytest.fixture(scope="session")
def frozen() -> FrozenClip:
    return FrozenClip(small_clip(), PublishedReader())


@pytest.fixture(scope="session")
def network(frozen: FrozenClip) -> Vatex:
    torch.manual_seed(0)
    return Vatex(TINY, frozen.word_width, frozen.heat_length).eval()

"""A small random CLIP with a vision transformer."""

from __future__ import annotations

import pytest
from support.small_clip import small_clip

from zsris_ros.vision.clip import ClipModel


@pytest.fixture(scope="module")
def clip() -> ClipModel:
    return small_clip()

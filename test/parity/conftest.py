"""The recorded random CLIP and the recorded frame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from support.parity_records import ROOT, array, recorded_clip

from zsris_ros.vision.clip import ClipModel


@pytest.fixture(scope="session")
def clip() -> Iterator[ClipModel]:
    path = ROOT / "clip_vit_random_weights.npz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {ROOT}; set ZSRIS_PARITY_DIR")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with np.load(path) as stored:
        state = {name: stored[name] for name in stored.files}
    yield recorded_clip(state)
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def rgb() -> np.ndarray:
    return array("inputs.npz", "image_rgb")


@pytest.fixture(scope="session")
def masks() -> np.ndarray:
    return array("inputs.npz", "masks")

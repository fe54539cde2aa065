"""All networks of a preset move to a device."""

from __future__ import annotations

import gc

import numpy as np
import torch

from zsris_ros.models.load import load_models
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.types import Frame


def tensors() -> list[torch.Tensor]:
    # isinstance() would load every lazy object of torch.
    return [each for each in gc.get_objects() if issubclass(type(each), torch.Tensor)]


def test_every_tensor_is_moved() -> None:
    before = {id(each) for each in tensors()}
    parts = load_models("tabletop", LoadOptions(device="cpu", parser="rules"))
    segmenter = parts.segmenter()
    frame = Frame(np.full((96, 128, 3), 90, np.uint8))
    segmenter.refer(segmenter.look(frame), "the red mug")
    parts.to(torch.device("meta"))  # tensors that are not moved stay on the CPU
    gc.collect()
    stayed = [each for each in tensors() if id(each) not in before and each.device.type != "meta"]
    assert sum(each.numel() for each in stayed) < 10_000
    assert parts.encoder.clip.device.type == "meta"

"""Export of the trained networks as safetensors in half precision."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import vocabulary
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.weights.checkpoint import save_state_dict
from zsris_ros.weights.token_table import compress_clip_state


def export_sam(sam: Any, path: Path) -> int:
    """Write a segment_anything Sam as float16 safetensors; returns the file's size in bytes."""
    return save_state_dict(sam.state_dict(), path)


def export_clip(clip: ResnetClip, words: Iterable[Description], path: Path) -> int:
    """Write an open_clip model as float16 safetensors, with the rows of its known tokens only.

    ``zsris_ros.weights.token_table.expand_clip_state`` restores the state dict. Returns the file's
    size in bytes.
    """
    return save_state_dict(
        compress_clip_state(clip.model.state_dict(), known_tokens(clip, words)), path
    )


def known_tokens(clip: ResnetClip, words: Iterable[Description]) -> Tensor:
    """Return the token ids of all captions, ascending, int64 K, with start, end and padding (0)."""
    return torch.unique(clip.tokenize(vocabulary(words)).cpu())

"""Export of the trained networks as safetensors in half precision."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import vocabulary
from zsris_ros.vision.clip import ClipModel
from zsris_ros.weights.token_table import compress_clip_state


def export_sam(sam: Any, path: Path) -> int:
    """Write a segment_anything Sam as float16 safetensors; returns the file's size in bytes."""
    return _write(sam.state_dict(), path)


def export_clip(clip: ClipModel, words: Iterable[Description], path: Path) -> int:
    """Write an open_clip model as float16 safetensors, with the rows of its known tokens only.

    ``zsris_ros.weights.token_table.expand_clip_state`` restores the state dict. Returns the file's
    size in bytes.
    """
    return _write(compress_clip_state(clip.model.state_dict(), known_tokens(clip, words)), path)


def known_tokens(clip: ClipModel, words: Iterable[Description]) -> Tensor:
    """Return the token ids of all captions, ascending, int64 K, with start, end and padding (0)."""
    return torch.unique(clip.tokenize(vocabulary(words)).cpu())


def _write(state: Mapping[str, Tensor], path: Path) -> int:
    """Write atomically: the file gets its name when it is complete."""
    cpu = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    halved = {
        name: value.half() if value.is_floating_point() else value for name, value in cpu.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(save(halved))
    os.replace(partial, path)
    return path.stat().st_size

"""The trained models as the files that ship: safetensors in half precision."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from zsris_ros.training.tabletop.captions import vocabulary
from zsris_ros.vision.clip import ClipModel
from zsris_ros.weights.token_table import compress_clip_state


def export_sam(sam: Any, path: Path) -> int:
    """Write a segment_anything Sam as float16 safetensors; returns the file's size in bytes."""
    return _write(sam.state_dict(), path)


def export_clip(clip: ClipModel, path: Path) -> int:
    """Write an open_clip model as float16 safetensors, with the tokens it was trained on only.

    ``zsris_ros.weights.token_table.expand_clip_state`` turns the file back into a state dict.
    Returns the file's size in bytes.
    """
    return _write(compress_clip_state(clip.model.state_dict(), known_tokens(clip)), path)


def known_tokens(clip: ClipModel) -> Tensor:
    """The numbers of all tokens that captions are made of, ascending, int64 K.

    With them are the start and end of a text, and the 0 that a text is padded with.
    """
    return torch.unique(clip.tokenize(vocabulary()).cpu())


def _write(state: Mapping[str, Tensor], path: Path) -> int:
    """The file appears under its name when it is complete."""
    halved = {
        name: value.detach().cpu().to(torch.float16 if value.is_floating_point() else value.dtype)
        for name, value in state.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(save({name: value.contiguous() for name, value in halved.items()}))
    os.replace(partial, path)
    return path.stat().st_size

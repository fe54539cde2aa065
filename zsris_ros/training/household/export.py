"""Export of the trained networks as safetensors in half precision, and reading to go on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import vocabulary
from zsris_ros.types import InputError
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.weights.checkpoint import load_state_dict, save_state_dict
from zsris_ros.weights.token_table import TABLE, compress_clip_state, expand_clip_state


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


def load_clip(clip: ResnetClip, path: Path, share: float = 1.0) -> None:
    """Load exported weights. Words without a vector in them keep their random vectors.

    Args:
        clip: The network.
        path: The exported weights.
        share: Below 1, the mean of the network's weights and the exported ones, with this weight
            of the latter. A fine-tuned network is better on both the old and the new data after
            averaging with its initial weights (WiSE-FT; Wortsman et al., CVPR 2022).

    Raises:
        InputError: The file is damaged, or its network is another one.
    """
    state = expand_clip_state(load_state_dict(path))
    own = clip.model.state_dict()
    try:
        unknown = (state[TABLE] == 0).all(dim=1, keepdim=True)
        state[TABLE] = torch.where(unknown, own[TABLE], state[TABLE])
        mixed = {
            name: torch.lerp(own[name], value.to(own[name]), share)
            if value.is_floating_point()
            else own[name]
            for name, value in state.items()
        }
        clip.model.load_state_dict(mixed)
    except (KeyError, RuntimeError) as error:
        raise InputError(f"{path} holds another network than the small CLIP: {error}") from error


def known_tokens(clip: ResnetClip, words: Iterable[Description]) -> Tensor:
    """Return the token ids of all captions, ascending, int64 K, with start, end and padding (0)."""
    return torch.unique(clip.tokenize(vocabulary(words)).cpu())

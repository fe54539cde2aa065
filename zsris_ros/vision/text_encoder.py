"""CLIP's text encoder, computed as far as the texts go."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zsris_ros.torch_utils.batching import single_thread
from zsris_ros.vision.attention import run_block

from open_clip.model import CLIP  # isort: skip  (after torchvision is made to load)
from open_clip.transformer import ResidualAttentionBlock  # isort: skip

_WORTH_THREADS = 1 << 28  # multiplications; so many take one thread some milliseconds


def encode_tokens(model: Any, tokens: Tensor) -> Tensor:
    """Features KxE of tokens int64 K x context on the CPU, equal to ``model.encode_text``.

    A token only sees those before it, and the feature is read where the text ends. What comes after
    the end of the longest text is left out: most of CLIP's 77 tokens. Text encoders that are built
    in another way are run as they are.
    """
    ends = tokens.argmax(dim=-1)  # the end of a text has the highest number
    if not _reads_forward(model):
        return _whole(model, tokens)
    length = int(ends.max()) + 1
    device, dtype = model.text_projection.device, model.transformer.get_cast_dtype()
    states = model.token_embedding(tokens[:, :length].to(device)).to(dtype)
    states = states + model.positional_embedding[:length].to(dtype)
    weights = sum(each.numel() for each in model.transformer.parameters())
    with single_thread(weights * states[..., 0].numel() < _WORTH_THREADS):
        for block in model.transformer.resblocks:
            states = run_block(block, states, causal=True)
        last = states[torch.arange(len(states), device=device), ends.to(device)]
        features: Tensor = model.ln_final(last) @ model.text_projection
        return features


def _whole(model: Any, tokens: Tensor) -> Tensor:
    features: Tensor = model.encode_text(tokens.to(next(model.parameters()).device))
    return features


def _reads_forward(model: Any) -> bool:
    """Whether this is CLIP's own text encoder: plain blocks, causal, read at the text's end."""
    return (
        isinstance(model, CLIP)
        and model.attn_mask is not None
        and model.text_pool_type == "argmax"
        and isinstance(model.text_projection, torch.nn.Parameter)
        and all(type(block) is ResidualAttentionBlock for block in model.transformer.resblocks)
    )

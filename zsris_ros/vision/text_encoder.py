"""CLIP's text encoder without computation after the end of the texts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zsris_ros.torch_utils.batching import single_thread
from zsris_ros.types import InputError
from zsris_ros.vision.attention import run_block

from open_clip.model import CLIP  # isort: skip  (after ensure_torchvision)
from open_clip.transformer import ResidualAttentionBlock  # isort: skip

_WORTH_THREADS = 1 << 28  # multiplications; one thread takes milliseconds for them


def encode_tokens(model: Any, tokens: Tensor) -> Tensor:
    """Return features KxE of tokens int64 K x context on the CPU, as ``model.encode_text``.

    Attention is causal and the feature is read at the end of the text, so the tokens after the end
    of the longest text, most of CLIP's 77, are omitted. Other text encoders run unchanged.
    """
    features: Tensor
    if not _is_causal(model):
        features = model.encode_text(tokens.to(next(model.parameters()).device))
        return features
    states, ends = _token_states(model, tokens)
    last = states[torch.arange(len(states), device=states.device), ends.to(states.device)]
    features = model.ln_final(last) @ model.text_projection
    return features


def encode_words(model: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Return the features of every token of K texts, and the tokens that are no padding.

    Args:
        model: An open_clip CLIP.
        tokens: Int64 K x context on the CPU.

    Returns:
        Features after the last normalisation, before the projection to the common space, KxLxD
        with L the length of the longest text; bool KxL. Start and end of a text count as tokens.

    Raises:
        InputError: The model's text encoder is not CLIP's own.
    """
    if not _is_causal(model):
        raise InputError("word features need CLIP's own text encoder; this model has another")
    states, ends = _token_states(model, tokens)
    places = torch.arange(states.shape[1], device=states.device)
    return model.ln_final(states), places <= ends.to(states.device)[:, None]


def _token_states(model: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Return the last block's output KxLxD, L the longest text, and the index of each end, K."""
    ends = tokens.argmax(dim=-1)  # the end token has the highest id
    length = int(ends.max()) + 1
    device, dtype = model.text_projection.device, model.transformer.get_cast_dtype()
    states = model.token_embedding(tokens[:, :length].to(device)).to(dtype)
    states = states + model.positional_embedding[:length].to(dtype)
    weights = sum(each.numel() for each in model.transformer.parameters())
    with single_thread(weights * states[..., 0].numel() < _WORTH_THREADS):
        for block in model.transformer.resblocks:
            states = run_block(block, states, causal=True)
    return states, ends


def _is_causal(model: Any) -> bool:
    """Whether the text encoder is CLIP's: plain blocks, causal, read at the end of the text."""
    return (
        isinstance(model, CLIP)
        and model.attn_mask is not None
        and model.text_pool_type == "argmax"
        and isinstance(model.text_projection, torch.nn.Parameter)
        and all(type(block) is ResidualAttentionBlock for block in model.transformer.resblocks)
    )

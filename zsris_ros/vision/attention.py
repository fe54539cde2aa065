"""One transformer block of CLIP with restricted and partial attention.

The blocks are open_clip's modules. Their forward pass is written out here, so that a class token
can attend to a part of the image and unused rows are not computed.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class AttentionContext(Protocol):
    """Attention of tokens to a context of other tokens."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, cls_mask: Tensor | None) -> Tensor:
        """Attend as ``attend`` to the context, whose tokens are T of ``cls_mask``."""
        ...


def run_block(
    block: Any,
    tokens: Tensor,
    *,
    cls_mask: Tensor | None = None,
    cls_only: bool = False,
    causal: bool = False,
    context: AttentionContext | None = None,
) -> Tensor:
    """Apply one pre-norm transformer block to NxTxD tokens, the class token first.

    Args:
        block: open_clip's residual attention block.
        tokens: NxTxD.
        cls_mask: Bool NxT, the tokens that the class token attends to. One separate masked row
            equals an attention mask of N x heads x T x T at a fraction of its cost.
        cls_only: Compute and return the class token's row only, Nx1xD.
        causal: Each token attends to itself and the tokens before it.
        context: Attention to use instead of self-attention.
    """
    normed = block.ln_1(tokens)
    queries = normed[:, :1] if cls_only else normed
    query, key, value = project_qkv(block.attn, queries, normed)
    if context is not None:
        mixed = context.attend(query, key, value, cls_mask)
    else:
        mixed = attend(query, key, value, cls_mask, causal)
    stream = tokens[:, :1] if cls_only else tokens
    stream = stream + block.ls_1(block.attn.out_proj(join_heads(mixed)))
    result: Tensor = stream + block.ls_2(block.mlp(block.ln_2(stream)))
    return result


def attend(
    query: Tensor, key: Tensor, value: Tensor, cls_mask: Tensor | None = None, causal: bool = False
) -> Tensor:
    """Attention of N x heads x Q x d queries to N x heads x T x d keys and values.

    The first query is the class token's; see ``run_block`` for ``cls_mask`` and ``causal``.
    """
    if cls_mask is None:
        return F.scaled_dot_product_attention(query, key, value, is_causal=causal)
    allowed = cls_mask[:, None, None, :]
    first = F.scaled_dot_product_attention(query[:, :, :1], key, value, attn_mask=allowed)
    others = F.scaled_dot_product_attention(query[:, :, 1:], key, value)
    return torch.cat([first, others], dim=2)


def project_qkv(attention: Any, queries: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Project queries NxQxD, and keys and values of tokens NxTxD, to N x heads x ... x d."""
    width = tokens.shape[-1]
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    query = F.linear(queries, weight[:width], bias[:width])
    key, value = F.linear(tokens, weight[width:], bias[width:]).chunk(2, dim=-1)
    heads = attention.num_heads
    return split_heads(query, heads), split_heads(key, heads), split_heads(value, heads)


def split_heads(tokens: Tensor, heads: int) -> Tensor:
    """Reshape NxTxD to N x heads x T x D/heads."""
    return tokens.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(tokens: Tensor) -> Tensor:
    """Reshape N x heads x T x d to NxTxD."""
    return tokens.transpose(1, 2).flatten(2)

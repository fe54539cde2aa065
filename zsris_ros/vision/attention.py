"""One transformer block of CLIP, with the attention the methods need.

The blocks are open_clip's own modules; only the order of their parts is written out here, so that
a class token can look at a part of the image, and so that rows nobody reads are not computed.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class AttentionContext(Protocol):
    """Attention of tokens that see others than themselves."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, cls_sees: Tensor | None) -> Tensor:
        """As ``attend``, among all that the tokens see; T of ``cls_sees`` is of these."""
        ...


def run_block(
    block: Any,
    tokens: Tensor,
    *,
    cls_sees: Tensor | None = None,
    cls_only: bool = False,
    causal: bool = False,
    surround: AttentionContext | None = None,
) -> Tensor:
    """Apply one pre-norm transformer block to NxTxD tokens, the class token first.

    ``cls_sees`` bool NxT restricts what the class token's query attends to; every other row sees
    everything. That is one separate masked row beside unmasked attention, equal to an attention
    mask of N x heads x T x T and far cheaper. With ``cls_only`` the class token's row alone is
    computed and returned (Nx1xD), equal to row 0 of the whole result. With ``causal`` each token
    sees itself and those before it, as in a text. With ``surround`` that one attends instead.
    """
    normed = block.ln_1(tokens)
    asking = normed[:, :1] if cls_only else normed
    query, key, value = project_qkv(block.attn, asking, normed)
    if surround is not None:
        mixed = surround.attend(query, key, value, cls_sees)
    else:
        mixed = attend(query, key, value, cls_sees, causal)
    stream = tokens[:, :1] if cls_only else tokens
    stream = stream + block.ls_1(block.attn.out_proj(join_heads(mixed)))
    result: Tensor = stream + block.ls_2(block.mlp(block.ln_2(stream)))
    return result


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cls_sees: Tensor | None = None,
    causal: bool = False,
) -> Tensor:
    """N x heads x Q x d queries to what they gather of N x heads x T x d keys and values.

    The first query is the class token's; see ``run_block`` for ``cls_sees`` and ``causal``.
    """
    if cls_sees is None:
        return F.scaled_dot_product_attention(query, key, value, is_causal=causal)
    seen = cls_sees[:, None, None, :]
    first = F.scaled_dot_product_attention(query[:, :, :1], key, value, attn_mask=seen)
    others = F.scaled_dot_product_attention(query[:, :, 1:], key, value)
    return torch.cat([first, others], dim=2)


def project_qkv(attention: Any, asking: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries of ``asking`` NxQxD, keys and values of ``tokens`` NxTxD, each Nxheads x ... x d."""
    width = tokens.shape[-1]
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    query = F.linear(asking, weight[:width], bias[:width])
    key, value = F.linear(tokens, weight[width:], bias[width:]).chunk(2, dim=-1)
    heads = attention.num_heads
    return split_heads(query, heads), split_heads(key, heads), split_heads(value, heads)


def split_heads(tokens: Tensor, heads: int) -> Tensor:
    """NxTxD to N x heads x T x D/heads."""
    return tokens.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(tokens: Tensor) -> Tensor:
    """N x heads x T x d to NxTxD."""
    return tokens.transpose(1, 2).flatten(2)

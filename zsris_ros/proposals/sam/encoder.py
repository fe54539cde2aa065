"""Segment Anything's image encoder with attention in chunks.

Its attention adds a bias by relative position (Li et al., "MViTv2", CVPR 2022). The published code
stores the matrix of all pairs of patches several times, 0.8 GB each in a global block. Here the
bias is computed for a few queries at a time, which stays in the cache, and is added by fused
attention. The results are equal.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.torch_utils.batching import items_at_once
from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.tracing.stages import stage

ensure_torchvision()

from segment_anything.modeling import ImageEncoderViT
from segment_anything.modeling.image_encoder import (
    get_rel_pos,
    window_partition,
    window_unpartition,
)


def encode_image(encoder: Any, pixels: Tensor) -> Tensor:
    """Return the embedding float32 NxCxGxG of normalised pixels, computed in the encoder's dtype.

    Args:
        encoder: Segment Anything's image encoder; other encoders are called as they are.
        pixels: Nx3xSxS. Sides smaller than the encoder's, multiples of the patch size, are the
            upper left corner of an image.
    """
    pixels = pixels.to(next(encoder.parameters()).dtype)
    if not isinstance(encoder, ImageEncoderViT):
        other: Tensor = encoder(pixels)
        return other.float()
    tokens = encoder.patch_embed(pixels)
    if encoder.pos_embed is not None:
        tokens = tokens + encoder.pos_embed[:, : tokens.shape[1], : tokens.shape[2]]
    for block in encoder.blocks:
        with stage("proposals encoder"):  # a boundary for cancellation
            tokens = _run_block(block, tokens)
    embedding: Tensor = encoder.neck(tokens.permute(0, 3, 1, 2))
    return embedding.float()


def _run_block(block: Any, tokens: Tensor) -> Tensor:
    """Apply one transformer block to NxHxWxC."""
    tokens = tokens + _attend(block.attn, block.norm1(tokens), block.window_size)
    result: Tensor = tokens + block.mlp(block.norm2(tokens))
    return result


def _attend(attention: Any, tokens: Tensor, window: int) -> Tensor:
    """Apply attention with decomposed relative positions to NxHxWxC.

    A ``window`` above 0 restricts it to windows of that size. The zeros that pad the last windows
    are keys as well, equal to the projection's bias.
    """
    if window == 0:
        whole: Tensor = attention.proj(_attention(attention, attention.qkv(tokens)))
        return whole
    qkv, padded = window_partition(F.linear(tokens, attention.qkv.weight), window)
    outputs = _attention(attention, qkv.add_(attention.qkv.bias))
    result: Tensor = attention.proj(
        window_unpartition(outputs, window, padded, (tokens.shape[1], tokens.shape[2]))
    )
    return result


def _attention(attention: Any, qkv: Tensor) -> Tensor:
    """Attention NxHxWxC of queries, keys and values NxHxWx3C."""
    count, height, width = qkv.shape[:3]
    heads = attention.num_heads
    rows = get_rel_pos(height, height, attention.rel_pos_h).to(qkv.dtype)
    columns = get_rel_pos(width, width, attention.rel_pos_w).to(qkv.dtype)
    # Heads and windows in one axis: 3 x (N heads) x H x W x C/heads.
    parts = qkv.unflatten(-1, (3, heads, -1)).permute(3, 0, 4, 1, 2, 5).flatten(1, 2)
    row_values = width * height * width
    at_once, rows_at_once = (
        items_at_once(row_values * height, qkv.device),
        items_at_once(row_values, qkv.device),
    )
    outputs = []
    for query, key, value in zip(*(part.split(at_once) for part in parts), strict=True):
        by_row = torch.einsum("nrwc,rkc->nrwk", query, rows)
        by_column = torch.einsum("nrwc,wkc->nrwk", query, columns)
        key, value = (each.flatten(1, 2)[:, None] for each in (key, value))
        row_outputs = []
        for queries, down, across in zip(
            *(part.split(rows_at_once, dim=1) for part in (query, by_row, by_column)), strict=True
        ):
            bias = (down[..., :, None] + across[..., None, :]).flatten(3).flatten(1, 2)
            queries = queries.flatten(1, 2)[:, None]
            row_outputs.append(
                F.scaled_dot_product_attention(queries, key, value, attn_mask=bias[:, None])
            )
        outputs.append(torch.cat(row_outputs, dim=2))
    joined = torch.cat(outputs).view(count, heads, height, width, -1)
    return joined.permute(0, 2, 3, 1, 4).flatten(3)

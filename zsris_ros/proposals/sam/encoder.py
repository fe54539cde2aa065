"""Segment Anything's image encoder, with attention computed a part at a time.

Its attention adds a bias by relative position (Li et al., "MViTv2", CVPR 2022), and as written by
its authors the matrix of all pairs of patches is stored several times over: 0.8 GB each for a
global block of the published networks. Here the bias is made for some queries at a time, so that it
stays in a processor's cache, and is added within one fused attention. The numbers are the same.
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
    """Embedding float32 NxCxGxG of normalised pixels Nx3xSxS, computed in the encoder's dtype.

    Encoders of another kind than Segment Anything's own are called as they are. Sides smaller than
    the encoder's, multiples of its patch size, are taken to be the picture's upper left corner.
    """
    pixels = pixels.to(next(encoder.parameters()).dtype)
    if not isinstance(encoder, ImageEncoderViT):
        other: Tensor = encoder(pixels)
        return other.float()
    tokens = encoder.patch_embed(pixels)
    if encoder.pos_embed is not None:
        tokens = tokens + encoder.pos_embed[:, : tokens.shape[1], : tokens.shape[2]]
    for block in encoder.blocks:
        with stage("proposals encoder"):  # a boundary at which the work can be given up
            tokens = _run_block(block, tokens)
    embedding: Tensor = encoder.neck(tokens.permute(0, 3, 1, 2))
    return embedding.float()


def _run_block(block: Any, tokens: Tensor) -> Tensor:
    """One transformer block, NxHxWxC to the same."""
    tokens = tokens + _attend(block.attn, block.norm1(tokens), block.window_size)
    result: Tensor = tokens + block.mlp(block.norm2(tokens))
    return result


def _attend(attention: Any, tokens: Tensor, window: int) -> Tensor:
    """Attention with decomposed relative positions, NxHxWxC to the same.

    With a ``window`` above 0 it is among the patches of windows of that size. The zeros that fill
    the last windows take part as keys, which are the bias of their projection then.
    """
    if window == 0:
        whole: Tensor = attention.proj(_mix(attention, attention.qkv(tokens)))
        return whole
    qkv, padded = window_partition(F.linear(tokens, attention.qkv.weight), window)
    mixed = _mix(attention, qkv.add_(attention.qkv.bias))
    result: Tensor = attention.proj(
        window_unpartition(mixed, window, padded, (tokens.shape[1], tokens.shape[2]))
    )
    return result


def _mix(attention: Any, qkv: Tensor) -> Tensor:
    """The mixed values NxHxWxC of queries, keys and values NxHxWx3C."""
    count, height, width = qkv.shape[:3]
    heads = attention.num_heads
    rows = get_rel_pos(height, height, attention.rel_pos_h).to(qkv.dtype)
    columns = get_rel_pos(width, width, attention.rel_pos_w).to(qkv.dtype)
    # Every head of every window by itself: 3 x (N heads) x H x W x C/heads.
    parts = qkv.unflatten(-1, (3, heads, -1)).permute(3, 0, 4, 1, 2, 5).flatten(1, 2)
    a_row = width * height * width
    at_once, some_rows = items_at_once(a_row * height, qkv.device), items_at_once(a_row, qkv.device)
    mixed = []
    for query, key, value in zip(*(part.split(at_once) for part in parts), strict=True):
        by_row = torch.einsum("nrwc,rkc->nrwk", query, rows)
        by_column = torch.einsum("nrwc,wkc->nrwk", query, columns)
        key, value = (each.flatten(1, 2)[:, None] for each in (key, value))
        of_rows = []
        for asking, down, across in zip(
            *(part.split(some_rows, dim=1) for part in (query, by_row, by_column)), strict=True
        ):
            bias = (down[..., :, None] + across[..., None, :]).flatten(3).flatten(1, 2)
            asking = asking.flatten(1, 2)[:, None]
            of_rows.append(
                F.scaled_dot_product_attention(asking, key, value, attn_mask=bias[:, None])
            )
        mixed.append(torch.cat(of_rows, dim=2))
    joined = torch.cat(mixed).view(count, heads, height, width, -1)
    return joined.permute(0, 2, 3, 1, 4).flatten(3)

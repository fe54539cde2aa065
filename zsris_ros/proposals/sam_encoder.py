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

from zsris_ros.portions import portion
from zsris_ros.proposals.sam_model import ImageEncoderViT
from zsris_ros.stages import stage
from zsris_ros.torchvision_ops import ensure_torchvision

ensure_torchvision()

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
    size = tokens.shape[1:3]
    mixed = block.norm1(tokens)
    if block.window_size > 0:
        mixed, padded = window_partition(mixed, block.window_size)
    mixed = _attend(block.attn, mixed)
    if block.window_size > 0:
        mixed = window_unpartition(mixed, block.window_size, padded, size)
    tokens = tokens + mixed
    result: Tensor = tokens + block.mlp(block.norm2(tokens))
    return result


def _attend(attention: Any, tokens: Tensor) -> Tensor:
    """Attention with decomposed relative positions, NxHxWxC to the same."""
    height, width = tokens.shape[1:3]
    heads = attention.num_heads
    rows = get_rel_pos(height, height, attention.rel_pos_h).to(tokens.dtype)
    columns = get_rel_pos(width, width, attention.rel_pos_w).to(tokens.dtype)
    qkv = attention.qkv(tokens).unflatten(-1, (3, heads, -1)).permute(3, 0, 4, 1, 2, 5)
    a_row = heads * width * height * width
    some_rows = portion(a_row, tokens.device)
    some_windows = portion(a_row * height, tokens.device)
    parts = []
    for query, key, value in zip(*(part.split(some_windows) for part in qkv), strict=True):
        by_row = torch.einsum("nhrwc,rkc->nhrwk", query, rows)
        by_column = torch.einsum("nhrwc,wkc->nhrwk", query, columns)
        key, value = key.flatten(2, 3), value.flatten(2, 3)
        mixed = []
        for asking, down, across in zip(
            *(part.split(some_rows, dim=2) for part in (query, by_row, by_column)), strict=True
        ):
            bias = (down[..., :, None] + across[..., None, :]).flatten(4).flatten(2, 3)
            asking = asking.flatten(2, 3)
            mixed.append(F.scaled_dot_product_attention(asking, key, value, attn_mask=bias))
        parts.append(torch.cat(mixed, dim=2))
    joined = torch.cat(parts).transpose(1, 2).flatten(2).view(tokens.shape)
    result: Tensor = attention.proj(joined)
    return result

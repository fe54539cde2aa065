"""Mask features and localisation of the published pipeline: every mask and every block in full.

HybridGL's Eqs. 1 and 2, and GEM, on the layout (length, batch, width) of OpenAI's CLIP.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.tracing.stages import stage
from zsris_ros.types import BoolArray, ByteArray
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemSettings, resize_bicubic
from zsris_ros.vision.views import HybridSettings, blur, crop, crop_mask, normalise, square_crop

MaskImages = tuple[Tensor, Tensor, Tensor]
"""Local and global images Nx3xSxS, normalised, and the masks' grids NxGxG."""


def mask_features(
    clip: ClipModel, settings: HybridSettings, rgb: ByteArray, masks: BoolArray
) -> Tensor:
    """Return float32 NxE, not normalised, of uint8 HxWx3 and bool NxHxW; all masks in one batch."""
    with torch.no_grad():
        with stage("compositing"):
            local, scene, grids = compose(clip, settings, rgb, masks)
        with stage("features"):
            return encode(clip, settings, local, scene, grids)


def compose(
    clip: ClipModel, settings: HybridSettings, rgb: ByteArray, masks: BoolArray
) -> MaskImages:
    """Return both images of every mask, composed at the frame's size and resized one by one."""
    blurred = torch.from_numpy(blur(rgb, settings.blur_kernel, settings.blur_sigma))
    sharp, surround = torch.from_numpy(rgb).permute(2, 0, 1), blurred.permute(2, 0, 1)
    fill = torch.tensor(settings.fill).view(3, 1, 1)
    local, scene, grids = [], [], []
    for mask in masks:
        window = None
        if settings.window is not None:
            window = square_crop(mask, settings.window, settings.window_min_px)
        inside = crop_mask(torch.from_numpy(mask), window)
        kept, around = crop(sharp, window), crop(surround, window)
        units = normalise(kept[None].float() / 255, settings.mean, settings.std)
        alone = units * inside + fill * ~inside
        mixed = (kept * inside + around * ~inside)[None].float() / 255
        local.append(_shrink(alone, clip.image_size))
        mixed = normalise(_shrink(mixed, clip.image_size), settings.mean, settings.std)
        scene.append(mixed)
        grids.append(_shrink(inside[None, None].float(), clip.grid)[0])
    device = clip.device
    return torch.cat(local).to(device), torch.cat(scene).to(device), torch.cat(grids).to(device)


def encode(
    clip: ClipModel, settings: HybridSettings, local: Tensor, scene: Tensor, grids: Tensor
) -> Tensor:
    """Return Eqs. 1 and 2: every block on every token, with a full attention mask."""
    count = len(grids)
    cover = torch.cat([torch.ones(count, 1, device=grids.device), grids.flatten(1)], dim=1)
    tokens = clip.stem(torch.cat([local, scene])).transpose(0, 1)
    for block in clip.blocks[: settings.start_block]:
        tokens = whole_block(block, tokens)
    x, y = tokens.chunk(2, dim=1)
    barred = _barred(cover, clip.blocks[0].attn.num_heads)
    for block in clip.blocks[settings.start_block :]:
        x = whole_block(block, x + settings.fusion_weight * cover.T[..., None] * y)
        y = whole_block(block, y, barred)
    return clip.head(x[0])


def patch_features(clip: ClipModel, settings: GemSettings, rgb: ByteArray) -> Tensor:
    """Return GEM's features of uint8 HxWx3: float32 (G*G)xE, L2-normalised, by row."""
    image = (
        torch.from_numpy(resize_bicubic(rgb, settings.size)).permute(2, 0, 1)[None].float() / 255
    )
    first = len(clip.blocks) - settings.blocks
    with torch.no_grad():
        images = normalise(image.to(clip.device), settings.mean, settings.std)
        ordinary = clip.stem(images).transpose(0, 1)
        for block in clip.blocks[:first]:
            ordinary = whole_block(block, ordinary)
        grouped = ordinary
        for block in clip.blocks[first:]:
            grouped = grouped + _grouping(block, ordinary, settings.iterations)
            ordinary = whole_block(block, ordinary)
        tokens = F.normalize(clip.head(grouped.transpose(0, 1)), dim=-1)
        return tokens[0, 1:]


def whole_block(block: Any, tokens: Tensor, barred: Tensor | None = None) -> Tensor:
    """Run one block on TxNxD tokens; ``barred`` bool N*heads x T x T excludes attention."""
    normed = block.ln_1(tokens)
    attention = block.attn
    mixed, _ = F.multi_head_attention_forward(
        normed, normed, normed, attention.embed_dim, attention.num_heads,
        attention.in_proj_weight, attention.in_proj_bias, None, None, False, 0.0,
        attention.out_proj.weight, attention.out_proj.bias,
        training=False, need_weights=False, attn_mask=barred,
    )  # fmt: skip
    tokens = tokens + block.ls_1(mixed)
    result: Tensor = tokens + block.ls_2(block.mlp(block.ln_2(tokens)))
    return result


def _barred(cover: Tensor, heads: int) -> Tensor:
    """Return the full attention mask, which restricts only the class token's row."""
    count, length = cover.shape
    barred = torch.zeros(count, heads, length, length, dtype=torch.bool, device=cover.device)
    barred[:, :, 0] = (cover == 0)[:, None]
    return barred.flatten(0, 1)


def _grouping(block: Any, tokens: Tensor, iterations: int) -> Tensor:
    """Return GEM's update of one block on Tx1xD tokens, with explicit similarity matrices."""
    attention, normed = block.attn, block.ln_1(tokens)
    length, _, width = normed.shape
    three = F.linear(normed, attention.in_proj_weight, attention.in_proj_bias)
    heads = (length, attention.num_heads, width // attention.num_heads)
    query, key, value = (part.reshape(heads).transpose(0, 1) for part in three.chunk(3, dim=-1))
    scale = normed.norm(dim=-1).mean() * heads[2] ** -0.5
    updates = []
    for z in (value, key, query):
        z = F.normalize(z, dim=-1)
        for _ in range(iterations):
            z = F.normalize(torch.softmax(scale * z @ z.mT, dim=-1) @ z, dim=-1)
        updates.append(torch.softmax(scale * z @ z.mT, dim=-1) @ value)
    mixed = torch.stack(updates).mean(dim=0).transpose(0, 1).reshape(length, 1, width)
    update: Tensor = block.ls_1(attention.out_proj(mixed))
    return update


def _shrink(images: Tensor, size: int) -> Tensor:
    return F.interpolate(images, (size, size), mode="bilinear", antialias=False)

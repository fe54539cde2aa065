"""GEM: localisation of phrases by self-self attention (Bousselham et al., CVPR 2024).

GEM runs CLIP's last blocks a second time with attention of queries to queries, keys to keys and
values to values, which groups the patches of one object, and compares the patches with a text.
HybridGL uses the map as its coherence map G (before Eq. 6).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.types import ByteArray, InputError
from zsris_ros.vision.attention import join_heads, project_qkv, run_block
from zsris_ros.vision.clip import ClipModel, OpenClipModel
from zsris_ros.vision.views import CLIP_MEAN, CLIP_STD, Colour, normalise

_CONTRAST = 1e-5  # smaller differences of cosines are rounding errors


@dataclass(frozen=True)
class GemSettings:
    """Settings of GEM.

    ``blocks``: number of last blocks that run again. ``size``: side in pixels of the resized frame,
    a multiple of the patch size. ``iterations`` of grouping in each block. ``template``: prompt
    template. ``mean``, ``std``: pixel statistics. A residual network has no ``blocks``.
    """

    blocks: int = 6
    size: int = 448
    iterations: int = 1
    template: str = "a photo of a {}."
    mean: Colour = CLIP_MEAN
    std: Colour = CLIP_STD

    def __post_init__(self) -> None:
        if self.blocks < 1 or self.iterations < 0:
            raise InputError("GEM needs at least one block and no negative number of iterations")
        if "{}" not in self.template:
            raise InputError(f"template must hold {{}} for the phrase, got {self.template!r}")


class PatchLocaliser(ABC):
    """Localises phrases by features of a frame's patches in the common space of a CLIP.

    ``patches`` runs once a frame, ``encode_phrases`` and ``heat_map`` once a phrase.
    """

    def __init__(self, clip: OpenClipModel, settings: GemSettings) -> None:
        self._clip, self.settings = clip, settings

    @property
    def template(self) -> str:
        """Prompt template with ``{}`` for the phrase."""
        return self.settings.template

    @abstractmethod
    def patch_features(self, images: Tensor) -> Tensor:
        """Return patch features float32 N x (G*G) x E of images Nx3xSxS; differentiable.

        They are L2-normalised.
        """

    def patches(self, rgb: ByteArray) -> Tensor:
        """Return the patch features float32 (G*G)xE, L2-normalised, of a frame uint8 HxWx3."""
        picture = torch.from_numpy(resize_bicubic(rgb, self.settings.size)).to(self._clip.device)
        picture = picture.permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            images = normalise(picture, self.settings.mean, self.settings.std)
            return self.patch_features(images)[0]

    def encode_phrases(self, phrases: list[str]) -> Tensor:
        """Return features float32 KxE, L2-normalised, of K noun phrases in the template."""
        texts = [self.template.format(phrase) for phrase in phrases]
        return F.normalize(self._clip.encode_text(texts), dim=-1)

    def heat_map(self, patches: Tensor, text: Tensor, height: int, width: int) -> Tensor:
        """Return the similarity of every pixel to one text, float32 HxW scaled to [0, 1].

        ``patches`` (G*G)xE are from ``patches``, ``text`` E. A map without contrast is all zero.
        """
        similarity = patches @ F.normalize(text.float(), dim=-1)
        grid = round(len(patches) ** 0.5)
        size = (self.settings.size, self.settings.size)
        small = similarity.reshape(1, 1, grid, grid)
        heat = scale_to_unit(F.interpolate(small, size, mode="bilinear"))
        heat = F.interpolate(heat, (height, width), mode="bilinear", antialias=True)
        return scale_to_unit(heat)[0, 0]


class GemLocaliser(PatchLocaliser):
    """Localises phrases with the vision transformer that encodes masks.

    Raises InputError when the settings do not fit the model.
    """

    def __init__(self, clip: ClipModel, settings: GemSettings | None = None) -> None:
        super().__init__(clip, settings or GemSettings())
        self.clip = clip
        if self.settings.blocks > len(clip.blocks):
            raise InputError(
                f"GEM on the last {self.settings.blocks} blocks needs a deeper vision transformer "
                f"than one of {len(clip.blocks)}"
            )
        if self.settings.size % clip.patch_size:
            raise InputError(
                f"GEM's size {self.settings.size} must be a multiple of the patch size "
                f"{clip.patch_size}"
            )

    def patch_features(self, images: Tensor) -> Tensor:
        """Return patch features float32 N x (G*G) x E of images Nx3xSxS; differentiable."""
        return F.normalize(self.token_features(images)[:, 1:], dim=-1)

    def token_features(self, images: Tensor) -> Tensor:
        """Return token features, the class token first, not normalised."""
        first = len(self.clip.blocks) - self.settings.blocks
        ordinary = self.clip.stem(images)
        for block in self.clip.blocks[:first]:
            ordinary = run_block(block, ordinary)
        grouped = ordinary
        for i, block in enumerate(self.clip.blocks[first:]):
            grouped = grouped + block.ls_1(self._group(block, ordinary))
            if i + 1 < self.settings.blocks:
                ordinary = run_block(block, ordinary)
        return self.clip.head(grouped)

    def _group(self, block: Any, tokens: Tensor) -> Tensor:
        """One block's update: the mean of three self-self attentions, applied to the values."""
        normed = block.ln_1(tokens)
        query, key, value = project_qkv(block.attn, normed, normed)
        length = normed.float().norm(dim=-1).mean(dim=1)  # of each image's tokens
        scale = (length * query.shape[-1] ** -0.5)[:, None, None, None].to(query.dtype)
        total = torch.zeros_like(value)
        for z in (value, key, query):
            z = F.normalize(z, dim=-1)
            for _ in range(self.settings.iterations):
                z = F.normalize(_self_attention(z, z, scale), dim=-1)
            total = total + _self_attention(z, value, scale)
        update: Tensor = block.attn.out_proj(join_heads(total / 3))
        return update


def resize_bicubic(rgb: ByteArray, size: int) -> ByteArray:
    """Resize uint8 HxWx3 to size x size x 3 with Pillow's bicubic filter."""
    resized = Image.fromarray(np.ascontiguousarray(rgb)).resize(
        (size, size), Image.Resampling.BICUBIC
    )
    return np.array(resized, dtype=np.uint8)


def scale_to_unit(heat: Tensor) -> Tensor:
    """Scale a map to [0, 1] by its minimum and maximum; a flat map becomes zero."""
    low, high = heat.min(), heat.max()
    span = (high - low).clamp_min(_CONTRAST)
    return torch.where(high - low > _CONTRAST, (heat - low) / span, torch.zeros_like(heat))


def _self_attention(z: Tensor, value: Tensor, scale: Tensor) -> Tensor:
    """softmax(scale * z z^T) value, per image and head."""
    return F.scaled_dot_product_attention(z * scale, z, value, scale=1.0)

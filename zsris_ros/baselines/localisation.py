"""Maps of where a text is, beside GEM: CLIP's own patches, the score map, and Grad-CAM.

A localiser looks at a frame once (``patches``) and answers texts with a map of the whole frame
(``heat_map``). The frame is squashed to the model's square, so the map covers all of it.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.baselines.resnet_clip import ResnetClip
from zsris_ros.types import ByteArray, InputError
from zsris_ros.vision.attention import project_qkv, run_block
from zsris_ros.vision.clip import ClipModel, OpenClipModel
from zsris_ros.vision.gem import GemLocaliser, GemSettings, resize_bicubic, scale_to_unit
from zsris_ros.vision.protocols import Localiser
from zsris_ros.vision.views import CLIP_MEAN, CLIP_STD, Colour, normalise

LocaliserName = Literal["gem", "clip-prior", "score-map", "grad-cam"]
LOCALISERS: tuple[LocaliserName, ...] = ("gem", "clip-prior", "score-map", "grad-cam")


def make_localiser(
    name: LocaliserName, clip: OpenClipModel, gem: GemSettings | None = None
) -> Localiser:
    """The localiser called ``name`` on a model; ``gem`` are GEM's settings.

    Raises InputError for an unknown name, and where the model's kind does not have it.
    """
    if name not in LOCALISERS:
        raise InputError(f"unknown localisation {name!r}: use {', '.join(LOCALISERS)}")
    gem = gem or GemSettings()
    if not isinstance(clip, ClipModel | ResnetClip):
        raise InputError("localisation needs a CLIP that can be opened, ViT or ResNet")
    if name == "score-map":
        return ScoreMap(clip, gem.mean, gem.std)
    if name == "grad-cam":
        return GradCam(clip, gem.mean, gem.std)
    if not isinstance(clip, ClipModel):
        raise InputError(f"localisation by {name} needs a CLIP with a vision transformer")
    return GemLocaliser(clip, gem) if name == "gem" else ClipPrior(clip, gem.mean, gem.std)


class _Squashed:
    """What the localisers of this file share: the picture, the template, the map's size."""

    template = "a photo of {}"

    def __init__(
        self, clip: ClipModel | ResnetClip, mean: Colour = CLIP_MEAN, std: Colour = CLIP_STD
    ) -> None:
        self.clip, self._mean, self._std = clip, mean, std

    def encode_phrases(self, phrases: list[str]) -> Tensor:
        """K noun phrases, each in the template, to float32 KxE, L2-normalised."""
        texts = [self.template.format(phrase) for phrase in phrases]
        return F.normalize(self.clip.encode_text(texts), dim=-1)

    def heat_map(self, patches: Tensor, text: Tensor, height: int, width: int) -> Tensor:
        """float32 HxW in [0, 1] by minimum and maximum; all zero where the map is flat."""
        small = self.small_map(patches, text)[None, None]
        return scale_to_unit(F.interpolate(small, (height, width), mode="bilinear"))[0, 0]

    def small_map(self, patches: Tensor, text: Tensor) -> Tensor:
        """The map before it is enlarged, float32 GxG."""
        grid = self.clip.grid
        return (patches @ F.normalize(text.float(), dim=-1)).reshape(grid, grid)

    def _picture(self, rgb: ByteArray) -> Tensor:
        picture = torch.from_numpy(resize_bicubic(rgb, self.clip.image_size)).to(self.clip.device)
        return normalise(picture.permute(2, 0, 1)[None].float() / 255, self._mean, self._std)


class ClipPrior(_Squashed):
    """VATEX's CLIP Prior (WACV 2025, Eq. 1): the patch tokens of plain CLIP, compared as they are.

    The printed equation: tokens after the last normalisation and the projection, cosines, and the
    L2 norm of the whole map. It covers the full frame, where the published code crops its centre.
    Frozen patch tokens localise poorly and may even invert; GEM does better.
    """

    clip: ClipModel

    def patches(self, rgb: ByteArray) -> Tensor:
        """float32 (G*G)xE, L2-normalised, by row."""
        with torch.no_grad():
            tokens = self.clip.stem(self._picture(rgb))
            for block in self.clip.blocks:
                tokens = run_block(block, tokens)
            return F.normalize(self.clip.head(tokens[0, 1:]), dim=-1)

    def small_map(self, patches: Tensor, text: Tensor) -> Tensor:
        """Eq. 1: cosines GxG, divided by the norm of the map."""
        return F.normalize(super().small_map(patches, text).flatten(), dim=0).view(
            self.clip.grid, -1
        )


class ScoreMap(_Squashed):
    """MaskCLIP's dense features (ECCV 2022): pooling and the last mixing of cells left out.

    In a ResNet the value and output projections of the attention pooling, on every cell. In a ViT
    the last block with every patch attending to itself alone.
    """

    template = "{}"

    def patches(self, rgb: ByteArray) -> Tensor:
        """float32 (G*G)xE, L2-normalised, by row."""
        with torch.no_grad():
            picture = self._picture(rgb)
            if isinstance(self.clip, ResnetClip):
                dense = self.clip.dense(self.clip.feature_map(picture))[0]
                return F.normalize(dense, dim=-1)
            tokens = self.clip.stem(picture)
            for block in self.clip.blocks[:-1]:
                tokens = run_block(block, tokens)
            return F.normalize(
                self.clip.head(attend_alone(self.clip.blocks[-1], tokens)[0, 1:]), dim=-1
            )


class GradCam(_Squashed):
    """Grad-CAM (ICCV 2017) of the cosine between picture and text.

    On the last feature map of a ResNet, or on what enters the last block of a ViT: every channel
    weighted by the mean of its gradient, summed, negative values cut off.
    """

    template = "{}"

    def patches(self, rgb: ByteArray) -> Tensor:
        """The activations, float32: (G*G)xC of a ResNet, (1+G*G)xD of a ViT, class token first."""
        with torch.no_grad():
            picture = self._picture(rgb)
            if isinstance(self.clip, ResnetClip):
                return self.clip.feature_map(picture)[0].flatten(1).T.float()
            tokens = self.clip.stem(picture)
            for block in self.clip.blocks[:-1]:
                tokens = run_block(block, tokens)
            return tokens[0].float()

    def small_map(self, patches: Tensor, text: Tensor) -> Tensor:
        """ReLU of the channels' weighted sum, float32 GxG."""
        grid = self.clip.grid
        with torch.enable_grad():
            activations = patches.detach().clone().requires_grad_(True)
            feature = self._feature(activations.to(self.clip.device)).to(activations.device)
            cosine = F.cosine_similarity(feature, text.float().flatten(), dim=0)
            (gradient,) = torch.autograd.grad(cosine, activations)
        cells = slice(len(patches) - grid * grid, None)  # without a class token
        weights = gradient[cells].mean(dim=0)
        return torch.relu(patches[cells] @ weights).reshape(grid, grid)

    def _feature(self, activations: Tensor) -> Tensor:
        """The picture's feature E, from its activations on."""
        if isinstance(self.clip, ResnetClip):
            grid = self.clip.grid
            return self.clip.pool(activations.T.reshape(1, -1, grid, grid))[0]
        tokens = activations[None].to(self.clip.dtype)
        return self.clip.head(run_block(self.clip.blocks[-1], tokens, cls_only=True)[0, 0])


def attend_alone(block: Any, tokens: Tensor) -> Tensor:
    """One block where every token attends to itself alone: its value instead of a mixture."""
    normed = block.ln_1(tokens)
    _, _, value = project_qkv(block.attn, normed, normed)
    stream = tokens + block.ls_1(block.attn.out_proj(value.transpose(1, 2).flatten(2)))
    result: Tensor = stream + block.ls_2(block.mlp(block.ln_2(stream)))
    return result

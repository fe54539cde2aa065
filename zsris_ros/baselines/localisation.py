"""Localisation maps of texts beside GEM: CLIP's patches, the score map, and Grad-CAM.

A localiser encodes a frame once (``patches``) and maps texts onto the whole frame (``heat_map``).
The frame is resized to the model's square, so the map covers all of it.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.types import ByteArray, InputError
from zsris_ros.vision.attention import project_qkv, run_block
from zsris_ros.vision.clip import ClipModel, OpenClipModel
from zsris_ros.vision.gem import GemLocaliser, GemSettings, resize_bicubic, scale_to_unit
from zsris_ros.vision.protocols import Localiser
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.views import CLIP_MEAN, CLIP_STD, Colour, normalise

LocaliserName = Literal["gem", "clip-prior", "score-map", "grad-cam"]
LOCALISERS: tuple[LocaliserName, ...] = ("gem", "clip-prior", "score-map", "grad-cam")


def make_localiser(
    name: LocaliserName, clip: OpenClipModel, gem: GemSettings | None = None
) -> Localiser:
    """Return the localiser ``name`` on a model, with GEM's settings ``gem``.

    Raises:
        InputError: Unknown name, or a kind of model without this localiser.
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


class _SquareLocaliser:
    """Common parts of the localisers: image, template, and size of the map."""

    template = "a photo of {}"

    def __init__(
        self, clip: ClipModel | ResnetClip, mean: Colour = CLIP_MEAN, std: Colour = CLIP_STD
    ) -> None:
        self.clip, self._mean, self._std = clip, mean, std

    def encode_phrases(self, phrases: list[str]) -> Tensor:
        """Encode K noun phrases, each in the template, as float32 KxE, L2-normalised."""
        texts = [self.template.format(phrase) for phrase in phrases]
        return F.normalize(self.clip.encode_text(texts), dim=-1)

    def heat_map(self, patches: Tensor, text: Tensor, height: int, width: int) -> Tensor:
        """Return float32 HxW in [0, 1] by minimum and maximum; all zero for a flat map."""
        small = self.small_map(patches, text)[None, None]
        return scale_to_unit(F.interpolate(small, (height, width), mode="bilinear"))[0, 0]

    def small_map(self, patches: Tensor, text: Tensor) -> Tensor:
        """Return the map before it is enlarged, float32 GxG."""
        grid = self.clip.grid
        return (patches @ F.normalize(text.float(), dim=-1)).reshape(grid, grid)

    def _image(self, rgb: ByteArray, size: int = 0) -> Tensor:
        size = size or self.clip.image_size
        return square_image(rgb, size, self.clip.device, self._mean, self._std)


class ClipPrior(_SquareLocaliser):
    """VATEX's CLIP Prior (WACV 2025, Eq. 1): cosines with the patch tokens of plain CLIP.

    As printed: tokens after the last normalisation and the projection, cosines, and the L2 norm of
    the whole map. It covers the full frame; the published code crops the centre. Frozen patch
    tokens localise poorly and may even invert; GEM is better.
    """

    clip: ClipModel

    def tokens(self, rgb: ByteArray, size: int = 0) -> Tensor:
        """Return the projected tokens, float32 (1+G*G)xE, the class token first.

        ``size`` is the side in pixels of the square that the image is resized to; 0 is CLIP's.
        """
        with torch.no_grad():
            tokens = self.clip.stem(self._image(rgb, size))
            for block in self.clip.blocks:
                tokens = run_block(block, tokens)
            return self.clip.head(tokens[0])

    def patches(self, rgb: ByteArray) -> Tensor:
        """Return float32 (G*G)xE, L2-normalised, by row."""
        return F.normalize(self.tokens(rgb)[1:], dim=-1)

    def small_map(self, patches: Tensor, text: Tensor) -> Tensor:
        """Return Eq. 1: cosines GxG, divided by the norm of the map."""
        return F.normalize(super().small_map(patches, text).flatten(), dim=0).view(
            self.clip.grid, -1
        )


class ScoreMap(_SquareLocaliser):
    """MaskCLIP's dense features (ECCV 2022): without pooling and the last mixing of cells.

    In a ResNet the value and output projections of the attention pooling, on every cell. In a ViT
    the last block with every patch attending to itself alone.
    """

    template = "{}"

    def patches(self, rgb: ByteArray) -> Tensor:
        """Return float32 (G*G)xE, L2-normalised, by row."""
        with torch.no_grad():
            image = self._image(rgb)
            if isinstance(self.clip, ResnetClip):
                dense = self.clip.dense(self.clip.feature_map(image))[0]
                return F.normalize(dense, dim=-1)
            tokens = self.clip.stem(image)
            for block in self.clip.blocks[:-1]:
                tokens = run_block(block, tokens)
            return F.normalize(
                self.clip.head(attend_alone(self.clip.blocks[-1], tokens)[0, 1:]), dim=-1
            )


class GradCam(_SquareLocaliser):
    """Grad-CAM (ICCV 2017) of the cosine between image and text.

    On the last feature map of a ResNet, or the input of a ViT's last block: every channel weighted
    by the mean of its gradient, summed, without negative values.
    """

    template = "{}"

    def patches(self, rgb: ByteArray) -> Tensor:
        """Return activations, float32: (G*G)xC of a ResNet; (1+G*G)xD of a ViT."""
        with torch.no_grad():
            image = self._image(rgb)
            if isinstance(self.clip, ResnetClip):
                return self.clip.feature_map(image)[0].flatten(1).T.float()
            tokens = self.clip.stem(image)
            for block in self.clip.blocks[:-1]:
                tokens = run_block(block, tokens)
            return tokens[0].float()

    def small_map(self, patches: Tensor, text: Tensor) -> Tensor:
        """Return the ReLU of the channels' weighted sum, float32 GxG."""
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
        """Return the image's feature E from its activations."""
        if isinstance(self.clip, ResnetClip):
            grid = self.clip.grid
            return self.clip.pool(activations.T.reshape(1, -1, grid, grid))[0]
        tokens = activations[None].to(self.clip.dtype)
        return self.clip.head(run_block(self.clip.blocks[-1], tokens, cls_only=True)[0, 0])


def square_image(
    rgb: ByteArray,
    size: int,
    device: torch.device,
    mean: Colour = CLIP_MEAN,
    std: Colour = CLIP_STD,
) -> Tensor:
    """Return an image uint8 HxWx3 squashed to a square and normalised, float 1x3xSxS."""
    image = torch.from_numpy(resize_bicubic(rgb, size)).to(device)
    return normalise(image.permute(2, 0, 1)[None].float() / 255, mean, std)


def attend_alone(block: Any, tokens: Tensor) -> Tensor:
    """Run one block where every token attends to itself alone."""
    normed = block.ln_1(tokens)
    _, _, value = project_qkv(block.attn, normed, normed)
    stream = tokens + block.ls_1(block.attn.out_proj(value.transpose(1, 2).flatten(2)))
    result: Tensor = stream + block.ls_2(block.mlp(block.ln_2(stream)))
    return result

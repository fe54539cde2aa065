"""CLIP with a vision transformer, accessible block by block.

The published methods change CLIP between its blocks. ``ClipModel`` exposes the stem, blocks, head
and text encoder of one open_clip model, so that one set of weights serves all of them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zsris_ros.types import InputError
from zsris_ros.vision.open_clip_model import (
    Architecture,
    OpenClipModel,
    State,
    Tokenizer,
    build_clip,
    openai_architecture,
)

from open_clip.model import CLIP, CustomTextCLIP  # isort: skip  (after ensure_torchvision)
from open_clip.transformer import ResidualAttentionBlock, VisionTransformer  # isort: skip

__all__ = [
    "Architecture",
    "ClipModel",
    "OpenClipModel",
    "State",
    "Tokenizer",
    "build_clip",
    "openai_architecture",
]


class ClipModel(OpenClipModel):
    """An open_clip model with a plain vision transformer, in parts.

    Raises InputError for other image encoders.
    """

    def __init__(self, model: CLIP | CustomTextCLIP, tokenizer: Tokenizer | None = None) -> None:
        visual = _open_visual(model)
        super().__init__(model, tokenizer)
        self.blocks: list[ResidualAttentionBlock] = list(visual.transformer.resblocks)
        self.width = int(visual.class_embedding.shape[0])
        self.embed_dim = int(visual.proj.shape[1])
        self.image_size = int(visual.image_size[0])
        self.patch_size = int(visual.patch_size[0])
        self.grid = self.image_size // self.patch_size

    @property
    def activations_per_image(self) -> int:
        """Largest number of intermediate values of a block for one image."""
        hidden: int = self.blocks[0].mlp.c_fc.out_features
        return (1 + self.grid**2) * hidden

    def stem(self, images: Tensor, cells: Tensor | None = None) -> Tensor:
        """Embed images: patches, class token, positions, first normalisation.

        Args:
            images: Float NxCxHxW, normalised, H and W multiples of the patch size.
            cells: Int64 NxK, the grid cells (by row) to embed of each image; None: all.

        Returns:
            Tokens before block 0, NxTxD, the class token first.
        """
        rows, columns = (length // self.patch_size for length in images.shape[-2:])
        table = self.positions(rows, columns)
        if cells is None:
            patches = self.visual.conv1(images.to(self.dtype)).flatten(2).transpose(1, 2)
            positions = table[1:]
        else:
            image = torch.arange(len(images), device=images.device)[:, None]
            patches = self._embed(images, image, cells)
            positions = table[1:][cells]
        first = self.visual.class_embedding + table[0]
        tokens = torch.cat(
            [
                first.to(patches.dtype).expand(len(patches), 1, -1),
                patches + positions.to(patches.dtype),
            ],
            dim=1,
        )
        normed: Tensor = self.visual.ln_pre(tokens)
        return normed

    def update_stem(self, tokens: Tensor, images: Tensor, image: Tensor, cells: Tensor) -> Tensor:
        """Update tokens for images that differ in some patches from those of the tokens.

        ``tokens`` NxTxD, on the trained grid, are overwritten. ``image`` and ``cells`` int64 M are
        the indices of the patches that differ.
        """
        patches = self._embed(images, image, cells)
        positions = self.visual.positional_embedding[1:][cells]
        tokens[image, 1 + cells] = self.visual.ln_pre(patches + positions.to(patches.dtype))
        return tokens

    def _embed(self, images: Tensor, image: Tensor, cells: Tensor) -> Tensor:
        """Embed some patches of NxCxHxW images, without positions: the indices' shape x D."""
        side = self.patch_size
        patches = images.unfold(2, side, side).unfold(3, side, side)  # NxCxRxWxpxp, a view
        columns = patches.shape[3]
        cut = patches[image, :, cells // columns, cells % columns].flatten(-3).to(self.dtype)
        return F.linear(cut, self.visual.conv1.weight.flatten(1))

    def positions(self, rows: int, columns: int) -> Tensor:
        """Return the positional embedding of a grid, (1 + rows * columns) x D.

        For a grid other than the trained one the patches' table is resampled (bicubic,
        antialiased).
        """
        table: Tensor = self.visual.positional_embedding
        if (rows, columns) == tuple(self.visual.grid_size):
            return table
        grid = table[1:].float().T.reshape(1, self.width, *self.visual.grid_size)
        resized = F.interpolate(grid, (rows, columns), mode="bicubic", antialias=True)
        return torch.cat([table[:1].float(), resized[0].flatten(1).T])

    def head(self, tokens: Tensor) -> Tensor:
        """Apply the last normalisation and projection to tokens ...xD: float32 ...xE."""
        normed = self.visual.ln_post(tokens)
        return (normed @ self.visual.proj).float()


def _open_visual(model: nn.Module) -> Any:
    """The vision transformer, if it has CLIP's structure."""
    visual = getattr(model, "visual", None)
    plain = (
        isinstance(visual, VisionTransformer)
        and visual.attn_pool is None
        and visual.pool_type == "tok"
        and visual.proj is not None
        and all(type(block) is ResidualAttentionBlock for block in visual.transformer.resblocks)
    )
    if not plain:
        raise InputError(
            "this CLIP cannot be opened block by block: its image encoder must be open_clip's "
            "VisionTransformer with plain blocks, a class token and a projection"
        )
    return visual

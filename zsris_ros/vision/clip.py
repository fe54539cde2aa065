"""One CLIP with a vision transformer, opened block by block.

The published methods reach into CLIP's vision transformer between its blocks, so ``ClipModel``
holds one open_clip model and offers its parts: the stem, the blocks, the head, and the text
encoder. One set of weights serves every use of it.
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

from open_clip.model import CLIP, CustomTextCLIP  # isort: skip  (after torchvision is made to load)
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
    """An open_clip model with a plain vision transformer, taken apart.

    Raises InputError when the model is not one that can be opened.
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
    def numbers(self) -> int:
        """How many numbers a block has at once of one picture, where they are most."""
        hidden: int = self.blocks[0].mlp.c_fc.out_features
        return (1 + self.grid**2) * hidden

    def stem(self, images: Tensor, places: Tensor | None = None) -> Tensor:
        """Images to tokens before block 0: patches, class token, positions, first normalisation.

        ``images`` float NxCxHxW, normalised, H and W multiples of the patch size. Returns NxTxD
        with T = 1 + (H / patch) * (W / patch), the class token first; or, with ``places`` int64
        NxK, each image's patches at those places of the grid by row only, T = 1 + K.
        """
        rows, columns = (length // self.patch_size for length in images.shape[-2:])
        table = self.positions(rows, columns)
        if places is None:
            patches = self.visual.conv1(images.to(self.dtype)).flatten(2).transpose(1, 2)
            positions = table[1:]
        else:
            image = torch.arange(len(images), device=images.device)[:, None]
            patches = self._embed(images, image, places)
            positions = table[1:][places]
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

    def stem_changed(self, tokens: Tensor, images: Tensor, image: Tensor, places: Tensor) -> Tensor:
        """As ``stem`` of images that differ in some patches from others, whose tokens are known.

        ``tokens`` NxTxD, the others', are overwritten. ``image`` and ``places`` int64 M name the
        patches that differ: the image, and the place on the trained grid by row.
        """
        patches = self._embed(images, image, places)
        positions = self.visual.positional_embedding[1:][places]
        tokens[image, 1 + places] = self.visual.ln_pre(patches + positions.to(patches.dtype))
        return tokens

    def _embed(self, images: Tensor, image: Tensor, places: Tensor) -> Tensor:
        """Some patches of NxCxHxW images without their positions: the indices' shape, and D."""
        side = self.patch_size
        cells = images.unfold(2, side, side).unfold(3, side, side)  # NxCxRxWxpxp, a view
        columns = cells.shape[3]
        cut = cells[image, :, places // columns, places % columns].flatten(-3).to(self.dtype)
        return F.linear(cut, self.visual.conv1.weight.flatten(1))

    def positions(self, rows: int, columns: int) -> Tensor:
        """Positional embedding for a grid, (1 + rows * columns) x D.

        For a grid other than the trained one the patches' table is resampled (bicubic,
        antialiased) and the class token's entry kept.
        """
        table: Tensor = self.visual.positional_embedding
        if (rows, columns) == tuple(self.visual.grid_size):
            return table
        grid = table[1:].float().T.reshape(1, self.width, *self.visual.grid_size)
        resized = F.interpolate(grid, (rows, columns), mode="bicubic", antialias=True)
        return torch.cat([table[:1].float(), resized[0].flatten(1).T])

    def head(self, tokens: Tensor) -> Tensor:
        """Last normalisation and projection: ...xD tokens to float32 ...xE features."""
        normed = self.visual.ln_post(tokens)
        return (normed @ self.visual.proj).float()


def _open_visual(model: nn.Module) -> Any:
    """The vision transformer, if it is built the way CLIP's own is."""
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

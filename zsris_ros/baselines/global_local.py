"""Global-Local CLIP's mask encoder (CVPR 2023): the masked scene and the cropped object.

Global (Eq. 3): the image is encoded once, and the mask is multiplied onto the features before the
last layers. Local (Eq. 4): the cropped object is encoded as an image of its own. Both are mixed
without normalisation, f = alpha * f_G + (1 - alpha) * f_L (Eq. 5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.torch_utils.batching import BatchRunner, items_at_once
from zsris_ros.types import BoolArray, ByteArray, InputError
from zsris_ros.vision.attention import run_block
from zsris_ros.vision.clip import ClipModel, OpenClipModel
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.views import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Colour,
    check_masks,
    mask_grid,
    normalise,
    resize,
)

PUBLISHED_ALPHA: Mapping[str, float] = {
    "refcoco": 0.95,
    "refcoco+": 0.95,
    "refcocog": 0.85,
    "phrasecut": 0.85,
}
"""alpha of Eq. 5 by data set; for PhraseCut the default of the published script."""

BLACK: Colour = tuple(-m / s for m, s in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True))  # type: ignore[assignment]
"""Black in units normalised by ImageNet's statistics: the printed product I * m of Eq. 4."""


@dataclass(frozen=True)
class GlobalLocalSettings:
    """Settings of the encoder. The defaults are those of the published code.

    The box "published" is centred on the mean of the mask's columns and rows and one pixel short;
    "tight" is the bounding box. ``mask_antialias``, ``image_antialias``, ``full_cell``: as in
    ``HybridSettings``. ``unit_parts``: with a ResNet, as published, normalise every cell before
    masking, the local feature, and the texts, and compare by dot product.
    """

    alpha: float = 0.95  # share of the global feature; 1 leaves the local one out, 0 the global one
    start_block: int | None = 9  # first masked block in a ViT; None: as many as in the supplement
    once: bool = False  # mask before that block only
    boxes: Literal["published", "tight"] = "published"
    fill: Colour = IMAGENET_MEAN  # colour outside the mask in the crop, in normalised units
    mean: Colour = IMAGENET_MEAN
    std: Colour = IMAGENET_STD
    shorter_side: int | None = 800  # pixels to which the image is enlarged first; None: not
    mask_antialias: bool = False
    image_antialias: bool = False
    full_cell: bool = False
    unit_parts: bool = True
    batch_size: int = 16  # masks at a time

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise InputError(f"alpha must be between 0 and 1, got {self.alpha}")
        if self.boxes not in ("published", "tight"):
            raise InputError(f"boxes must be 'published' or 'tight', got {self.boxes!r}")
        if self.batch_size < 1:
            raise InputError(f"batch_size must be at least 1, got {self.batch_size}")

    def dot_product(self, clip: OpenClipModel) -> bool:
        """Return whether features and texts are compared by dot product instead of cosine."""
        return self.unit_parts and isinstance(clip, ResnetClip)

    @classmethod
    def paper(cls, **changes: Any) -> GlobalLocalSettings:
        """Return the printed settings: black fill, bounding box, k by architecture, cosines."""
        printed = {"start_block": None, "boxes": "tight", "fill": BLACK, "unit_parts": False}
        return cls(**{**printed, **changes})

    @classmethod
    def product(cls, **changes: Any) -> GlobalLocalSettings:
        """Return settings for a robot: as printed, with antialiased pixels and small masks kept."""
        better = {
            "shorter_side": None,
            "mask_antialias": True,
            "image_antialias": True,
            "full_cell": True,
        }
        return cls.paper(**{**better, **changes})


def masked_blocks(clip: ClipModel) -> int:
    """Return k, the best number of masked last blocks in the supplement (section C).

    3 for ViT-B/32, 2 for ViT-B/16, 4 for ViT-L/14; 3, the paper's general value, for others.
    """
    return {(12, 32): 3, (12, 16): 2, (24, 14): 4}.get((len(clip.blocks), clip.patch_size), 3)


class GlobalLocalEncoder:
    """Encodes masks of one frame with a ViT or a ResNet.

    Raises:
        InputError: The settings do not fit the model's depth.
    """

    def __init__(
        self, clip: ClipModel | ResnetClip, settings: GlobalLocalSettings | None = None
    ) -> None:
        self.clip = clip
        self.settings = settings or GlobalLocalSettings()
        self._batches = BatchRunner(self.settings.batch_size, "masks")
        self._start = 0
        if isinstance(clip, ClipModel):
            depth = len(clip.blocks)
            start = self.settings.start_block
            self._start = depth - masked_blocks(clip) if start is None else start
            if not 0 <= self._start < depth:
                raise InputError(
                    f"start_block {self._start} does not fit a vision transformer of {depth} blocks"
                )

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Return features of N masks, float32 NxE, not normalised (Eq. 5).

        Args:
            rgb: The frame, uint8 HxWx3.
            masks: bool NxHxW. An empty mask also has a finite feature.

        Raises:
            InputError: Invalid shapes or types.
        """
        check_masks(rgb, masks)
        alpha = self.settings.alpha
        total = torch.zeros(len(masks), self.clip.embed_dim, device=self.clip.device)
        with torch.no_grad():
            image = self.image(rgb)
            if alpha > 0:
                total = total + alpha * self.global_features(image, masks)
            if alpha < 1:
                total = total + (1 - alpha) * self.local_features(image, masks)
        return total

    def image(self, rgb: ByteArray) -> Tensor:
        """Return the frame enlarged to ``shorter_side`` and normalised, float 1x3xH'xW'."""
        height, width = rgb.shape[:2]
        image = Image.fromarray(np.ascontiguousarray(rgb))
        side = self.settings.shorter_side
        if side is not None:
            scale = side / min(height, width)
            longer = int(scale * max(height, width))
            size = (side, longer) if height > width else (longer, side)
            image = image.resize(size, Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(image)).to(self.clip.device)
        pixels = pixels.permute(2, 0, 1)[None].float() / 255
        return normalise(pixels, self.settings.mean, self.settings.std)

    def global_features(self, image: Tensor, masks: BoolArray) -> Tensor:
        """Return Eq. 3 of the image 1x3xH'xW' and masks bool NxHxW, float32 NxE."""
        small = resize(image, self.clip.image_size, self.settings.image_antialias)
        grids = self.grids(masks)
        parts = [torch.zeros(0, self.clip.embed_dim, device=self.clip.device)]
        encode = self._mask_cells if isinstance(self.clip, ResnetClip) else self._mask_tokens
        shared = self._shared(small)
        parts += self._run(lambda some: encode(shared, grids[some]), len(grids))
        return torch.cat(parts)

    def local_features(self, image: Tensor, masks: BoolArray) -> Tensor:
        """Return Eq. 4 of the image 1x3xH'xW' and masks bool NxHxW, float32 NxE."""
        frame = F.interpolate(
            image, masks.shape[1:], mode="bilinear", antialias=self.settings.image_antialias
        )[0]

        def work(some: slice) -> Tensor:
            return self._whole(torch.cat([self.crop(frame, mask) for mask in masks[some]]))

        parts = [torch.zeros(0, self.clip.embed_dim, device=self.clip.device)]
        return torch.cat([*parts, *self._run(work, len(masks))])

    def grids(self, masks: BoolArray) -> Tensor:
        """Return the masks on the feature map's grid, float NxGxG in [0, 1]."""
        settings = self.settings
        inside = torch.from_numpy(np.ascontiguousarray(masks)).to(self.clip.device)
        return mask_grid(inside, self.clip.grid, settings.mask_antialias, settings.full_cell)

    def crop(self, frame: Tensor, mask: BoolArray) -> Tensor:
        """Return the object in its box, resized: 3xHxW, normalised, and HxW to 1x3xSxS."""
        settings = self.settings
        inside = torch.from_numpy(np.ascontiguousarray(mask)).to(frame.device)
        fill = torch.tensor(settings.fill, device=frame.device).view(3, 1, 1)
        alone = torch.where(inside, frame, fill)
        left, top, right, bottom = crop_box(mask, settings.boxes)
        return resize(
            alone[None, :, top:bottom, left:right], self.clip.image_size, settings.image_antialias
        )

    def _run(self, work: Callable[[slice], Tensor], count: int) -> list[Tensor]:
        """Return the results of ``work`` on batches of ``count`` masks."""
        at_most = count
        if isinstance(self.clip, ClipModel):
            at_most = items_at_once(self.clip.activations_per_image, self.clip.device)
        return self._batches.run(work, count, at_most)

    def _shared(self, small: Tensor) -> Tensor:
        """Return the common part of all masks: tokens up to the start block, or the map."""
        if isinstance(self.clip, ResnetClip):
            features = self.clip.feature_map(small)
            return F.normalize(features, dim=1) if self.settings.unit_parts else features
        tokens = self.clip.stem(small)
        for block in self.clip.blocks[: self._start]:
            tokens = run_block(block, tokens)
        return tokens

    def _mask_tokens(self, tokens: Tensor, grids: Tensor) -> Tensor:
        """Multiply the residual stream of every patch by its share of the mask (token masking)."""
        assert isinstance(self.clip, ClipModel)
        cover = torch.cat([torch.ones_like(grids[:, :1, 0]), grids.flatten(1)], dim=1)
        cover = cover.to(tokens.dtype)[..., None]
        tokens = tokens * cover
        late = self.clip.blocks[self._start :]
        for i, block in enumerate(late):
            if i and not self.settings.once:
                tokens = tokens * cover
            tokens = run_block(block, tokens, cls_only=i == len(late) - 1)
        return self.clip.head(tokens[:, 0])

    def _mask_cells(self, features: Tensor, grids: Tensor) -> Tensor:
        """Pool masked features; the query is the mean over all cells, zeros included."""
        assert isinstance(self.clip, ResnetClip)
        return self.clip.pool(features * grids[:, None].to(features.dtype))

    def _whole(self, crops: Tensor) -> Tensor:
        """Return CLIP's plain feature of whole images."""
        if isinstance(self.clip, ResnetClip):
            pooled = self.clip.pool(self.clip.feature_map(crops))
            return F.normalize(pooled, dim=-1) if self.settings.unit_parts else pooled
        tokens = self.clip.stem(crops)
        for i, block in enumerate(self.clip.blocks):
            tokens = run_block(block, tokens, cls_only=i == len(self.clip.blocks) - 1)
        return self.clip.head(tokens[:, 0])


def published_box(mask: BoolArray) -> tuple[float, float, float, float]:
    """Return the published code's box (x0, y0, x1, y1) of a mask bool HxW, before truncation.

    The centre is the mean of the columns (rows) of the mask, the width their number. The box of a
    connected mask is half a pixel off on every side; truncated, it lacks the last column and row.
    The box of separate parts is too small. An empty mask has the whole frame.
    """
    height, width = mask.shape
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return 0.0, 0.0, float(width), float(height)
    x, y, w, h = columns.mean(), rows.mean(), len(columns), len(rows)
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def crop_box(mask: BoolArray, kind: Literal["published", "tight"]) -> tuple[int, int, int, int]:
    """Return the crop (x0, y0, x1, y1), ends excluded, never empty.

    A published box without width or height, which stops the published code with an error, is one
    pixel wide or high.
    """
    height, width = mask.shape
    x0, y0, x1, y1 = (int(value) for value in published_box(mask))
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if kind == "tight" and len(columns):
        x0, x1 = int(columns[0]), int(columns[-1]) + 1
        y0, y1 = int(rows[0]), int(rows[-1]) + 1
    x0, y0 = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)

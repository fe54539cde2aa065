"""Region tokens: one class token a mask, which attends only to the mask's patches in every block.

The baseline of Global-Local CLIP from "Adapting CLIP For Phrase Localization Without Further
Training" (Li, Shakhnarovich and Yeh, 2022), with mask proposals instead of superpixels. The image's
own tokens never attend to the region tokens, so one pass serves all masks.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zsris_ros.baselines.global_local import GlobalLocalEncoder, GlobalLocalSettings
from zsris_ros.types import BoolArray, ByteArray
from zsris_ros.vision.attention import run_block
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.views import check_masks, resize


class RegionTokenEncoder:
    """Encodes masks of one frame with a vision transformer.

    Settings in use: pixel statistics, ``shorter_side``, antialiasing, ``full_cell``,
    ``batch_size``.
    """

    def __init__(self, clip: ClipModel, settings: GlobalLocalSettings | None = None) -> None:
        self.clip = clip
        self.settings = settings or GlobalLocalSettings(start_block=None)
        self._images = GlobalLocalEncoder(clip, self.settings)

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Return features of N masks: uint8 HxWx3 and bool NxHxW to float32 NxE, not normalised.

        A region token without a patch attends to itself only.
        """
        check_masks(rgb, masks)
        clip, settings = self.clip, self.settings
        with torch.no_grad():
            image = self._images.image(rgb)
            tokens = clip.stem(resize(image, clip.image_size, settings.image_antialias))
            visible = self._images.grids(masks).flatten(1) > 0
            regions = tokens[:, :1].expand(len(masks), -1, -1)
            for block in clip.blocks:
                regions = torch.cat(
                    [
                        self._step(block, some, tokens, visible)
                        for some, visible in zip(
                            regions.split(settings.batch_size),
                            visible.split(settings.batch_size),
                            strict=True,
                        )
                    ]
                )
                tokens = run_block(block, tokens)
            return clip.head(regions[:, 0])

    def _step(self, block: Any, regions: Tensor, tokens: Tensor, visible: Tensor) -> Tensor:
        """Run one block for Nx1xD region tokens over the image's 1xTxD tokens."""
        patches = tokens[:, 1:].expand(len(regions), -1, -1)
        itself = torch.ones_like(visible[:, :1])
        return run_block(
            block,
            torch.cat([regions, patches], dim=1),
            cls_mask=torch.cat([itself, visible], dim=1),
            cls_only=True,
        )

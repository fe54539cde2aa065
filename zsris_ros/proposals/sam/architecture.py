"""The sizes of a Segment Anything network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from torch import nn

from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.types import InputError

ensure_torchvision()  # segment_anything imports torchvision, whose compiled ops may be missing

from segment_anything.modeling import (
    ImageEncoderViT,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)


@dataclass(frozen=True)
class SamArchitecture:
    """The sizes of a Segment Anything network; the defaults are those of the published ``vit_b``.

    ``image_size`` is the side in pixels of the encoder's input, a multiple of ``patch_size``.
    ``window_size`` is the side in patches of an attention window; ``global_blocks`` (0-based)
    attend to the whole image. ``prompt_width`` is the width of the image embedding, the prompts and
    the decoder. ``masks`` is the number of masks decoded for a point. ``pixel_mean`` and
    ``pixel_std`` are RGB on a scale of 0 to 255.
    """

    image_size: int = 1024
    patch_size: int = 16
    encoder_width: int = 768
    encoder_depth: int = 12
    encoder_heads: int = 12
    window_size: int = 14
    global_blocks: tuple[int, ...] = (2, 5, 8, 11)
    prompt_width: int = 256
    mask_channels: int = 16
    decoder_depth: int = 2
    decoder_heads: int = 8
    decoder_mlp_width: int = 2048
    masks: int = 3
    iou_head_depth: int = 3
    iou_head_width: int = 256
    pixel_mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    pixel_std: tuple[float, float, float] = (58.395, 57.12, 57.375)

    @classmethod
    def from_mapping(cls, sizes: Mapping[str, Any]) -> SamArchitecture:
        """Read the sizes from a mapping (JSON); raises InputError for unknown keys."""
        unknown = sorted(set(sizes) - {field.name for field in fields(cls)})
        if unknown:
            raise InputError(f"a SAM architecture has no {', '.join(unknown)}")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in sizes.items()
        }
        return cls(**values)

    def build(self) -> Sam:
        """Return a freshly initialised network in evaluation mode."""
        if self.image_size % self.patch_size:
            raise InputError(
                f"SAM's image_size {self.image_size} is no multiple of patch_size {self.patch_size}"
            )
        grid = self.image_size // self.patch_size
        sam = Sam(
            image_encoder=ImageEncoderViT(
                img_size=self.image_size,
                patch_size=self.patch_size,
                embed_dim=self.encoder_width,
                depth=self.encoder_depth,
                num_heads=self.encoder_heads,
                out_chans=self.prompt_width,
                norm_layer=partial(nn.LayerNorm, eps=1e-6),
                use_rel_pos=True,
                window_size=self.window_size,
                global_attn_indexes=self.global_blocks,
            ),
            prompt_encoder=PromptEncoder(
                embed_dim=self.prompt_width,
                image_embedding_size=(grid, grid),
                input_image_size=(self.image_size, self.image_size),
                mask_in_chans=self.mask_channels,
            ),
            mask_decoder=MaskDecoder(
                num_multimask_outputs=self.masks,
                transformer=TwoWayTransformer(
                    depth=self.decoder_depth,
                    embedding_dim=self.prompt_width,
                    num_heads=self.decoder_heads,
                    mlp_dim=self.decoder_mlp_width,
                ),
                transformer_dim=self.prompt_width,
                iou_head_depth=self.iou_head_depth,
                iou_head_hidden_dim=self.iou_head_width,
            ),
            pixel_mean=list(self.pixel_mean),
            pixel_std=list(self.pixel_std),
        )
        return sam.eval()

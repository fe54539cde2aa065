"""The Segment Anything network (Kirillov et al., ICCV 2023) from segment_anything's own classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from zsris_ros.proposals.sam.mobile_sam import TinyVitEncoder, translate_state_dict
from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.types import InputError

ensure_torchvision()  # segment_anything imports torchvision, whose compiled ops may be missing

from segment_anything import sam_model_registry
from segment_anything.modeling import (
    ImageEncoderViT,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)

PUBLISHED = ("vit_h", "vit_l", "vit_b")
"""The architectures whose checkpoints the authors of Segment Anything published."""


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


def build_sam(
    architecture: str | Mapping[str, Any], state_dict: Mapping[str, Tensor] | None = None
) -> Sam:
    """Build a Segment Anything network on the CPU, in float32 and evaluation mode.

    Args:
        architecture: "vit_h", "vit_l", "vit_b", "vit_t" (MobileSAM), or SamArchitecture's fields.
        state_dict: Weights of any floating dtype, loaded strictly; None initialises them.

    Raises:
        InputError: Unknown architecture, or weights that do not fit it.
    """
    if not isinstance(architecture, str):
        name = "the custom sizes"
        unknown = sorted(set(architecture) - {field.name for field in fields(SamArchitecture)})
        if unknown:
            raise InputError(f"a SAM architecture has no {', '.join(unknown)}")
        sam = SamArchitecture(**architecture).build()
    elif architecture == "vit_t":
        name = architecture
        sam = build_mobile_sam()
        state_dict = None if state_dict is None else translate_state_dict(state_dict)
    elif architecture in PUBLISHED:
        name = architecture
        sam = sam_model_registry[architecture](checkpoint=None)
    else:
        raise InputError(
            f"unknown SAM architecture '{architecture}': use {', '.join(PUBLISHED)}, "
            "vit_t (MobileSAM), or a mapping of sizes"
        )
    if state_dict is not None:
        _load(sam, state_dict, name)
    return sam


def build_mobile_sam() -> Sam:
    """Return a freshly initialised MobileSAM on the CPU, in evaluation mode."""
    sam = SamArchitecture(encoder_width=32, encoder_depth=0, encoder_heads=1).build()
    sam.image_encoder = TinyVitEncoder()
    return sam.eval()


def _load(sam: Sam, state_dict: Mapping[str, Tensor], name: str) -> None:
    expected = sam.state_dict()
    wrong = sorted(set(expected) ^ set(state_dict)) + sorted(
        key
        for key in set(expected) & set(state_dict)
        if expected[key].shape != state_dict[key].shape
    )
    if wrong:
        raise InputError(
            f"these weights are not those of a SAM with the architecture {name}: {len(wrong)} "
            f"tensors are missing, unexpected or of another shape, the first is '{wrong[0]}'"
        )
    with torch.no_grad():
        sam.load_state_dict(dict(state_dict))

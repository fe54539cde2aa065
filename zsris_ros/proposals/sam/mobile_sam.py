"""MobileSAM (Zhang et al., 2023): Segment Anything with a TinyViT as image encoder.

Built from timm's TinyViT and segment_anything's prompt encoder and mask decoder. The published
``mobile_sam.pt`` loads after its parameters are renamed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision

ensure_torchvision()  # segment_anything and timm import torchvision

from segment_anything.modeling.common import LayerNorm2d
from timm.models.tiny_vit import TinyVit

ARCHITECTURE = "vit_t"
"""The authors' name of the architecture."""

_DROPPED = re.compile(r"image_encoder\.(norm_head|head)\.|attention_bias_idxs$")
_RENAMED = (
    (re.compile(r"\.c\."), ".conv."),
    (re.compile(r"patch_embed\.seq\.0\."), "patch_embed.conv1."),
    (re.compile(r"patch_embed\.seq\.2\."), "patch_embed.conv2."),
)
_DOWNSAMPLE = re.compile(r"^image_encoder\.layers\.(\d+)\.downsample\.")
_LAYER = re.compile(r"^image_encoder\.layers\.")
_WIDTH = 256


class TinyVitEncoder(nn.Module):
    """TinyViT-5M and SAM's neck: Nx3x1024x1024 to Nx256x64x64."""

    img_size = 1024

    def __init__(self) -> None:
        super().__init__()
        body: Any = TinyVit(
            embed_dims=(64, 128, 160, 320),
            depths=(2, 2, 6, 2),
            num_heads=(2, 4, 5, 10),
            window_sizes=(7, 7, 14, 7),
            drop_path_rate=0.0,
            num_classes=0,
        )
        # SAM's decoder needs a 64x64 map: MobileSAM omits the last downsampling.
        body.stages[3].downsample.conv2.conv.stride = (1, 1)
        body.head = nn.Identity()
        self.body = body
        self.neck = nn.Sequential(
            nn.Conv2d(320, _WIDTH, kernel_size=1, bias=False),
            LayerNorm2d(_WIDTH),
            nn.Conv2d(_WIDTH, _WIDTH, kernel_size=3, padding=1, bias=False),
            LayerNorm2d(_WIDTH),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the image embedding."""
        embedding: Tensor = self.neck(self.body.forward_features(images))
        return embedding


def translate_state_dict(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename published parameters to the names of ``TinyVitEncoder``."""
    return {_translated(n): t for n, t in state_dict.items() if not _DROPPED.search(n)}


def _translated(name: str) -> str:
    if not name.startswith(("image_encoder.layers.", "image_encoder.patch_embed.")):
        return name
    for pattern, new in _RENAMED:
        name = pattern.sub(new, name)
    # timm puts a downsampling at the start of a stage, MobileSAM at the end of the one before.
    name = _DOWNSAMPLE.sub(
        lambda found: f"image_encoder.body.stages.{int(found[1]) + 1}.downsample.", name
    )
    name = _LAYER.sub("image_encoder.body.stages.", name)
    return name.replace("image_encoder.patch_embed.", "image_encoder.body.patch_embed.")

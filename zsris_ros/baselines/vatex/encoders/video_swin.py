"""Video Swin (CVPR 2022) of torchvision with feature maps of every frame.

A patch is one frame deep, as in ReferFormer (CVPR 2022), so that no frame loses its own maps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.types import InputError

ensure_torchvision()

from torchvision.models import WeightsEnum
from torchvision.models.video import Swin3D_B_Weights, Swin3D_T_Weights
from torchvision.models.video.swin_transformer import ShiftedWindowAttention3d, SwinTransformer3d

_TINY: Mapping[str, Any] = {
    "embed_dim": 96,
    "depths": [2, 2, 6, 2],
    "num_heads": [3, 6, 12, 24],
    "window_size": [8, 7, 7],
}
_BASE = {**_TINY, "embed_dim": 128, "depths": [2, 2, 18, 2], "num_heads": [4, 8, 16, 32]}
_SMALL = {
    "embed_dim": 24,
    "depths": [2, 2, 4, 2],
    "num_heads": [1, 2, 4, 8],
    "window_size": [8, 4, 4],
    "mlp_ratio": 2.0,
    # Without random depth a batch gives the same results in one process and in several.
    "stochastic_depth_prob": 0.0,
}

VIDEO_BACKBONES: Mapping[str, tuple[Mapping[str, Any], WeightsEnum | None]] = {
    "video_swin_tiny": (_TINY, Swin3D_T_Weights.KINETICS400_V1),
    "video_swin_base": (_BASE, Swin3D_B_Weights.KINETICS400_IMAGENET22K_V1),
    "video_small": (_SMALL, None),
}
"""Options of ``SwinTransformer3d`` and the published weights by our name."""

_PATCHES = "patch_embed.proj.weight"


class VideoSwin(nn.Module):
    """A feature pyramid of each frame of a clip, by windows over several frames.

    Attributes:
        channels: Channels of the four maps, finest first.

    Args:
        name: A name of VIDEO_BACKBONES.
        pretrained: Whether torchvision downloads the weights of Kinetics.

    Raises:
        InputError: The weights cannot be downloaded, or there are none.
    """

    def __init__(self, name: str, pretrained: bool = False) -> None:
        super().__init__()
        options, weights = VIDEO_BACKBONES[name]
        state = _published(name, weights) if pretrained else None
        body = SwinTransformer3d(patch_size=[1, 4, 4], **options)
        if state is not None:
            load_published(body, state)
        self.channels = [body.patch_embed.proj.out_channels * 2**stage for stage in range(4)]
        self.patch_embed, self.features = body.patch_embed, body.features
        for module in self.features.modules():
            if isinstance(module, ShiftedWindowAttention3d):  # constant, and large in a checkpoint
                index = module.relative_position_index
                module.register_buffer("relative_position_index", index, persistent=False)

    def forward(self, pixels: Tensor, clip_length: int) -> list[Tensor]:
        """Return maps float (B*T)xC_ixH/sxW/s at strides 4, 8, 16 and 32.

        Args:
            pixels: Normalised, float (B*T)x3xHxW; the frames of a clip are adjacent.
            clip_length: T, frames of a clip.
        """
        clips = pixels.unflatten(0, (-1, clip_length)).transpose(1, 2)  # Bx3xTxHxW
        tokens = self.patch_embed(clips)  # BxTxHxWxC
        maps = []
        for layer in self.features:  # a stage, and between two stages a merging of patches
            tokens = layer(tokens)
            if isinstance(layer, nn.Sequential):
                maps.append(tokens.flatten(0, 1).permute(0, 3, 1, 2))
        return maps


def load_published(body: SwinTransformer3d, state: Mapping[str, Tensor]) -> None:
    """Load weights of torchvision's form, whose patches are two frames deep.

    Their kernels are summed over time: two equal frames give the same embedding as one of them.
    """
    body.load_state_dict({**state, _PATCHES: state[_PATCHES].sum(2, keepdim=True)})


def _published(name: str, weights: WeightsEnum | None) -> Mapping[str, Tensor]:
    if weights is None:
        raise InputError(f"the backbone {name} has no published weights: train it from scratch")
    try:
        state: Mapping[str, Tensor] = weights.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:  # no network; a damaged download
        raise InputError(f"the weights {weights.url} cannot be had: {error}") from error
    return state

"""Visual backbones with feature maps at strides 4, 8, 16 and 32, for images and for clips."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from zsris_ros.baselines.vatex.encoders.sam_pyramid import SamPyramid
from zsris_ros.baselines.vatex.encoders.video_swin import VIDEO_BACKBONES, VideoSwin
from zsris_ros.proposals.sam.sam_network import Sam
from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.types import InputError
from zsris_ros.vision.resnet.resnet_clip import ResnetClip

ensure_torchvision()

import timm  # needs torchvision

CLIP = "clip"
"""The backbone that starts as the image encoder of the frozen CLIP, a ResNet."""

SAM = "sam"
"""The backbone on the frozen image encoder of the preset's Segment Anything."""

STRIDES = (4, 8, 16, 32)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's pixel statistics, RGB in [0, 1]."""

BACKBONES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "swin_base": ("swin_base_patch4_window12_384.ms_in22k", {"strict_img_size": False}),
    "swin_tiny": ("swin_tiny_patch4_window7_224.ms_in1k", {"strict_img_size": False}),
    "resnet50": ("resnet50", {"out_indices": (1, 2, 3, 4)}),
    "resnet101": ("resnet101", {"out_indices": (1, 2, 3, 4)}),
    # ConvNeXt's blocks at 1.1 M parameters. They normalise each pixel's channels, so that a batch
    # computes the same in one process and in several.
    "small": ("convnext_atto", {"depths": (2, 2, 4, 2), "dims": (24, 48, 96, 192)}),
}
"""timm's architecture and its options by our name; those for clips are VIDEO_BACKBONES."""


class Backbone(nn.Module):
    """A feature pyramid of an image, or of each frame of a clip.

    Attributes:
        channels: Channels of the four maps, finest first.

    Args:
        name: A name of BACKBONES, whose frames are independent, or of VIDEO_BACKBONES, or CLIP or
            SAM.
        pretrained: Whether the weights of ImageNet, or of Kinetics for videos, are downloaded. The
            statistics of batch normalisation are then frozen, as is usual in fine-tuning with small
            batches.
        clip: The image encoder of the backbone CLIP, which is copied; its statistics are frozen.
        sam: The network of the backbone SAM, which is copied; its image encoder is frozen.

    Raises:
        InputError: Unknown name, or the weights cannot be downloaded.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        name: str,
        pretrained: bool = False,
        clip: ResnetClip | None = None,
        sam: Sam | None = None,
    ) -> None:
        super().__init__()
        if name == CLIP:
            if clip is None:
                raise InputError(
                    "the backbone clip copies the image encoder of the frozen CLIP, which must be "
                    "a ResNet: take --weights household"
                )
            self.body: Any = ClipStages(clip)
            self.channels: list[int] = self.body.channels
            self._channels_last = False
            self.freeze_norm()
        elif name == SAM:
            if sam is None:
                raise InputError("the backbone sam copies the image encoder of a preset's SAM")
            self.body = SamPyramid(sam)
            self.channels = self.body.channels
            self._channels_last = False
        elif name in VIDEO_BACKBONES:
            self.body = VideoSwin(name, pretrained)
            self.channels = self.body.channels
            self._channels_last = False
        else:
            self._build(name, pretrained)
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1), persistent=False)

    def _build(self, name: str, pretrained: bool) -> None:
        if name not in BACKBONES:
            known = ", ".join((*BACKBONES, *VIDEO_BACKBONES, CLIP, SAM))
            raise InputError(f"unknown backbone '{name}': use one of {known}")
        if pretrained and name == "small":
            raise InputError("the small backbone has no published weights: train it from scratch")
        architecture, options = BACKBONES[name]
        try:
            self.body = timm.create_model(
                architecture, pretrained=pretrained, features_only=True, **options
            )
        except Exception as error:
            if not pretrained:
                raise
            raise InputError(f"the weights of {architecture} cannot be had: {error}") from error
        self.channels = list(self.body.feature_info.channels())
        self._channels_last = str(getattr(self.body, "output_fmt", "NCHW")).endswith("NHWC")
        if pretrained:
            self.freeze_norm()

    def freeze_norm(self) -> None:
        """Freeze the statistics and weights of batch normalisation."""
        self.body = timm.layers.freeze_batch_norm_2d(self.body)

    def forward(self, images: Tensor, valid: Tensor, clip_length: int = 1) -> list[Tensor]:
        """Return four maps float (B*T)xC_ixH/sxW/s for strides s of STRIDES.

        Args:
            images: Float (B*T)x3xHxW in [0, 1], RGB; the frames of a clip are adjacent; H and W are
                multiples of 32.
            valid: Bool (B*T)xHxW, False on padding, which becomes the mean colour.
            clip_length: T, frames of a clip; without effect on an image's backbone.
        """
        maps: list[Tensor]
        if isinstance(self.body, SamPyramid):
            maps = self.body(images, valid)
        else:
            pixels = (images - self.mean) / self.std * valid[:, None]
            is_video = isinstance(self.body, VideoSwin)
            maps = self.body(pixels, clip_length) if is_video else self.body(pixels)
        return [each.permute(0, 3, 1, 2) if self._channels_last else each for each in maps]


class ClipStages(nn.Module):
    """Stem and four stages of CLIP's ResNet, copied to the CPU, without the attention pooling.

    Attributes:
        channels: Channels of the four maps, finest first.
    """

    def __init__(self, clip: ResnetClip) -> None:
        super().__init__()
        visual = deepcopy(clip.visual).cpu().float().requires_grad_(True)
        visual.attnpool = nn.Identity()
        self.visual = visual
        self.channels: list[int] = [stage[-1].conv3.out_channels for stage in self._stages()]

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Return four maps of normalised images Bx3xHxW."""
        maps: list[Tensor] = [self.visual.stem(pixels)]
        for stage in self._stages():
            maps.append(stage(maps[-1]))
        return maps[1:]

    def _stages(self) -> list[Any]:
        return [self.visual.layer1, self.visual.layer2, self.visual.layer3, self.visual.layer4]

"""What every mask encoder is: pixels and masks in, one feature a mask out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from zsris_ros.types import BoolArray, ByteArray
from zsris_ros.vision.clip import OpenClipModel


class TextEncoder(Protocol):
    """Encodes the texts that masks are compared with."""

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """K texts to float32 KxE, not normalised."""
        ...


class FeatureEncoder(Protocol):
    """Encodes the masks of a frame."""

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """uint8 HxWx3 and bool NxHxW to float32 NxE, not normalised."""
        ...


class MaskEncoder(FeatureEncoder, Protocol):
    """Encodes masks with a CLIP, which also encodes the texts they are compared with.

    Encoders of one kind with equal ``settings`` on one model give the same features.
    """

    @property
    def clip(self) -> OpenClipModel: ...

    @property
    def settings(self) -> Hashable: ...


class NoFeatures:
    """For methods that only look at a localisation map: features without any dimension."""

    settings = None

    def __init__(self, clip: OpenClipModel) -> None:
        self.clip = clip

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Nx0."""
        return torch.zeros(len(masks), 0, device=self.clip.device)

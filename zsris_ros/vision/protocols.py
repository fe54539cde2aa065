"""Protocols of the encoders and localisers that a pipeline is assembled from."""

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
        """Return features float32 KxE of K texts, not normalised."""
        ...

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """Return the words of a text that have no meaning in its features."""
        ...


class FeatureEncoder(Protocol):
    """Encodes the masks of a frame."""

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Return features float32 NxE, not normalised, of uint8 HxWx3 and bool NxHxW."""
        ...


class MaskEncoder(FeatureEncoder, Protocol):
    """Encodes masks with a CLIP, which also encodes the texts they are compared with.

    Encoders of one class with equal ``settings`` on one model give equal features.
    """

    @property
    def clip(self) -> OpenClipModel:
        """The CLIP model."""
        ...

    @property
    def settings(self) -> Hashable:
        """Settings that determine the features."""
        ...


class Localiser(Protocol):
    """Maps the similarity of a frame to texts; the frame is encoded once for all texts."""

    @property
    def template(self) -> str:
        """Prompt template with ``{}`` for the phrase."""
        ...

    def patches(self, rgb: ByteArray) -> Tensor:
        """Return patch features float32 PxD, on any device, of a frame uint8 HxWx3."""
        ...

    def encode_phrases(self, phrases: list[str]) -> Tensor:
        """Return features float32 KxE, L2-normalised, of K noun phrases in the template."""
        ...

    def heat_map(self, patches: Tensor, text: Tensor, height: int, width: int) -> Tensor:
        """Return the similarity of every pixel to one text E, float32 HxW scaled to [0, 1]."""
        ...


class NoFeatures:
    """Encoder for methods that use a localisation map alone: features of dimension zero."""

    settings = None

    def __init__(self, clip: OpenClipModel) -> None:
        self.clip = clip

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Return features Nx0."""
        return torch.zeros(len(masks), 0, device=self.clip.device)

"""The protocol of localisers."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from zsris_ros.types import ByteArray


class Localiser(Protocol):
    """Localises texts in a frame that is looked at once.

    ``template`` is the sentence a phrase is put into. Patches may be on any device.
    """

    @property
    def template(self) -> str: ...

    def patches(self, rgb: ByteArray) -> Tensor:
        """What a frame (uint8 HxWx3) gives, whatever is asked: float32 PxD."""
        ...

    def encode_phrases(self, phrases: list[str]) -> Tensor:
        """K noun phrases, each in the localiser's template, to float32 KxE, L2-normalised."""
        ...

    def heat_map(self, patches: Tensor, text: Tensor, height: int, width: int) -> Tensor:
        """Similarity of every pixel to one text E, float32 HxW in [0, 1] by minimum and maximum."""
        ...

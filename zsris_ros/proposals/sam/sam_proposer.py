"""Mask proposals by Segment Anything's automatic mask generation (Kirillov et al., ICCV 2023).

A grid of points prompts the network, each point gives several masks, and the confident, stable and
distinct ones are kept (``mask_generation``).
"""

from __future__ import annotations

from copy import copy

import torch
from torch import Tensor

from zsris_ros.proposals.sam.encoder import encode_image
from zsris_ros.proposals.sam.mask_generation import MaskGenerator
from zsris_ros.proposals.sam.sam_network import Sam
from zsris_ros.proposals.sam.sam_settings import SamSettings
from zsris_ros.torch_utils.precision import dtype_of
from zsris_ros.types import ByteArray, Frame, Proposals, RegionOfInterest


class SamProposer:
    """Proposes masks with the source "sam".

    ``precision`` ("fp32", "fp16" or "bf16") applies to the image encoder, nearly all of the
    published networks' work; the decoder always runs in fp32. The network is moved to ``device``
    and converted in place.
    """

    source = "sam"

    def __init__(
        self,
        sam: Sam,
        settings: SamSettings,
        device: str | torch.device = "cpu",
        precision: str = "fp32",
    ) -> None:
        dtype = dtype_of(precision)
        self._sam = sam.to(device).eval().requires_grad_(False)
        self._sam.image_encoder.to(dtype)
        self._apply(settings)

    @property
    def settings(self) -> SamSettings:
        """Settings of automatic mask generation."""
        return self._settings

    def with_settings(self, settings: SamSettings) -> SamProposer:
        """Return a proposer with other settings on the same network."""
        other = copy(self)
        other._apply(settings)
        return other

    def _apply(self, settings: SamSettings) -> None:
        self._settings = settings
        self._generator = MaskGenerator(self._sam, settings)

    def to(self, device: str | torch.device) -> None:
        """Move the network."""
        self._sam.to(device)

    @torch.inference_mode()
    def embed(self, rgb: ByteArray) -> Tensor:
        """Return the embedding of a small image, float32 PxC by patch, without resizing.

        The image's sides are multiples of the patch size.
        """
        pixels = torch.from_numpy(rgb).to(self._sam.pixel_mean.device).permute(2, 0, 1)
        normalised = (pixels - self._sam.pixel_mean) / self._sam.pixel_std
        return encode_image(self._sam.image_encoder, normalised[None])[0].flatten(1).T

    def accepts(self, frame: Frame) -> bool:
        """Return True."""
        return True

    @torch.inference_mode()
    def propose(self, frame: Frame, roi: RegionOfInterest | None = None) -> Proposals:
        """Return the masks of ``frame``, best predicted IoU first, none empty.

        With a region of interest a grid of points in it prompts the network, which encodes the
        whole frame nevertheless.
        """
        found = self._generator.generate(frame.rgb, roi)
        masks, boxes, quality = found.full_size(frame.height, frame.width), *found[1:]
        if self._settings.min_mask_region_area > 0:
            masks, boxes, kept = self._generator.clean(masks)
            quality = quality[kept]
        boxes[:, 2:] -= boxes[:, :2]  # w = x_max - x_min, as in segment_anything
        confidence = quality.float().clamp(0, 1)
        order = confidence.argsort(descending=True, stable=True)
        masks, boxes, confidence = (each[order].cpu() for each in (masks, boxes, confidence))
        sources = (self.source,) * len(order)
        return Proposals(masks.numpy(), boxes.numpy(), confidence.numpy(), sources)

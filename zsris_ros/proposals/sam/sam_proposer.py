"""Mask proposals by Segment Anything's automatic mask generation (Kirillov et al., ICCV 2023).

A grid of points prompts the network, each point gives several masks, and the confident, stable and
distinct ones are kept. :class:`SamProposer` gives the masks of segment_anything's
``SamAutomaticMaskGenerator``, up to rounding, in less time and memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsris_ros.proposals.sam.connected_components import remove_small_components
from zsris_ros.proposals.sam.decoder import PointDecoder
from zsris_ros.proposals.sam.encoder import encode_image
from zsris_ros.proposals.sam.mask_upsampling import MaskUpsampler
from zsris_ros.proposals.sam.sam_network import Sam, build_sam
from zsris_ros.torch_utils.batching import BatchRunner
from zsris_ros.torch_utils.precision import dtype_of
from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.tracing.stages import stage
from zsris_ros.types import ByteArray, Frame, InputError, Proposals, RegionOfInterest

ensure_torchvision()

from segment_anything.utils.amg import (
    build_all_layer_point_grids,
    build_point_grid,
    calculate_stability_score,
    generate_crop_boxes,
    is_box_near_crop_edge,
)
from segment_anything.utils.transforms import ResizeLongestSide
from torchvision.ops import nms

__all__ = ["SamProposer", "SamSettings", "build_sam"]

_CROP_OVERLAP = 512 / 1500  # segment_anything's share of the shorter side
_CROP_NMS = 0.7
_ROI_POINTS = 6  # a side of a region of interest


@dataclass(frozen=True)
class SamSettings:
    """Settings of automatic mask generation; the defaults are HybridGL's.

    ``points_per_side`` squared points prompt the network, ``points_per_batch`` at a time (half as
    many once memory has run out). A mask is kept when its predicted IoU is above
    ``pred_iou_thresh``, its stability (the IoU of the mask cut at logits of plus and minus
    ``stability_score_offset``) is at least ``stability_score_thresh``, and no better mask's box has
    a larger IoU than ``box_nms_thresh``. Holes and islands below ``min_mask_region_area`` pixels
    are removed.

    ``crop_n_layers`` adds crops of the image: 4 in the first layer, 16 in the second, ..., each
    resized to the network's input, with a grid coarser by ``crop_n_points_downscale_factor`` a
    layer.
    """

    points_per_side: int = 8
    points_per_batch: int = 32
    pred_iou_thresh: float = 0.7
    stability_score_thresh: float = 0.7
    stability_score_offset: float = 1.0
    box_nms_thresh: float = 0.7
    min_mask_region_area: int = 0
    crop_n_layers: int = 0
    crop_n_points_downscale_factor: int = 1

    @classmethod
    def published(cls) -> SamSettings:
        """Return the settings of HybridGL's code for RefCOCO, RefCOCO+ and RefCOCOg."""
        return cls(min_mask_region_area=800)

    @classmethod
    def published_phrasecut(cls) -> SamSettings:
        """Return the settings of HybridGL's code for PhraseCut."""
        return cls(
            points_per_side=64,
            pred_iou_thresh=0.86,
            stability_score_thresh=0.92,
            min_mask_region_area=100,
            crop_n_layers=1,
            crop_n_points_downscale_factor=2,
        )

    def __post_init__(self) -> None:
        if self.points_per_side < 1 or self.points_per_batch < 1:
            raise InputError("SAM needs at least one point a side and one point a batch")
        if self.crop_n_layers < 0 or self.crop_n_points_downscale_factor < 1:
            raise InputError("SAM's crops need 0 or more layers, a downscale factor of 1 or more")
        if self.points_per_side < self.crop_n_points_downscale_factor**self.crop_n_layers:
            raise InputError("no point is left on a side of the last crop layer: give more points")


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
        settings: SamSettings = SamSettings(),
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
        self._batches = BatchRunner(settings.points_per_batch, "points")

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
        found = _generate(self._sam, self._settings, self._batches, frame.rgb, roi)
        masks, boxes, quality = found.full_size(frame.height, frame.width), *found[1:]
        if self._settings.min_mask_region_area > 0:
            masks, boxes, kept = _clean(masks, self._settings)
            quality = quality[kept]
        boxes[:, 2:] -= boxes[:, :2]  # w = x_max - x_min, as in segment_anything
        confidence = quality.float().clamp(0, 1)
        order = confidence.argsort(descending=True, stable=True)
        masks, boxes, confidence = (each[order].cpu() for each in (masks, boxes, confidence))
        sources = (self.source,) * len(order)
        return Proposals(masks.numpy(), boxes.numpy(), confidence.numpy(), sources)


class _CroppedMask(NamedTuple):
    """A mask cut to a region that contains it, bool hxw, and the region's first row and column."""

    mask: Tensor
    top: int
    left: int


class _MaskBatch(NamedTuple):
    """N masks, boxes float Nx4 (x_min, y_min, x_max, y_max) and predicted IoUs N."""

    masks: list[_CroppedMask]
    boxes: Tensor
    quality: Tensor

    @classmethod
    def concatenate(cls, batches: Sequence[_MaskBatch], device: torch.device) -> _MaskBatch:
        """Return all masks in their order; ``batches`` may be empty."""
        return cls(
            [mask for batch in batches for mask in batch.masks],
            torch.cat([torch.zeros((0, 4), device=device), *(batch.boxes for batch in batches)]),
            torch.cat([torch.zeros(0, device=device), *(batch.quality for batch in batches)]),
        )

    def select(self, indices: Tensor) -> _MaskBatch:
        """Return the masks at ``indices``, in that order."""
        masks = [self.masks[index] for index in indices.tolist()]
        return _MaskBatch(masks, self.boxes[indices], self.quality[indices])

    def shifted(self, down: int, right: int) -> _MaskBatch:
        """Return the masks in the coordinates of an image that contains this one at an offset."""
        masks = [_CroppedMask(mask, top + down, left + right) for mask, top, left in self.masks]
        boxes = self.boxes + self.boxes.new_tensor(2 * [right, down])
        return _MaskBatch(masks, boxes, self.quality)

    def full_size(self, height: int, width: int) -> Tensor:
        """Return the masks as bool NxHxW."""
        size = len(self.masks), height, width
        masks = torch.zeros(size, dtype=torch.bool, device=self.quality.device)
        for full, (mask, top, left) in zip(masks, self.masks, strict=True):
            full[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
        return masks


def _generate(
    sam: Sam,
    settings: SamSettings,
    batches: BatchRunner,
    image: ByteArray,
    roi: RegionOfInterest | None,
) -> _MaskBatch:
    """Good masks of an RGB uint8 HxWx3 image, before small components are removed.

    segment_anything's generator resizes every mask to the image before it drops most of them for
    their predicted IoU. Here only kept masks are resized, and only inside their box.
    """
    crop_layers = 0 if roi else settings.crop_n_layers
    crops, layers = generate_crop_boxes(image.shape[:2], crop_layers, _CROP_OVERLAP)
    found = [
        _masks_in_crop(sam, settings, batches, image, crop, layer, roi)
        for crop, layer in zip(crops, layers, strict=True)
    ]
    if len(crops) == 1:
        return found[0]
    areas = [
        torch.full_like(batch.quality, float((x_max - x_min) * (y_max - y_min)))
        for batch, (x_min, y_min, x_max, y_max) in zip(found, crops, strict=True)
    ]
    merged = _MaskBatch.concatenate(found, sam.pixel_mean.device)
    # Of duplicates in two crops the one in the smaller crop is kept.
    return merged.select(nms(merged.boxes, 1 / torch.cat(areas), _CROP_NMS))


def _masks_in_crop(
    sam: Sam,
    settings: SamSettings,
    batches: BatchRunner,
    image: ByteArray,
    crop: list[int],
    layer: int,
    roi: RegionOfInterest | None,
) -> _MaskBatch:
    """Masks of a crop (x_min, y_min, x_max, y_max), in the image's coordinates."""
    x_min, y_min, x_max, y_max = crop
    part = image[y_min:y_max, x_min:x_max]
    size = (part.shape[0], part.shape[1])
    device = sam.pixel_mean.device
    transform = ResizeLongestSide(sam.image_encoder.img_size)
    if min(size) < 1 or not min(transform.get_preprocess_shape(*size, transform.target_length)):
        return _MaskBatch.concatenate([], device)  # too thin for a pixel of the network's input
    pixels = torch.from_numpy(transform.apply_image(part)).to(device).permute(2, 0, 1)
    with stage("proposals encoder"):
        embedding = encode_image(sam.image_encoder, sam.preprocess(pixels)[None])
    decoder = PointDecoder(sam, embedding)
    upsampler = MaskUpsampler(sam, (pixels.shape[1], pixels.shape[2]), size)
    coordinates = transform.apply_coords(_prompt_points(settings, layer, size, roi), size)
    points = torch.as_tensor(coordinates, device=device)

    def prompt(batch: slice) -> _MaskBatch:
        decoded = decoder.masks(points[batch], settings.pred_iou_thresh)
        stable = [_stable_masks(sam, settings, upsampler, *masks) for masks in decoded]
        return _MaskBatch.concatenate(stable, device)

    found = _MaskBatch.concatenate(batches.run(prompt, len(points), len(points)), device)
    cut_off = is_box_near_crop_edge(found.boxes, crop, [0, 0, image.shape[1], image.shape[0]])
    found = found.select((~cut_off).nonzero()[:, 0])
    found = found.select(nms(found.boxes, found.quality, settings.box_nms_thresh))
    return found.shifted(y_min, x_min)


def _prompt_points(
    settings: SamSettings, layer: int, size: tuple[int, int], roi: RegionOfInterest | None
) -> npt.NDArray[np.float64]:
    """Prompts (x, y) in pixels, Nx2, of a crop of ``size`` (H, W)."""
    if roi is not None:
        rows, columns = roi
        extent = columns.stop - columns.start, rows.stop - rows.start
        return np.add(build_point_grid(_ROI_POINTS) * extent, (columns.start, rows.start))
    grids = build_all_layer_point_grids(
        settings.points_per_side, settings.crop_n_layers, settings.crop_n_points_downscale_factor
    )
    return np.multiply(grids[layer], size[::-1])


def _stable_masks(
    sam: Sam, settings: SamSettings, upsampler: MaskUpsampler, logits: Tensor, quality: Tensor
) -> _MaskBatch:
    """Return the stable, non-empty masks of logits nxhxw, at the image's size."""
    threshold, offset = sam.mask_threshold, settings.stability_score_offset
    found = []
    at_once = upsampler.at_once
    for part, values in zip(logits.split(at_once), quality.split(at_once), strict=True):
        upsampled = upsampler(part, threshold - abs(offset))  # lower logits have no influence
        if not upsampled.logits.numel():
            continue  # between the pixels of a small image
        stability = calculate_stability_score(upsampled.logits, threshold, offset)
        masks = upsampled.logits > threshold
        filled = masks.view(torch.uint8).amax((1, 2)) > 0  # many times faster than ``any``
        keep = (stability >= settings.stability_score_thresh) & filled
        cropped = [_CroppedMask(mask, 0, 0) for mask in masks[keep]]
        batch = _MaskBatch(cropped, _boxes(masks[keep]), values[keep])
        found.append(batch.shifted(upsampled.top, upsampled.left))
    return _MaskBatch.concatenate(found, logits.device)


def _clean(masks: Tensor, settings: SamSettings) -> tuple[Tensor, Tensor, Tensor]:
    """Distinct masks without small holes and islands, their boxes and their indices."""
    cleaned, changed = remove_small_components(masks, settings.min_mask_region_area)
    boxes = _boxes(cleaned)
    # Of duplicates an unchanged mask is preferred.
    kept = nms(boxes, (~changed).float(), max(settings.box_nms_thresh, _CROP_NMS))
    return cleaned[kept], boxes[kept], kept


def _boxes(masks: Tensor) -> Tensor:
    """Boxes Nx4 (x_min, y_min, x_max, y_max), pixels inclusive, of bool NxHxW masks, none empty."""
    pixels = masks.view(torch.uint8)
    columns, rows = pixels.amax(1), pixels.amax(2)
    x_min, y_min = columns.argmax(1), rows.argmax(1)
    x_max = masks.shape[2] - 1 - columns.flip(1).argmax(1)
    y_max = masks.shape[1] - 1 - rows.flip(1).argmax(1)
    return torch.stack([x_min, y_min, x_max, y_max], dim=1).float()

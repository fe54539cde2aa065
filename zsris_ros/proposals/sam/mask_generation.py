"""Automatic mask generation: a grid of points prompts the network, and good masks are kept.

The masks are those of segment_anything's ``SamAutomaticMaskGenerator``, up to rounding. That
generator resizes every mask to the image before it drops most of them for their predicted IoU. Here
only kept masks are resized, and only inside their box.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsris_ros.proposals.sam.connected_components import remove_small_components
from zsris_ros.proposals.sam.decoder import PointDecoder
from zsris_ros.proposals.sam.encoder import encode_image
from zsris_ros.proposals.sam.mask_upsampling import MaskUpsampler
from zsris_ros.proposals.sam.sam_network import Sam
from zsris_ros.proposals.sam.sam_settings import SamSettings
from zsris_ros.torch_utils.batching import BatchRunner
from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.tracing.stages import stage
from zsris_ros.types import ByteArray, RegionOfInterest

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

_CROP_OVERLAP = 512 / 1500  # segment_anything's share of the shorter side
_CROP_NMS = 0.7
_ROI_POINTS = 6  # a side of a region of interest


class _CroppedMask(NamedTuple):
    """A mask cut to a region that contains it, bool hxw, and the region's first row and column."""

    mask: Tensor
    top: int
    left: int


class MaskBatch(NamedTuple):
    """N masks, boxes float Nx4 (x_min, y_min, x_max, y_max) and predicted IoUs N."""

    masks: list[_CroppedMask]
    boxes: Tensor
    quality: Tensor

    @classmethod
    def concatenate(cls, batches: Sequence[MaskBatch], device: torch.device) -> MaskBatch:
        """Return all masks in their order; ``batches`` may be empty."""
        return cls(
            [mask for batch in batches for mask in batch.masks],
            torch.cat([torch.zeros((0, 4), device=device), *(batch.boxes for batch in batches)]),
            torch.cat([torch.zeros(0, device=device), *(batch.quality for batch in batches)]),
        )

    def select(self, indices: Tensor) -> MaskBatch:
        """Return the masks at ``indices``, in that order."""
        masks = [self.masks[index] for index in indices.tolist()]
        return MaskBatch(masks, self.boxes[indices], self.quality[indices])

    def shifted(self, down: int, right: int) -> MaskBatch:
        """Return the masks in the coordinates of an image that contains this one at an offset."""
        masks = [_CroppedMask(mask, top + down, left + right) for mask, top, left in self.masks]
        boxes = self.boxes + self.boxes.new_tensor(2 * [right, down])
        return MaskBatch(masks, boxes, self.quality)

    def full_size(self, height: int, width: int) -> Tensor:
        """Return the masks as bool NxHxW."""
        size = len(self.masks), height, width
        masks = torch.zeros(size, dtype=torch.bool, device=self.quality.device)
        for full, (mask, top, left) in zip(masks, self.masks, strict=True):
            full[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
        return masks


class MaskGenerator:
    """Generates the good masks of images with one network and its settings."""

    def __init__(self, sam: Sam, settings: SamSettings) -> None:
        self._sam, self._settings = sam, settings
        self._batches = BatchRunner(settings.points_per_batch, "points")

    def generate(self, image: ByteArray, roi: RegionOfInterest | None = None) -> MaskBatch:
        """Return the masks of an RGB image uint8 HxWx3, before small components are removed.

        With a region of interest, a grid of points in it prompts the network.
        """
        crop_layers = 0 if roi else self._settings.crop_n_layers
        crops, layers = generate_crop_boxes(image.shape[:2], crop_layers, _CROP_OVERLAP)
        found = [
            self._masks_in_crop(image, crop, layer, roi)
            for crop, layer in zip(crops, layers, strict=True)
        ]
        if len(crops) == 1:
            return found[0]
        areas = [
            torch.full_like(batch.quality, float((x_max - x_min) * (y_max - y_min)))
            for batch, (x_min, y_min, x_max, y_max) in zip(found, crops, strict=True)
        ]
        merged = MaskBatch.concatenate(found, self._sam.pixel_mean.device)
        # Of duplicates in two crops the one in the smaller crop is kept.
        return merged.select(nms(merged.boxes, 1 / torch.cat(areas), _CROP_NMS))

    def clean(self, masks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return distinct masks without small holes and islands, their boxes and their indices."""
        cleaned, changed = remove_small_components(masks, self._settings.min_mask_region_area)
        boxes = _boxes(cleaned)
        # Of duplicates an unchanged mask is preferred.
        kept = nms(boxes, (~changed).float(), max(self._settings.box_nms_thresh, _CROP_NMS))
        return cleaned[kept], boxes[kept], kept

    def _masks_in_crop(
        self, image: ByteArray, crop: list[int], layer: int, roi: RegionOfInterest | None
    ) -> MaskBatch:
        """Return the masks of a crop (x_min, y_min, x_max, y_max), in the image's coordinates."""
        sam, settings = self._sam, self._settings
        x_min, y_min, x_max, y_max = crop
        part = image[y_min:y_max, x_min:x_max]
        size = (part.shape[0], part.shape[1])
        device = sam.pixel_mean.device
        transform = ResizeLongestSide(sam.image_encoder.img_size)
        if min(size) < 1 or not min(transform.get_preprocess_shape(*size, transform.target_length)):
            return MaskBatch.concatenate([], device)  # too thin for a pixel of the network's input
        pixels = torch.from_numpy(transform.apply_image(part)).to(device).permute(2, 0, 1)
        with stage("proposals encoder"):
            embedding = encode_image(sam.image_encoder, sam.preprocess(pixels)[None])
        decoder = PointDecoder(sam, embedding)
        upsampler = MaskUpsampler(sam, (pixels.shape[1], pixels.shape[2]), size)
        coordinates = transform.apply_coords(self._prompt_points(layer, size, roi), size)
        points = torch.as_tensor(coordinates, device=device)

        def prompt(batch: slice) -> MaskBatch:
            decoded = decoder.masks(points[batch], settings.pred_iou_thresh)
            stable = [self._stable_masks(upsampler, *masks) for masks in decoded]
            return MaskBatch.concatenate(stable, device)

        found = MaskBatch.concatenate(self._batches.run(prompt, len(points), len(points)), device)
        cut_off = is_box_near_crop_edge(found.boxes, crop, [0, 0, image.shape[1], image.shape[0]])
        found = found.select((~cut_off).nonzero()[:, 0])
        found = found.select(nms(found.boxes, found.quality, settings.box_nms_thresh))
        return found.shifted(y_min, x_min)

    def _prompt_points(
        self, layer: int, size: tuple[int, int], roi: RegionOfInterest | None
    ) -> npt.NDArray[np.float64]:
        """Return the prompts (x, y) in pixels, Nx2, of a crop of ``size`` (H, W)."""
        if roi is not None:
            rows, columns = roi
            extent = columns.stop - columns.start, rows.stop - rows.start
            return np.add(build_point_grid(_ROI_POINTS) * extent, (columns.start, rows.start))
        settings = self._settings
        grids = build_all_layer_point_grids(
            settings.points_per_side,
            settings.crop_n_layers,
            settings.crop_n_points_downscale_factor,
        )
        return np.multiply(grids[layer], size[::-1])

    def _stable_masks(self, upsampler: MaskUpsampler, logits: Tensor, quality: Tensor) -> MaskBatch:
        """Return the stable, non-empty masks of logits nxhxw, at the image's size."""
        threshold, offset = self._sam.mask_threshold, self._settings.stability_score_offset
        found = []
        at_once = upsampler.at_once
        for part, values in zip(logits.split(at_once), quality.split(at_once), strict=True):
            upsampled = upsampler(part, threshold - abs(offset))  # lower logits have no influence
            if not upsampled.logits.numel():
                continue  # between the pixels of a small image
            stability = calculate_stability_score(upsampled.logits, threshold, offset)
            masks = upsampled.logits > threshold
            filled = masks.view(torch.uint8).amax((1, 2)) > 0  # many times faster than ``any``
            keep = (stability >= self._settings.stability_score_thresh) & filled
            cropped = [_CroppedMask(mask, 0, 0) for mask in masks[keep]]
            batch = MaskBatch(cropped, _boxes(masks[keep]), values[keep])
            found.append(batch.shifted(upsampled.top, upsampled.left))
        return MaskBatch.concatenate(found, logits.device)


def _boxes(masks: Tensor) -> Tensor:
    """Return boxes Nx4 (x_min, y_min, x_max, y_max), pixels inclusive, of masks bool NxHxW."""
    pixels = masks.view(torch.uint8)
    columns, rows = pixels.amax(1), pixels.amax(2)
    x_min, y_min = columns.argmax(1), rows.argmax(1)
    x_max = masks.shape[2] - 1 - columns.flip(1).argmax(1)
    y_max = masks.shape[1] - 1 - rows.flip(1).argmax(1)
    return torch.stack([x_min, y_min, x_max, y_max], dim=1).float()

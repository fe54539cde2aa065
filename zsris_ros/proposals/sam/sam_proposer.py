"""Mask proposals by Segment Anything's automatic mask generation (Kirillov et al., ICCV 2023).

A grid of points prompts the network, each point gives several masks, and what is confident, stable
and not a duplicate stays. :class:`SamProposer` gives the masks of segment_anything's own
``SamAutomaticMaskGenerator``, but for rounding, in less time and memory.
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
_WINDOW_POINTS = 6  # a side of a window


@dataclass(frozen=True)
class SamSettings:
    """How masks are proposed; the defaults are HybridGL's.

    ``points_per_side`` squared points prompt the network, at most ``points_per_batch`` at a time
    (half as many once memory has run out). A mask
    stays when its predicted IoU is above ``pred_iou_thresh``, its stability (the IoU of the mask
    cut at logits of plus and minus ``stability_score_offset``) is at least
    ``stability_score_thresh``, and its box overlaps no better one by more than
    ``box_nms_thresh``. Holes and islands below ``min_mask_region_area`` pixels are removed.

    With ``crop_n_layers`` the picture is also looked at in parts: 4 in the first layer, 16 in the
    second, ..., each part enlarged to the network's size, with a grid coarser by
    ``crop_n_points_downscale_factor`` a layer.
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
        """What HybridGL's published code uses on RefCOCO, RefCOCO+ and RefCOCOg."""
        return cls(min_mask_region_area=800)

    @classmethod
    def published_phrasecut(cls) -> SamSettings:
        """What HybridGL's published code uses on PhraseCut."""
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
    """Proposes masks for a frame; each mask's source is "sam".

    ``device`` is where the network runs. ``precision`` ("fp32", "fp16" or "bf16") is that of the
    image encoder, which is nearly all of the published networks' work; prompts and masks are always
    decoded in fp32. The network is moved and converted in place.
    """

    source = "sam"
    needs_depth = False

    def __init__(
        self,
        sam: Sam,
        settings: SamSettings = SamSettings(),
        device: str | torch.device = "cpu",
        precision: str = "fp32",
    ) -> None:
        self._sam = sam.to(device).eval().requires_grad_(False)
        self._sam.image_encoder.to(dtype_of(precision))
        self._apply(settings)

    @property
    def settings(self) -> SamSettings:
        """How masks are proposed."""
        return self._settings

    def with_settings(self, settings: SamSettings) -> SamProposer:
        """A proposer with other settings on the same network."""
        other = copy(self)
        other._apply(settings)
        return other

    def _apply(self, settings: SamSettings) -> None:
        self._settings = settings
        self._batches = BatchRunner(settings.points_per_batch, "points")

    def to(self, device: str | torch.device) -> None:
        """Moves the network."""
        self._sam.to(device)

    @torch.inference_mode()
    def embed(self, rgb: ByteArray) -> Tensor:
        """What the image encoder makes of a small picture, float32 PxC by patch.

        Its sides are multiples of the patch size, and it is not enlarged.
        """
        pixels = torch.from_numpy(rgb).to(self._sam.pixel_mean.device).permute(2, 0, 1)
        units = (pixels - self._sam.pixel_mean) / self._sam.pixel_std
        return encode_image(self._sam.image_encoder, units[None])[0].flatten(1).T

    @torch.inference_mode()
    def propose(self, frame: Frame, window: RegionOfInterest | None = None) -> Proposals:
        """Masks of ``frame``, best predicted IoU first; none is empty, but there may be none.

        With a ``window`` only that part of the frame is prompted, by a grid of its own. The network
        sees the frame as a whole all the same.
        """
        found = _generate(self._sam, self._settings, self._batches, frame.rgb, window)
        masks, boxes, quality = found.painted(frame.height, frame.width), found.boxes, found.quality
        if self._settings.min_mask_region_area > 0:
            masks, boxes, kept = _clean(masks, self._settings)
            quality = quality[kept]
        boxes[:, 2:] -= boxes[:, :2]  # w = x_max - x_min, as segment_anything counts
        confidence = quality.float().clamp(0, 1)
        order = confidence.argsort(descending=True, stable=True)
        masks, boxes, confidence = (each[order].cpu() for each in (masks, boxes, confidence))
        sources = (self.source,) * len(order)
        return Proposals(masks.numpy(), boxes.numpy(), confidence.numpy(), sources)


class _Piece(NamedTuple):
    """A mask cut to a window that holds all of it: bool hxw, and the window's first row, column."""

    mask: Tensor
    top: int
    left: int


class _Found(NamedTuple):
    """Masks, boxes float Nx4 (x_min, y_min, x_max, y_max) and predicted IoUs N."""

    pieces: list[_Piece]
    boxes: Tensor
    quality: Tensor

    @classmethod
    def joined(cls, parts: Sequence[_Found], device: torch.device) -> _Found:
        """All of them, in their order; there may be none."""
        return cls(
            [piece for part in parts for piece in part.pieces],
            torch.cat([torch.zeros((0, 4), device=device), *(part.boxes for part in parts)]),
            torch.cat([torch.zeros(0, device=device), *(part.quality for part in parts)]),
        )

    def keep(self, which: Tensor) -> _Found:
        """Those at the indices ``which``, in that order."""
        pieces = [self.pieces[index] for index in which.tolist()]
        return _Found(pieces, self.boxes[which], self.quality[which])

    def moved(self, down: int, right: int) -> _Found:
        """As a picture sees them in which this one's corner lies there."""
        pieces = [_Piece(mask, top + down, left + right) for mask, top, left in self.pieces]
        return _Found(pieces, self.boxes + self.boxes.new_tensor(2 * [right, down]), self.quality)

    def painted(self, height: int, width: int) -> Tensor:
        """The masks at full size, bool NxHxW."""
        size = len(self.pieces), height, width
        masks = torch.zeros(size, dtype=torch.bool, device=self.quality.device)
        for whole, (mask, top, left) in zip(masks, self.pieces, strict=True):
            whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
        return masks


def _generate(
    sam: Sam,
    settings: SamSettings,
    batches: BatchRunner,
    image: ByteArray,
    window: RegionOfInterest | None,
) -> _Found:
    """The good masks of an RGB uint8 HxWx3 image, before small regions are cleaned.

    They are those of segment_anything's generator but for rounding, in an order that skips most of
    the work: there every mask is enlarged to the image's size before most are dropped for their
    predicted IoU, and the rest is stored as run lengths. Here a mask is enlarged where it is.
    """
    crop_layers = 0 if window else settings.crop_n_layers
    crops, layers = generate_crop_boxes(image.shape[:2], crop_layers, _CROP_OVERLAP)
    found = [
        _masks_in(sam, settings, batches, image, crop, layer, window)
        for crop, layer in zip(crops, layers, strict=True)
    ]
    if len(crops) == 1:
        return found[0]
    areas = [
        torch.full_like(part.quality, float((x_max - x_min) * (y_max - y_min)))
        for part, (x_min, y_min, x_max, y_max) in zip(found, crops, strict=True)
    ]
    together = _Found.joined(found, sam.pixel_mean.device)
    # What two crops show is taken from the smaller one.
    return together.keep(nms(together.boxes, 1 / torch.cat(areas), _CROP_NMS))


def _masks_in(
    sam: Sam,
    settings: SamSettings,
    batches: BatchRunner,
    image: ByteArray,
    crop: list[int],
    layer: int,
    window: RegionOfInterest | None,
) -> _Found:
    """The masks that a crop (x_min, y_min, x_max, y_max) of the image shows, in its frame."""
    x_min, y_min, x_max, y_max = crop
    part = image[y_min:y_max, x_min:x_max]
    size = (part.shape[0], part.shape[1])
    device = sam.pixel_mean.device
    transform = ResizeLongestSide(sam.image_encoder.img_size)
    if min(size) < 1 or not min(transform.get_preprocess_shape(*size, transform.target_length)):
        return _Found.joined([], device)  # nothing is left of a strip so thin at the network's size
    pixels = torch.from_numpy(transform.apply_image(part)).to(device).permute(2, 0, 1)
    with stage("proposals encoder"):
        embedding = encode_image(sam.image_encoder, sam.preprocess(pixels)[None])
    decoder = PointDecoder(sam, embedding)
    enlarger = MaskUpsampler(sam, (pixels.shape[1], pixels.shape[2]), size)
    coordinates = transform.apply_coords(_prompts(settings, layer, size, window), size)
    points = torch.as_tensor(coordinates, device=device)

    def prompt(some: slice) -> _Found:
        drawn = decoder.masks(points[some], settings.pred_iou_thresh)
        parts = [_stable(sam, settings, enlarger, *masks) for masks in drawn]
        return _Found.joined(parts, device)

    found = _Found.joined(batches.run(prompt, len(points), len(points)), device)
    cut_off = is_box_near_crop_edge(found.boxes, crop, [0, 0, image.shape[1], image.shape[0]])
    found = found.keep((~cut_off).nonzero()[:, 0])
    found = found.keep(nms(found.boxes, found.quality, settings.box_nms_thresh))
    return found.moved(y_min, x_min)


def _prompts(
    settings: SamSettings, layer: int, size: tuple[int, int], window: RegionOfInterest | None
) -> npt.NDArray[np.float64]:
    """The points (x, y), in pixels, at which a crop of ``size`` (H, W) is prompted, Nx2."""
    if window is not None:
        rows, columns = window
        extent = columns.stop - columns.start, rows.stop - rows.start
        return np.add(build_point_grid(_WINDOW_POINTS) * extent, (columns.start, rows.start))
    grids = build_all_layer_point_grids(
        settings.points_per_side,
        settings.crop_n_layers,
        settings.crop_n_points_downscale_factor,
    )
    return np.multiply(grids[layer], size[::-1])


def _stable(
    sam: Sam, settings: SamSettings, enlarger: MaskUpsampler, logits: Tensor, quality: Tensor
) -> _Found:
    """The stable ones of logits nxhxw, enlarged, and not empty."""
    threshold, offset = sam.mask_threshold, settings.stability_score_offset
    found = []
    at_once = enlarger.at_once
    for some, values in zip(logits.split(at_once), quality.split(at_once), strict=True):
        enlarged = enlarger(some, threshold - abs(offset))  # nothing below that counts
        if not enlarged.logits.numel():
            continue  # they lie between the pixels of a small image
        stability = calculate_stability_score(enlarged.logits, threshold, offset)
        masks = enlarged.logits > threshold
        filled = masks.view(torch.uint8).amax((1, 2)) > 0  # many times faster than ``any``
        keep = (stability >= settings.stability_score_thresh) & filled
        masks, top, left = masks[keep], enlarged.top, enlarged.left
        pieces = [_Piece(mask, 0, 0) for mask in masks]
        found.append(_Found(pieces, _boxes(masks), values[keep]).moved(top, left))
    return _Found.joined(found, logits.device)


def _clean(masks: Tensor, settings: SamSettings) -> tuple[Tensor, Tensor, Tensor]:
    """Masks without small holes and islands, their boxes, and which of them are no duplicates."""
    cleaned, changed = remove_small_components(masks, settings.min_mask_region_area)
    boxes = _boxes(cleaned)
    # Between duplicates the mask that needed no repair is preferred.
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

"""Mask proposals by Segment Anything's automatic mask generation (Kirillov et al., ICCV 2023).

A grid of points prompts the network, each point gives several masks, and what is confident, stable
and not a duplicate stays. :class:`SamProposer` gives exactly the masks of segment_anything's own
``SamAutomaticMaskGenerator``, in less time and memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from zsris_ros.proposals.sam_model import Sam, build_sam
from zsris_ros.stages import stage
from zsris_ros.torchvision_ops import ensure_torchvision
from zsris_ros.types import BoolArray, ByteArray, Frame, InputError, Proposals

ensure_torchvision()

from segment_anything import SamAutomaticMaskGenerator
from segment_anything.utils.amg import (
    MaskData,
    batch_iterator,
    calculate_stability_score,
    generate_crop_boxes,
    is_box_near_crop_edge,
    remove_small_regions,
    uncrop_boxes_xyxy,
    uncrop_masks,
)
from torchvision.ops import nms

__all__ = ["SamProposer", "SamSettings", "build_sam"]

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

Points = npt.NDArray[np.float64]

MASKS_AT_ONCE = 8
"""Masks enlarged to full size together: few enough to stay near the processor's cache."""


@dataclass(frozen=True)
class SamSettings:
    """How masks are proposed; the defaults are HybridGL's.

    ``points_per_side`` squared points prompt the network, ``points_per_batch`` at a time. A mask
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
        if precision not in DTYPES:
            raise InputError(f"unknown precision '{precision}': use {', '.join(DTYPES)}")
        sam = sam.to(device).eval().requires_grad_(False)
        _run_in(sam.image_encoder, DTYPES[precision])
        self._generator = _Generator(sam, settings)

    def with_settings(self, settings: SamSettings) -> SamProposer:
        """A proposer with other settings on the same network."""
        other = copy(self)
        other._generator = _Generator(self._generator.predictor.model, settings)
        return other

    def to(self, device: str | torch.device) -> None:
        """Moves the network, and the last picture it keeps is forgotten."""
        self._generator.predictor.reset_image()
        self._generator.predictor.model.to(device)

    def propose(self, frame: Frame) -> Proposals:
        """Masks of ``frame``, best predicted IoU first; none is empty, but there may be none."""
        data = self._generator.generate_arrays(frame.rgb)
        masks: BoolArray = data["masks"].cpu().numpy()
        boxes = data["boxes"].cpu().numpy().astype(np.float32)
        boxes[:, 2:] -= boxes[:, :2]  # w = x_max - x_min, as segment_anything counts
        quality = data["iou_preds"].cpu().numpy().astype(np.float32).clip(0, 1)
        order = np.argsort(-quality, kind="stable")
        return Proposals(masks[order], boxes[order], quality[order], (self.source,) * len(order))


def _run_in(module: nn.Module, dtype: torch.dtype) -> None:
    """Convert a module in place so that it computes in ``dtype`` and takes and gives float32."""
    module.to(dtype)
    if dtype != torch.float32:
        module.register_forward_pre_hook(lambda _, inputs: (inputs[0].to(dtype),))
        module.register_forward_hook(lambda _, __, output: output.float())


class _Generator(SamAutomaticMaskGenerator):
    """The base class's masks as arrays, computed in an order that skips most of the work.

    The base class enlarges every mask to the image's size, then drops most of them for their
    predicted IoU, and stores the rest as run lengths. Here the drop comes first and there are no
    run lengths.
    """

    def __init__(self, sam: Sam, settings: SamSettings) -> None:
        super().__init__(
            sam,
            points_per_side=settings.points_per_side,
            points_per_batch=settings.points_per_batch,
            pred_iou_thresh=settings.pred_iou_thresh,
            stability_score_thresh=settings.stability_score_thresh,
            stability_score_offset=settings.stability_score_offset,
            box_nms_thresh=settings.box_nms_thresh,
            min_mask_region_area=settings.min_mask_region_area,
            crop_n_layers=settings.crop_n_layers,
            crop_n_points_downscale_factor=settings.crop_n_points_downscale_factor,
        )

    @torch.inference_mode()
    def generate_arrays(self, image: ByteArray) -> MaskData:
        """Masks of an RGB uint8 HxWx3 image: "masks" NxHxW, "boxes" Nx4 xyxy, "iou_preds" N."""
        crops, layers = generate_crop_boxes(
            image.shape[:2], self.crop_n_layers, self.crop_overlap_ratio
        )
        data = MaskData()
        for crop, layer in zip(crops, layers, strict=True):
            data.cat(self._masks_in(image, crop, layer))
        if len(crops) > 1:  # what two crops show is taken from the smaller one
            data.filter(nms(data["boxes"], 1 / data["crop_areas"], self.crop_nms_thresh))
        if self.min_mask_region_area > 0:
            self._clean(data)
        return data

    def _masks_in(self, image: ByteArray, crop: list[int], layer: int) -> MaskData:
        """The masks that a crop (x_min, y_min, x_max, y_max) of the image shows, in its frame."""
        x_min, y_min, x_max, y_max = crop
        part = image[y_min:y_max, x_min:x_max]
        size = height, width = part.shape[:2]
        device = self.predictor.device
        masks: list[Tensor] = []
        boxes, quality = [torch.zeros((0, 4), device=device)], [torch.zeros(0, device=device)]
        transform = self.predictor.transform
        if min(size) >= 1 and min(transform.get_preprocess_shape(*size, transform.target_length)):
            with stage("proposals encoder"):
                self.predictor.set_image(part)
            grid = self.point_grids[layer] * (width, height)
            whole = [0, 0, image.shape[1], image.shape[0]]
            for (points,) in batch_iterator(self.points_per_batch, grid):
                for good_masks, good_quality in self._masks_at(points, size):
                    good_boxes = _boxes(good_masks)
                    keep = ~is_box_near_crop_edge(good_boxes, crop, whole)  # cut off by the crop
                    masks.extend(good_masks[keep])
                    boxes.append(good_boxes[keep])
                    quality.append(good_quality[keep])
            self.predictor.reset_image()
        # else the image is a strip so thin that nothing is left of it at the network's size

        data = MaskData(masks=masks, boxes=torch.cat(boxes), iou_preds=torch.cat(quality))
        data.filter(nms(data["boxes"], data["iou_preds"], self.box_nms_thresh))
        empty = torch.zeros((0, height, width), dtype=torch.bool, device=device)
        found = torch.stack(data["masks"]) if data["masks"] else empty
        data["masks"] = uncrop_masks(found, crop, *image.shape[:2])
        data["boxes"] = uncrop_boxes_xyxy(data["boxes"], crop)
        data["crop_areas"] = torch.full_like(data["iou_preds"], float(height * width))
        return data

    def _masks_at(self, points: Points, size: tuple[int, int]) -> Iterator[tuple[Tensor, Tensor]]:
        """The good masks nxHxW, and their predicted IoUs n, at Nx2 points (x, y) in pixels.

        ``size`` is the image's (H, W).
        """
        logits, quality = self._decode(points, size)
        keep = quality > self.pred_iou_thresh
        logits, quality = logits[keep], quality[keep]
        model, input_size = self.predictor.model, self.predictor.input_size
        for start in range(0, len(quality), MASKS_AT_ONCE):
            part = slice(start, start + MASKS_AT_ONCE)
            full = model.postprocess_masks(logits[part, None], input_size, size)[:, 0]
            stability = calculate_stability_score(
                full, model.mask_threshold, self.stability_score_offset
            )
            masks = full > model.mask_threshold
            keep = (stability >= self.stability_score_thresh) & masks.flatten(1).any(1)
            yield masks[keep], quality[part][keep]

    def _decode(self, points: Points, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Low resolution logits Mxhxw and predicted IoUs M of all masks of all points."""
        model, device = self.predictor.model, self.predictor.device
        coords = torch.as_tensor(self.predictor.transform.apply_coords(points, size), device=device)
        labels = torch.ones((len(points), 1), dtype=torch.int, device=device)
        sparse, dense = model.prompt_encoder((coords[:, None, :], labels), None, None)
        logits, quality = model.mask_decoder(
            image_embeddings=self.predictor.features,
            image_pe=model.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
        )
        return logits.flatten(0, 1), quality.flatten(0, 1)

    def _clean(self, data: MaskData) -> None:
        """Fill small holes, remove small islands, and drop what became a duplicate."""
        untouched = np.ones(len(data["masks"]), dtype=np.float32)
        for i, mask in enumerate(data["masks"].cpu().numpy()):
            for mode in ("holes", "islands"):
                mask, changed = remove_small_regions(mask, self.min_mask_region_area, mode)
                untouched[i] *= not changed
            data["masks"][i] = torch.as_tensor(mask)
        boxes = data["boxes"] = _boxes(data["masks"])
        # Between duplicates the mask that needed no repair is preferred.
        scores = torch.as_tensor(untouched, device=boxes.device)
        data.filter(nms(boxes, scores, max(self.box_nms_thresh, self.crop_nms_thresh)))


def _boxes(masks: Tensor) -> Tensor:
    """Boxes Nx4 (x_min, y_min, x_max, y_max), pixels inclusive, of bool NxHxW masks, none empty."""
    pixels = masks.view(torch.uint8)  # maxima over bytes are many times faster than over bools
    columns, rows = pixels.amax(1), pixels.amax(2)
    x_min, y_min = columns.argmax(1), rows.argmax(1)
    x_max = masks.shape[2] - 1 - columns.flip(1).argmax(1)
    y_max = masks.shape[1] - 1 - rows.flip(1).argmax(1)
    return torch.stack([x_min, y_min, x_max, y_max], dim=1).float()

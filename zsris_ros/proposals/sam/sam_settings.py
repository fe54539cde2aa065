"""Settings of automatic mask generation."""

from __future__ import annotations

from dataclasses import dataclass

from zsris_ros.types import InputError


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

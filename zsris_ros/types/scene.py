"""An encoded frame: its proposals and their features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from zsris_ros.types.frame import BoolArray, FloatArray, Frame

if TYPE_CHECKING:
    from torch import Tensor

_PIXELS_AT_ONCE = 1 << 14  # of every mask; fits the processor cache


@dataclass(frozen=True, eq=False)
class Proposals:
    """N class-agnostic masks of one frame, best first.

    Attributes:
        masks: Bool NxHxW.
        boxes: Float32 Nx4 as (x, y, w, h) in pixels, w = x_max - x_min as in segment_anything.
        quality: The proposer's confidence, float32 N in [0, 1].
        sources: The proposer of each mask: "sam", "depth", or "depth+sam" for both.
    """

    masks: BoolArray
    boxes: FloatArray
    quality: FloatArray
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.masks.shape[0])

    @cached_property
    def areas(self) -> FloatArray:
        """Area of each mask in pixels, float32 N."""
        return np.array([np.count_nonzero(mask) for mask in self.masks], dtype=np.float32)

    @cached_property
    def sizes(self) -> FloatArray:
        """Apparent size, float32 N in square pixels: between the area and the squared diagonal.

        The diagonal keeps long thin objects from counting as small.
        """
        squares = (self.boxes[:, 2] + 1) ** 2 + (self.boxes[:, 3] + 1) ** 2
        return (self.areas**0.6 * squares**0.4).astype(np.float32)

    @cached_property
    def coverage(self) -> FloatArray:
        """Share of each block of 4x4 pixels that a mask covers, float32 Nxhxw in [0, 1].

        Means of smooth maps inside a mask need a sixteenth of the operations on these blocks.
        """
        height, width = self.masks.shape[1:]
        padded = np.pad(self.masks, ((0, 0), (0, -height % 4), (0, -width % 4))).view(np.uint8)
        # Strided slices: a sum over short axes is many times slower.
        rows = sum(padded[:, i::4] for i in range(1, 4)) + padded[:, ::4]
        blocks = sum(rows[..., i::4] for i in range(1, 4)) + rows[..., ::4]
        return blocks.astype(np.float32) / np.float32(16)

    @cached_property
    def containment(self) -> FloatArray:
        """Intersection of two masks divided by the smaller area, float32 NxN in [0, 1]."""
        height, width = self.masks.shape[1:]
        flat = self.masks.reshape(len(self), height * width)
        smaller = np.minimum(self.areas[:, None], self.areas[None, :])
        common = np.zeros((len(self), len(self)), np.float32)
        for start in range(0, flat.shape[1], _PIXELS_AT_ONCE):
            pixels = flat[:, start : start + _PIXELS_AT_ONCE].astype(np.float32)
            common += pixels @ pixels.T
        return (common / np.maximum(smaller, 1)).astype(np.float32)

    @cached_property
    def iou(self) -> FloatArray:
        """Intersection over union of two masks, float32 NxN in [0, 1]."""
        areas = self.areas
        common = self.containment * np.minimum(areas[:, None], areas[None, :])
        return common / np.maximum(areas[:, None] + areas[None, :] - common, 1)


@dataclass(frozen=True, eq=False)
class Scene:
    """An encoded frame, independent of any expression. Features and patches are on the CPU.

    Attributes:
        frame: The frame.
        proposals: N masks of it.
        features: Float32 NxD, one feature a proposal, not normalised.
        pixels: Float32 Nx2, a point (x, y) inside each mask.
        points: Float32 Nx3, its robust 3D centroid in metres, NaN without depth.
        patches: The localiser's features of the frame (GEM: float32 (G*G)xD, L2-normalised, on a
            GxG grid); None for methods without a localisation map.
        is_object: Bool N, True for whole single objects; None if not computed.
        heights: Float32 N, metres above the support plane, NaN unknown; None if not computed.
        timings: Milliseconds by stage.
    """

    frame: Frame
    proposals: Proposals
    features: Tensor
    pixels: FloatArray
    points: FloatArray
    patches: Tensor | None = None
    is_object: BoolArray | None = None
    heights: FloatArray | None = None
    timings: Mapping[str, float] = field(default_factory=dict)

"""Proposals from depth: what stands on the support plane, apart at concave borders and jumps."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.geometry.plane import ray_image
from zsris_ros.geometry.projection import back_project
from zsris_ros.proposals.depth.merging import DoubleArray, enclosure, measure_borders, merge_tree
from zsris_ros.proposals.depth.occlusion import join_occluded_parts
from zsris_ros.proposals.depth.oversegmentation import LabelArray, find_creases, find_patches
from zsris_ros.proposals.depth.support_plane import SupportSettings, find_support
from zsris_ros.types import BoolArray, FloatArray, Frame, InputError, Intrinsics, Proposals

_MARGIN = 8  # pixels around what stands


@dataclass(frozen=True)
class DepthSettings:
    """Which masks are wanted, and how many; areas are in pixels of the frame."""

    limit: int = 25
    """Most proposals a frame."""
    min_area: int = 150
    """Fewest pixels of a proposal."""
    min_enclosure: float = 0.75
    """Least share of the contour that must set a proposal off from its surroundings."""
    iou_threshold: float = 0.8
    """Proposals that overlap more are duplicates."""
    max_hole: float = 0.4
    """Holes in a mask up to this share of it are filled: a bowl's bottom, missing depth."""
    smoothing: float = 0.012
    """Difference of 1/z in 1/m up to which neighbouring depths are averaged."""
    working_width: int = 640
    """Pixels; wider frames are looked at on a coarser grid."""
    support: SupportSettings = field(default_factory=SupportSettings)
    """What the things stand on."""


class DepthProposer:
    """Masks of the things on a table from one depth image, without any model.

    The support plane is found by RANSAC; what stands on it is cut into smooth patches, the patches
    merge into a tree along ever more concave borders, and the nodes best set off from their
    surroundings are proposed. Parts that continue each other behind an occluder are proposed
    joined. The same frame and settings always give the same masks.
    """

    needs_depth = True

    def __init__(self, settings: DepthSettings | None = None) -> None:
        self.settings = settings or DepthSettings()

    def propose(self, frame: Frame) -> Proposals:
        """The frame's masks, best first, source "depth"; none without a plane or things on it.

        ``quality`` is how much of a mask's contour sets it off from its surroundings.
        Raises InputError when the frame has no depth or no intrinsics.
        """
        if frame.depth is None or frame.intrinsics is None:
            raise InputError(
                "depth proposals need depth and intrinsics: give the frame both, "
                "or switch depth proposals off"
            )
        stride = max(1, round(frame.width / self.settings.working_width))
        k = frame.intrinsics
        camera = Intrinsics(k.fx / stride, k.fy / stride, k.cx / stride, k.cy / stride)
        depth = np.ascontiguousarray(frame.depth[::stride, ::stride])
        masks, quality = self._masks(depth, camera, self.settings.min_area / stride**2)
        if stride > 1:
            masks = masks.repeat(stride, axis=1).repeat(stride, axis=2)
            masks = masks[:, : frame.height, : frame.width]
        return Proposals(masks, mask_boxes(masks), quality, ("depth",) * len(masks))

    def _masks(
        self, depth: FloatArray, camera: Intrinsics, min_area: float
    ) -> tuple[BoolArray, FloatArray]:
        """Masks NxHxW and their quality N, best first."""
        settings = self.settings
        rays = ray_image(depth.shape, camera)
        support = find_support(depth, rays, camera, min_area, settings.support)
        if support is None:
            return np.zeros((0, *depth.shape), bool), np.zeros(0, np.float32)
        window = _window(support.standing)
        z, rays, standing = depth[window], rays[window], support.standing[window]
        focal = float(np.sqrt(camera.fx * camera.fy))
        creases = find_creases(z, standing, focal, settings.smoothing)
        labels = find_patches(creases, standing, focal)
        borders = measure_borders(labels, creases, focal)
        areas = np.bincount(labels.ravel())[1:].astype(np.float64)
        tree = merge_tree(borders)
        size = _sizes(tree, labels, back_project(depth, camera)[window])
        things = tree[(tree @ areas >= min_area) & (size <= settings.support.max_size)]
        things, quality = self._best(things, enclosure(things, borders), areas)
        unions, union_quality = join_occluded_parts(
            things, quality, tree, borders, labels, z, rays, support.plane.noise
        )
        things, quality = self._best(
            np.concatenate([things, unions]), np.concatenate([quality, union_quality]), areas
        )
        masks = np.zeros((len(things), *depth.shape), bool)
        for mask, thing in zip(masks, things, strict=True):
            mask[window] = self._filled(np.append(False, thing)[labels], standing)
        return masks, quality

    def _best(
        self, things: BoolArray, quality: FloatArray, areas: DoubleArray
    ) -> tuple[BoolArray, FloatArray]:
        """Non-maximum suppression on unions of patches (bool MxP), best first."""
        settings = self.settings
        sizes = things @ areas
        kept: list[int] = []
        for index in np.argsort(-quality, kind="stable"):
            if quality[index] < settings.min_enclosure or len(kept) == settings.limit:
                break
            common = (things[kept] & things[index]) @ areas
            total = sizes[kept] + sizes[index] - common
            if (common <= settings.iou_threshold * total).all():
                kept.append(int(index))
        return things[kept], quality[kept]

    def _filled(self, mask: BoolArray, standing: BoolArray) -> BoolArray:
        """The mask (bool HxW) with its small holes, except where something else stands."""
        x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
        window = np.s_[y : y + height, x : x + width]
        outside = np.pad(~mask[window], 1, constant_values=True).astype(np.uint8)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
        hole = stats[:, cv2.CC_STAT_AREA] <= self.settings.max_hole * np.count_nonzero(mask)
        hole[[0, parts[0, 0]]] = False
        mask[window] |= hole[parts][1:-1, 1:-1] & ~standing[window]
        return mask


def _sizes(nodes: BoolArray, labels: LabelArray, points: FloatArray) -> DoubleArray:
    """Metres, float64 M: the longest side of the box, along the camera's axes, of nodes MxP."""
    inside = labels > 0
    order = np.argsort(labels[inside], kind="stable")
    starts = np.searchsorted(labels[inside][order], np.arange(1, labels.max() + 1))
    low = np.minimum.reduceat(points[inside][order], starts)
    high = np.maximum.reduceat(points[inside][order], starts)
    least = np.where(nodes[..., None], low, np.inf).min(axis=1)
    most = np.where(nodes[..., None], high, -np.inf).max(axis=1)
    return np.asarray((most - least).max(axis=1), dtype=np.float64)


def _window(mask: BoolArray) -> tuple[slice, slice]:
    """The rows and columns of the mask's pixels, with a margin."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - _MARGIN), int(rows[-1]) + _MARGIN + 1),
        slice(max(0, int(columns[0]) - _MARGIN), int(columns[-1]) + _MARGIN + 1),
    )

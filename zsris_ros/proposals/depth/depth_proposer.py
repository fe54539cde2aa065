"""Proposals from depth: objects on a support plane, separated at concave borders and jumps."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.geometry.plane import ray_image
from zsris_ros.geometry.projection import back_project
from zsris_ros.proposals.depth.merging import DoubleArray, enclosure, measure_borders, merge_tree
from zsris_ros.proposals.depth.occlusion import join_occluded_parts
from zsris_ros.proposals.depth.oversegmentation import LabelArray, find_creases, oversegment
from zsris_ros.proposals.depth.support_plane import SupportSettings, find_support
from zsris_ros.types import (
    BoolArray,
    FloatArray,
    Frame,
    InputError,
    Intrinsics,
    Proposals,
    RegionOfInterest,
)

_MARGIN = 8  # pixels around the objects


@dataclass(frozen=True)
class DepthSettings:
    """Settings of depth proposals; areas are in pixels of the frame."""

    limit: int = 25
    """Largest number of proposals."""
    min_area: int = 150
    """Least area of a proposal."""
    min_enclosure: float = 0.75
    """Least mean separation along a proposal's contour."""
    iou_threshold: float = 0.8
    """Largest IoU of two proposals."""
    max_hole: float = 0.4
    """Largest hole that is filled (a bowl's bottom, missing depth), relative to the mask."""
    smoothing: float = 0.012
    """Largest difference of 1/z in 1/m between depths that smoothing averages."""
    working_width: int = 640
    """Pixels; wider frames are subsampled."""
    support: SupportSettings = field(default_factory=SupportSettings)
    """Settings of the support plane."""


class DepthProposer:
    """Proposes masks of the objects on a table from one depth image, without a network.

    RANSAC finds the support plane. The pixels above it are oversegmented into smooth patches, the
    patches merge into a tree along ever more concave borders, and the nodes best separated from
    their surroundings are proposed, as are unions of parts on both sides of an occluder. The masks
    are deterministic.
    """

    def __init__(self, settings: DepthSettings | None = None) -> None:
        self.settings = settings or DepthSettings()

    def accepts(self, frame: Frame) -> bool:
        """Return whether the frame has depth and intrinsics."""
        return frame.has_geometry

    def propose(self, frame: Frame) -> Proposals:
        """Return the masks, best first, source "depth"; none without a plane or objects on it.

        ``quality`` is the mean separation along a mask's contour. Raises InputError when the frame
        has no depth or no intrinsics.
        """
        if frame.depth is None or frame.intrinsics is None:
            raise InputError(
                "depth proposals need depth and intrinsics: give the frame both, "
                "or switch depth proposals off"
            )
        stride = max(1, round(frame.width / self.settings.working_width))
        camera = frame.intrinsics.strided(stride)
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
        roi = _padded_region(support.above)
        z, rays, above = depth[roi], rays[roi], support.above[roi]
        focal = float(np.sqrt(camera.fx * camera.fy))
        creases = find_creases(z, above, focal, settings.smoothing)
        labels = oversegment(creases, above, focal)
        borders = measure_borders(labels, creases, focal)
        areas = np.bincount(labels.ravel())[1:].astype(np.float64)
        tree = merge_tree(borders)
        size = _sizes(tree, labels, back_project(depth, camera)[roi])
        nodes = tree[(tree @ areas >= min_area) & (size <= settings.support.max_size)]
        nodes, quality = self._suppress(nodes, enclosure(nodes, borders), areas)
        unions, union_quality = join_occluded_parts(
            nodes, quality, tree, borders, labels, z, rays, support.plane.noise
        )
        nodes, quality = self._suppress(
            np.concatenate([nodes, unions]), np.concatenate([quality, union_quality]), areas
        )
        masks = np.zeros((len(nodes), *depth.shape), bool)
        for mask, node in zip(masks, nodes, strict=True):
            mask[roi] = self._fill_holes(np.append(False, node)[labels], above)
        return masks, quality

    def _suppress(
        self, nodes: BoolArray, quality: FloatArray, areas: DoubleArray
    ) -> tuple[BoolArray, FloatArray]:
        """Non-maximum suppression on unions of patches (bool MxP), best first."""
        settings = self.settings
        sizes = nodes @ areas
        kept: list[int] = []
        for index in np.argsort(-quality, kind="stable"):
            if quality[index] < settings.min_enclosure or len(kept) == settings.limit:
                break
            common = (nodes[kept] & nodes[index]) @ areas
            total = sizes[kept] + sizes[index] - common
            if (common <= settings.iou_threshold * total).all():
                kept.append(int(index))
        return nodes[kept], quality[kept]

    def _fill_holes(self, mask: BoolArray, above: BoolArray) -> BoolArray:
        """Fill small holes of the mask (bool HxW) outside other objects."""
        x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
        roi = np.s_[y : y + height, x : x + width]
        outside = np.pad(~mask[roi], 1, constant_values=True).astype(np.uint8)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
        hole = stats[:, cv2.CC_STAT_AREA] <= self.settings.max_hole * np.count_nonzero(mask)
        hole[[0, parts[0, 0]]] = False
        mask[roi] |= hole[parts][1:-1, 1:-1] & ~above[roi]
        return mask


def _sizes(nodes: BoolArray, labels: LabelArray, points: FloatArray) -> DoubleArray:
    """Longest side in metres of the axis-aligned 3D box of each of the nodes MxP, float64 M."""
    inside = labels > 0
    order = np.argsort(labels[inside], kind="stable")
    starts = np.searchsorted(labels[inside][order], np.arange(1, labels.max() + 1))
    low = np.minimum.reduceat(points[inside][order], starts)
    high = np.maximum.reduceat(points[inside][order], starts)
    least = np.where(nodes[..., None], low, np.inf).min(axis=1)
    most = np.where(nodes[..., None], high, -np.inf).max(axis=1)
    return np.asarray((most - least).max(axis=1), dtype=np.float64)


def _padded_region(mask: BoolArray) -> RegionOfInterest:
    """Return the region of the mask's pixels, with a margin."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - _MARGIN), int(rows[-1]) + _MARGIN + 1),
        slice(max(0, int(columns[0]) - _MARGIN), int(columns[-1]) + _MARGIN + 1),
    )

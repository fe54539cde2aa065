"""Selection of the proposals that show a whole single object.

"The leftmost object" names no category, so only shape separates a bowl, whose inside and outside
were proposed as well, from a box on top of another one. The visible part of an object is mostly
convex: a group has notches where its objects meet, and the outside of a bowl has a notch where its
inside begins. Areas that an object in front occludes are no notches.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsris_ros.types import BoolArray, FloatArray, Frame, Proposals

_STRIDE = 2
_CONTAINED = 0.9  # containment of a part in its whole
_MIN_PART = 0.05  # share of the whole: smaller parts are ignored
_MIN_COVER = 0.8  # share of the whole that its parts must cover
_PARTS_FAVOURED = 1.02
_UNION_FAVOURED = 1.05  # a union is proposed only if surfaces continue behind an occluder
_IN_FRONT = 1.01  # disparity relative to the continued surface of the mask
_SLIVER = 0.1
"""Share of the median object's area below which a thin mask is a sliver."""
_THIN_PX = 20.0
"""Diameter of the largest inscribed circle below which a mask is thin."""


def find_objects(frame: Frame, proposals: Proposals) -> BoolArray:
    """Return bool N: the masks of whole single objects, without larger overlaps.

    Only masks from depth count if there are any; else all that cover at most half the image. From
    small to large, a mask is replaced by the objects inside it if they are more convex than it.
    """
    is_object = np.zeros(len(proposals), dtype=bool)
    if not len(proposals):
        return is_object
    depth = np.array(["depth" in source.split("+") for source in proposals.sources])
    eligible = (depth | ~depth.any()) & (proposals.areas <= 0.5 * proposals.masks[0].size)
    order = [int(i) for i in np.argsort(proposals.areas, kind="stable") if eligible[i]]
    quality = _shape_quality(frame, proposals, order)
    objects: dict[int, list[int]] = {}
    for position, whole in enumerate(order):
        objects[whole] = _split(whole, order[:position], objects, quality, proposals)
    roots = suppress_overlaps(proposals, order[::-1])
    is_object[_drop_slivers(proposals, [each for root in roots for each in objects[root]])] = True
    return is_object


def _split(
    whole: int,
    smaller: Sequence[int],
    objects: dict[int, list[int]],
    quality: FloatArray,
    proposals: Proposals,
) -> list[int]:
    """Return the mask itself, or the objects that it consists of."""
    areas, containment = proposals.areas, proposals.containment[whole]
    least = _MIN_PART * areas[whole]
    inside = [i for i in smaller if containment[i] > _CONTAINED and areas[i] >= least]
    disjoint = suppress_overlaps(proposals, inside[::-1])
    parts = [each for part in disjoint for each in objects[part] if areas[each] >= least]
    if len(parts) < 2 or areas[parts].sum() < _MIN_COVER * areas[whole]:
        return [whole]
    parts_quality = float(np.average(quality[parts], weights=areas[parts]))
    favour = 1 / _UNION_FAVOURED if _is_disconnected(proposals.masks[whole]) else _PARTS_FAVOURED
    return parts if favour * parts_quality > quality[whole] else [whole]


def _shape_quality(frame: Frame, proposals: Proposals, indices: Sequence[int]) -> FloatArray:
    """Return quality times visible solidity of the masks ``indices``, float32 N in [0, 1]."""
    disparity = None
    if frame.depth is not None:
        depth = frame.depth[::_STRIDE, ::_STRIDE]
        valid = np.isfinite(depth) & (depth > 0)
        disparity = np.where(valid, 1 / np.where(valid, depth, 1), 0).astype(np.float32)
    quality = np.zeros(len(proposals), np.float32)
    for index in indices:
        mask = proposals.masks[index, ::_STRIDE, ::_STRIDE]
        quality[index] = proposals.quality[index] * _visible_solidity(mask, disparity)
    return quality


def _visible_solidity(mask: BoolArray, disparity: FloatArray | None) -> float:
    """Return the area of a mask HxW divided by the visible area of its convex hull.

    The mask's surface is continued into the hull as the plane that fits its disparity (1/m, 0
    unknown). Pixels in front of the plane or without disparity are occluded. Frayed borders, which
    a morphological opening removes, do not count.
    """
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    region = np.s_[y : y + height, x : x + width]
    mask = mask[region]
    corners = np.argwhere(mask)[:, ::-1].astype(np.int32)
    if len(corners) < 3:
        return 1.0
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(corners), 1)
    hull[mask] = 0
    notch = cv2.morphologyEx(hull, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    if disparity is not None:
        notch &= ~_occluded(mask, disparity[region])
    return float(len(corners) / (len(corners) + np.count_nonzero(notch)))


def _occluded(mask: BoolArray, disparity: FloatArray) -> BoolArray:
    """Return bool HxW: unknown disparity, or in front of the plane through the mask."""
    occluded: BoolArray = disparity <= 0
    known = mask & ~occluded
    rows, columns = np.nonzero(known)
    if len(rows) < 3:
        return np.ones_like(occluded)
    inputs: npt.NDArray[np.float64] = np.stack([columns, rows, np.ones(len(rows))], 1)
    (a, b, c), *_ = np.linalg.lstsq(inputs, disparity[known].astype(np.float64), rcond=None)
    x, y = np.arange(mask.shape[1])[None, :], np.arange(mask.shape[0])[:, None]
    return occluded | (disparity > _IN_FRONT * (a * x + b * y + c))


def _is_disconnected(mask: BoolArray) -> bool:
    """Return whether no connected component holds 90 % of a mask."""
    small = mask[::_STRIDE, ::_STRIDE].astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(small, connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    return bool(len(sizes) > 1 and sizes.max() < 0.9 * sizes.sum())


def _drop_slivers(proposals: Proposals, objects: list[int]) -> list[int]:
    """Return the masks without small thin ones: borders that the sensor separated."""
    if not objects:
        return objects
    least = _SLIVER * float(np.median(proposals.areas[objects]))
    return [
        index
        for index in objects
        if proposals.areas[index] >= least or _thickness(proposals.masks[index]) >= _THIN_PX
    ]


def _thickness(mask: BoolArray) -> float:
    """Return the diameter in pixels of the largest circle inside a mask."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return 2 * float(cv2.distanceTransform(padded, cv2.DIST_L2, 3).max())


def prefer_wholes(
    match: Tensor, proposals: Proposals, min_ratio: float, is_object: BoolArray | None = None
) -> Tensor:
    """Return ``match`` N with parts ranked after their wholes.

    The outside of a mug looks much like the mug. A contained mask is lowered if the larger one
    matches at least ``min_ratio`` as well. A group, which contains several objects (bool N), takes
    no precedence: a can with a mug behind it looks much like a can.
    """
    containment = torch.from_numpy(proposals.containment)
    areas = torch.from_numpy(proposals.areas)
    within = (containment > 0.9) & (areas[None, :] > 1.15 * areas[:, None])
    group = torch.zeros(len(match), dtype=torch.bool)
    if is_object is not None:
        objects = torch.from_numpy(is_object)
        group = (within[objects].sum(dim=0) > 1) & ~objects
    whole = torch.where(within & ~group, match[None, :], torch.zeros(())).max(dim=1).values
    return torch.where(whole >= min_ratio * match, torch.minimum(match, 0.99 * whole), match)


def objectness(proposals: Proposals, is_object: BoolArray) -> Tensor:
    """Return the best IoU of each mask with one of the objects (bool N), float32 N."""
    iou = torch.from_numpy(proposals.iou)
    return torch.where(torch.from_numpy(is_object)[None, :], iou, torch.zeros(())).amax(dim=1)


def suppress_overlaps(proposals: Proposals, order: Sequence[int]) -> list[int]:
    """Return the masks of ``order`` whose containment with all earlier kept ones is at most 1/2.

    Duplicates are suppressed, and a part or a whole of an earlier mask.
    """
    kept: list[int] = []
    for index in order:
        if not (proposals.containment[index, kept] > 0.5).any():
            kept.append(index)
    return kept

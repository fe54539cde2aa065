"""Mask NMS: removes near-duplicates by exact mask IoU, and merges several proposers' masks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.types import BoolArray, FloatArray, InputError, Proposals


def mask_nms(
    masks: BoolArray, quality: FloatArray, iou_threshold: float = 0.8
) -> dict[int, list[int]]:
    """Group masks by greedy non-maximum suppression with exact mask IoU.

    A mask is dropped when it is empty or its IoU with a kept one exceeds the threshold. Masks of
    equal quality keep their order.

    Args:
        masks: Bool NxHxW.
        quality: Float N.
        iou_threshold: Largest IoU of two kept masks.

    Returns:
        The kept indices, best quality first, each with the indices of its group (itself first).
    """
    boxes = mask_boxes(masks).astype(np.int64)
    left, top = boxes[:, 0], boxes[:, 1]
    right, bottom = left + boxes[:, 2] + 1, top + boxes[:, 3] + 1
    areas = masks.sum(axis=(1, 2), dtype=np.int64)
    groups: dict[int, list[int]] = {}
    for index in np.argsort(-np.asarray(quality), kind="stable"):
        if areas[index] == 0:
            continue
        others = np.array(list(groups), dtype=np.int64)
        x0, x1 = np.maximum(left[index], left[others]), np.minimum(right[index], right[others])
        y0, y1 = np.maximum(top[index], top[others]), np.minimum(bottom[index], bottom[others])
        # An upper bound of the intersection excludes most pairs.
        bound = np.minimum((x1 - x0).clip(0) * (y1 - y0).clip(0), areas[others])
        bound = np.minimum(bound, areas[index])
        total = areas[index] + areas[others]
        for pair in np.flatnonzero(bound > iou_threshold * (total - bound)):
            roi = (slice(y0[pair], y1[pair]), slice(x0[pair], x1[pair]))
            common = np.count_nonzero(masks[index][roi] & masks[others[pair]][roi])
            if common > iou_threshold * (total[pair] - common):
                groups[int(others[pair])].append(int(index))
                break
        else:
            groups[int(index)] = [int(index)]
    return groups


def merge_proposals(
    *proposals: Proposals,
    iou_threshold: float = 0.8,
    limit: int | None = None,
    weights: Mapping[str, float] | None = None,
) -> Proposals:
    """Merge the proposals of several proposers for one frame by mask NMS, best first.

    Args:
        proposals: One result a proposer.
        iou_threshold: Largest IoU of two kept masks.
        limit: Largest number of masks kept.
        weights: Factors of the quality by source, 1 by default, which make the proposers' scales
            comparable.

    Returns:
        The kept masks with their weighted quality, clipped to [0, 1]. The source of a mask that
        several proposers found lists them: "depth+sam".

    Raises:
        InputError: There is no proposer, or the frames differ in size.
    """
    if not proposals:
        raise InputError("nothing to merge: pass the proposals of at least one proposer")
    sizes = {result.masks.shape[1:] for result in proposals}
    if len(sizes) > 1:
        raise InputError(f"proposals of one frame must share its size, got {sorted(sizes)}")
    masks = np.concatenate([result.masks for result in proposals])
    boxes = np.concatenate([result.boxes for result in proposals])
    sources = tuple(source for result in proposals for source in result.sources)
    factors = np.array([(weights or {}).get(source, 1.0) for source in sources], dtype=np.float32)
    quality = np.concatenate([result.quality for result in proposals]) * factors
    quality = quality.clip(0, 1).astype(np.float32)
    groups = list(mask_nms(masks, quality, iou_threshold).items())[:limit]
    keep = np.array([kept for kept, _ in groups], dtype=np.int64)
    merged = ("+".join(sorted({sources[i] for i in found})) for _, found in groups)
    return Proposals(masks[keep], boxes[keep], quality[keep], tuple(merged))

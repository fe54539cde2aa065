"""Proposals of several proposers become one list without near-duplicates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.types import BoolArray, FloatArray, InputError, Proposals


def mask_nms(
    masks: BoolArray, quality: FloatArray, iou_threshold: float = 0.8
) -> npt.NDArray[np.int64]:
    """Greedy non-maximum suppression on the masks' exact IoU.

    ``masks`` bool NxHxW, ``quality`` float N. Returns the indices of the masks to keep, best
    quality first (equal ones in their order): a mask is dropped when its IoU with a kept one
    exceeds the threshold, and an empty mask always.
    """
    owners = _suppress(masks, quality, iou_threshold)
    return np.array(list(owners), dtype=np.int64)


def _suppress(masks: BoolArray, quality: FloatArray, iou_threshold: float) -> dict[int, list[int]]:
    """The masks to keep, best first, each with the duplicates it stands for (itself among them)."""
    boxes = mask_boxes(masks).astype(np.int64)
    left, top = boxes[:, 0], boxes[:, 1]
    right, bottom = left + boxes[:, 2] + 1, top + boxes[:, 3] + 1
    areas = masks.sum(axis=(1, 2), dtype=np.int64)
    owners: dict[int, list[int]] = {}
    for index in np.argsort(-np.asarray(quality), kind="stable"):
        if areas[index] == 0:
            continue
        others = np.array(list(owners), dtype=np.int64)
        x0, x1 = np.maximum(left[index], left[others]), np.minimum(right[index], right[others])
        y0, y1 = np.maximum(top[index], top[others]), np.minimum(bottom[index], bottom[others])
        # No intersection is larger than the boxes' or the smaller mask: most pairs end here.
        bound = np.minimum((x1 - x0).clip(0) * (y1 - y0).clip(0), areas[others])
        bound = np.minimum(bound, areas[index])
        total = areas[index] + areas[others]
        for pair in np.flatnonzero(bound > iou_threshold * (total - bound)):
            window = (slice(y0[pair], y1[pair]), slice(x0[pair], x1[pair]))
            common = np.count_nonzero(masks[index][window] & masks[others[pair]][window])
            if common > iou_threshold * (total[pair] - common):
                owners[int(others[pair])].append(int(index))
                break
        else:
            owners[int(index)] = [int(index)]
    return owners


def merge_proposals(
    *proposals: Proposals,
    iou_threshold: float = 0.8,
    limit: int | None = None,
    weights: Mapping[str, float] | None = None,
) -> Proposals:
    """One list of several proposers' masks of the same frame, best first.

    Of near-duplicates (IoU above the threshold) the one of better quality stays. Proposers judge
    themselves on scales of their own: ``weights`` maps a source to the factor its quality is
    multiplied with before the comparison (1 where it is not named). The result carries the weighted
    quality, clipped to [0, 1], and at most ``limit`` masks. A mask that several proposers found
    names them all as its source: "depth+sam".

    Raises InputError when there is nothing to merge_proposals or the frames differ in size.
    """
    if not proposals:
        raise InputError("nothing to merge_proposals: pass the proposals of at least one proposer")
    sizes = {result.masks.shape[1:] for result in proposals}
    if len(sizes) > 1:
        raise InputError(f"proposals of one frame must share its size, got {sorted(sizes)}")
    masks = np.concatenate([result.masks for result in proposals])
    boxes = np.concatenate([result.boxes for result in proposals])
    sources = tuple(source for result in proposals for source in result.sources)
    factors = np.array([(weights or {}).get(source, 1.0) for source in sources], dtype=np.float32)
    quality = np.concatenate([result.quality for result in proposals]) * factors
    quality = quality.clip(0, 1).astype(np.float32)
    owners = list(_suppress(masks, quality, iou_threshold).items())[:limit]
    keep = np.array([kept for kept, _ in owners], dtype=np.int64)
    finders = ("+".join(sorted({sources[i] for i in found})) for _, found in owners)
    return Proposals(masks[keep], boxes[keep], quality[keep], tuple(finders))

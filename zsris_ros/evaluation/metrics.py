"""How well masks fit: the measures of referring segmentation, from counts of pixels.

Two empty masks are the one case where the literature disagrees. A question that means nothing and
is answered with nothing is right, so `iou` is 1 (gIoU of GRES, Liu et al. 2023). The loops that
produced the figures of Global-Local CLIP and HybridGL count such a pair as 0; since their questions
always mean something, it can only come from an annotation without a pixel. ``answer_iou`` decides
by whether the question means something, and so agrees with both. The overall IoU has no such case:
empty pairs add nothing to either sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum
from typing import NamedTuple

import numpy as np

from zsris_ros.types import BoolArray, FloatArray, Proposals


class Overlap(NamedTuple):
    """Two masks in pixels: how many are in both, and how many in either."""

    intersection: int
    union: int

    @property
    def iou(self) -> float:
        """Intersection over union in 0..1; 1 when both masks are empty."""
        return self.intersection / self.union if self.union else 1.0


def overlap(a: BoolArray, b: BoolArray) -> Overlap:
    """Count the pixels of two masks bool HxW."""
    return Overlap(int(np.count_nonzero(a & b)), int(np.count_nonzero(a | b)))


def iou(a: BoolArray, b: BoolArray) -> float:
    """Intersection over union of two masks bool HxW; 1 when both are empty."""
    return overlap(a, b).iou


def answer_iou(found: Overlap, has_target: bool) -> float:
    """The IoU that an answer counts with; two empty masks are right only without a target."""
    return 0.0 if has_target and not found.union else found.iou


def best_overlap(true: BoolArray, masks: BoolArray) -> Overlap:
    """The overlap of the true mask bool HxW with the one of bool NxHxW that fits it best.

    Without any mask it is the overlap with nothing; of equally good ones the smallest counts.
    """
    nothing = overlap(true, np.zeros_like(true))
    every = (overlap(true, mask) for mask in masks)
    return max(every, key=lambda each: (each.iou, -each.union), default=nothing)


def best_ious(true_masks: BoolArray, proposals: Proposals) -> FloatArray:
    """The IoU, float32 M, of each true mask (bool MxHxW) with its best proposal; 0 without any.

    Its mean is the proposal bound: what a perfect choice among the proposals would reach.
    """
    return np.array(
        [best_overlap(true, proposals.masks).iou for true in true_masks], dtype=np.float32
    )


def closest_object(true_masks: BoolArray, answer: BoolArray) -> int | None:
    """The true mask (of bool MxHxW) with the largest IoU with the answer bool HxW.

    It gives the answer its class (Global-Local CLIP, supplement, on mask-class accuracy). None when
    the answer touches no true mask; of equally good ones the first.
    """
    touching = [overlap(true, answer) for true in true_masks]
    if not any(each.intersection for each in touching):
        return None
    return max(range(len(touching)), key=lambda index: touching[index].iou)


def mean(values: Iterable[float]) -> float:
    """The mean; 0 of nothing. Exact sums make it the same in every order."""
    listed = list(values)
    return fsum(listed) / len(listed) if listed else 0.0


def overall_iou(overlaps: Iterable[Overlap]) -> float:
    """oIoU: all intersections over all unions, so large objects weigh more; 0 without a pixel."""
    listed = list(overlaps)
    union = sum(each.union for each in listed)
    return sum(each.intersection for each in listed) / union if union else 0.0


def precision(ious: Iterable[float], threshold: float) -> float:
    """Pr@X: the share of answers whose IoU is above the threshold; 0 of nothing."""
    return mean(float(value > threshold) for value in ious)


def object_centric_overlap(true: BoolArray, answers: Sequence[BoolArray]) -> Overlap:
    """One object's true mask against the answers to all expressions for it (all bool HxW).

    VATEX, Eq. (9): the intersection is in the true mask and in every answer, the union in any of
    them, so one wrong answer spoils the object. Oc-IoU, Eq. (10), is the mean over objects.
    """
    common, either = true.copy(), true.copy()
    for answer in answers:
        common &= answer
        either |= answer
    return overlap(common, either)

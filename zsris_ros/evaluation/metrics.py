"""The measures of referring segmentation, from pixel counts.

The literature disagrees on two empty masks. An empty answer to a question without a target is
right, so `iou` is 1 (gIoU of GRES, Liu et al. 2023). The loops behind the figures of Global-Local
CLIP and HybridGL count such a pair as 0; their questions always have a target, so the pair can only
come from an annotation without a pixel. ``answer_iou`` decides by the target and agrees with both.
The overall IoU is unaffected: empty pairs add nothing to either sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum, sqrt
from typing import NamedTuple

import numpy as np

from zsris_ros.types import BoolArray, FloatArray, Proposals


class Overlap(NamedTuple):
    """Pixel counts of the intersection and the union of two masks."""

    intersection: int
    union: int

    @property
    def iou(self) -> float:
        """Intersection over union in 0..1; 1 for two empty masks."""
        return self.intersection / self.union if self.union else 1.0


def overlap(a: BoolArray, b: BoolArray) -> Overlap:
    """Count the pixels of two masks bool HxW."""
    return Overlap(int(np.count_nonzero(a & b)), int(np.count_nonzero(a | b)))


def iou(a: BoolArray, b: BoolArray) -> float:
    """Return the intersection over union of two masks bool HxW; 1 for two empty masks."""
    return overlap(a, b).iou


def answer_iou(found: Overlap, has_target: bool) -> float:
    """Return the IoU of an answer; two empty masks are right only without a target."""
    return 0.0 if has_target and not found.union else found.iou


def best_overlap(true: BoolArray, masks: BoolArray) -> Overlap:
    """Return the overlap of the true mask bool HxW with the best of the masks bool NxHxW.

    Without masks it is the overlap with an empty mask. On a tie the smallest union counts.
    """
    nothing = overlap(true, np.zeros_like(true))
    every = (overlap(true, mask) for mask in masks)
    return max(every, key=lambda each: (each.iou, -each.union), default=nothing)


def best_ious(true_masks: BoolArray, proposals: Proposals) -> FloatArray:
    """Return the IoU (float32 M) of each true mask (bool MxHxW) with its best proposal.

    0 without proposals. The mean is the proposal bound, the figure of a perfect choice among the
    proposals.
    """
    return np.array(
        [best_overlap(true, proposals.masks).iou for true in true_masks], dtype=np.float32
    )


def closest_object(true_masks: BoolArray, answer: BoolArray) -> int | None:
    """Return the index of the true mask (bool MxHxW) with the largest IoU with the answer bool HxW.

    It determines the class of the answer (Global-Local CLIP, supplement, mask-class accuracy). None
    where the answer touches no true mask; the first on a tie.
    """
    touching = [overlap(true, answer) for true in true_masks]
    if not any(each.intersection for each in touching):
        return None
    return max(range(len(touching)), key=lambda index: touching[index].iou)


def mean(values: Iterable[float]) -> float:
    """Return the mean, 0 for no values. The exact sum does not depend on the order."""
    listed = list(values)
    return fsum(listed) / len(listed) if listed else 0.0


def overall_iou(overlaps: Iterable[Overlap]) -> float:
    """Return oIoU: all intersections over all unions, 0 without a pixel."""
    listed = list(overlaps)
    union = sum(each.union for each in listed)
    return sum(each.intersection for each in listed) / union if union else 0.0


def precision(ious: Iterable[float], threshold: float) -> float:
    """Return Pr@X: the share of answers whose IoU is above the threshold; 0 without answers."""
    return mean(float(value > threshold) for value in ious)


def object_centric_overlap(true: BoolArray, answers: Sequence[BoolArray]) -> Overlap:
    """Compare one object's true mask with the answers to all its expressions (all bool HxW).

    VATEX, Eq. (9): the intersection of the true mask and all answers, and their union. Oc-IoU, Eq.
    (10), is the mean over objects.
    """
    common, either = true.copy(), true.copy()
    for answer in answers:
        common &= answer
        either |= answer
    return overlap(common, either)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share of ``n`` > 0."""
    z = 1.96
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)

"""Intersection over union: of two masks, over a data set, and of proposals with true objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zsris_ros.types import BoolArray, FloatArray, Proposals


def iou(a: BoolArray, b: BoolArray) -> float:
    """Intersection over union of two masks bool HxW; 1 when both are empty."""
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def best_ious(true_masks: BoolArray, proposals: Proposals) -> FloatArray:
    """The IoU, float32 M, of each true mask (bool MxHxW) with its best proposal; 0 without any.

    Its mean is the proposal bound: what a perfect choice among the proposals would reach.
    """
    return np.array(
        [max((iou(true, mask) for mask in proposals.masks), default=0.0) for true in true_masks],
        dtype=np.float32,
    )


@dataclass
class Tally:
    """Running figures over answers: ``miou`` averages IoU, ``oiou`` is total I over total U."""

    n: int = 0
    iou_sum: float = 0.0
    intersection: int = 0
    union: int = 0

    def add(self, true: BoolArray, answer: BoolArray) -> float:
        """Count one answer (both bool HxW) and return its IoU."""
        value = iou(true, answer)
        self.n += 1
        self.iou_sum += value
        self.intersection += int(np.count_nonzero(true & answer))
        self.union += int(np.count_nonzero(true | answer))
        return value

    @property
    def miou(self) -> float:
        """Mean IoU; 0 before the first answer."""
        return self.iou_sum / self.n if self.n else 0.0

    @property
    def oiou(self) -> float:
        """Overall IoU, where large objects weigh more; 0 before the first pixel."""
        return self.intersection / self.union if self.union else 0.0

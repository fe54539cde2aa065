"""J and F of DAVIS (Perazzi et al., CVPR 2016): region similarity and boundary accuracy."""

from __future__ import annotations

import math

import cv2
import numpy as np

from zsris_ros.evaluation.metrics import iou
from zsris_ros.types import BoolArray

TOLERANCE = 0.008
"""Distance of two boundaries that match, as a share of the image's diagonal."""


def region_similarity(truth: BoolArray, answer: BoolArray) -> float:
    """Return J, the intersection over union of two masks bool HxW; 1 for two empty masks."""
    return iou(truth, answer)


def boundary_accuracy(truth: BoolArray, answer: BoolArray) -> float:
    """Return F, the F-measure of the boundaries of two masks bool HxW.

    Precision is the share of the answer's boundary near the true one, recall the reverse. Two
    pixels are near within TOLERANCE of the diagonal, rounded up. Two masks without a boundary give
    1, one of them 0.
    """
    radius = math.ceil(TOLERANCE * math.hypot(*truth.shape))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disk = (x * x + y * y <= radius * radius).astype(np.uint8)
    true, found = boundary(truth), boundary(answer)
    if not true.any() or not found.any():
        return float(true.any() == found.any())
    near_true, near_found = (
        cv2.dilate(each.astype(np.uint8), disk).astype(bool) for each in (true, found)
    )
    precision = np.count_nonzero(found & near_true) / np.count_nonzero(found)
    recall = np.count_nonzero(true & near_found) / np.count_nonzero(true)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundary(mask: BoolArray) -> BoolArray:
    """Return the boundary of a mask bool HxW, one pixel wide.

    A pixel belongs to it if it differs from its right, lower or lower right neighbour. The last
    row and column compare with the neighbour inside the image.
    """
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, diagonal = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    result: BoolArray = (mask != right) | (mask != below) | (mask != diagonal)
    return result

"""Merging of patches to objects: a merge tree by the concavity of common borders.

Two patches belong together where their common border is convex or flat, the criterion of locally
convex connected patches (Stein et al., "Object Partitioning using Local Convexity", CVPR 2014),
measured along the border.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.proposals.depth.oversegmentation import JUMP, Creases, LabelArray
from zsris_ros.types import BoolArray, FloatArray

DoubleArray = npt.NDArray[np.float64]

_CONCAVE = (14.0, 65.0)  # degrees at which a concave border starts to separate, and separates fully
_CONVEX = (14.0, 74.0)
_CONVEX_WEIGHT = 0.15  # faces of one object merge before objects do
_NECK_WEIGHT = 0.25  # a short border is weaker evidence for one object


@dataclass(frozen=True, eq=False)
class Borders:
    """Borders of P patches: pixel lengths PxP, strength sums PxP, and ``rim`` P.

    ``strength / length`` is in [0, 1]: 0 on a smooth surface, 1 at jumps and sharp valleys. ``rim``
    is the length of a patch's contour without a neighbouring patch.
    """

    length: DoubleArray
    strength: DoubleArray
    rim: DoubleArray


def measure_borders(labels: LabelArray, creases: Creases, focal: float) -> Borders:
    """Measure the borders of the patches ``labels`` (int32 HxW, from 1); ``focal`` in pixels."""
    count = int(labels.max())
    around = np.ones((5, 5), np.uint8)  # patches meet near the crease
    concave = _ramp(cv2.dilate(creases.concave, around), *_CONCAVE)
    convex = _ramp(cv2.dilate(creases.convex, around), *_CONVEX)
    separate = np.minimum(concave + _CONVEX_WEIGHT * convex, 1)
    length, strength = np.zeros((2, (count + 1) ** 2))
    padded = np.pad(labels, 1)
    z, apart = np.pad(creases.depth, 1), np.pad(separate, 1)
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        border = padded[one] != padded[other]
        a, b = padded[one][border], padded[other][border]
        za, zb = z[one][border], z[other][border]
        steep = np.abs(za - zb) * focal > np.tan(np.radians(JUMP)) * np.fmin(za, zb)
        value = np.where(steep, 1, np.maximum(apart[one][border], apart[other][border]))
        for key in (a * (count + 1) + b, b * (count + 1) + a):
            length += np.bincount(key, minlength=length.size)
            strength += np.bincount(key, value, minlength=length.size)
    square = (count + 1, count + 1)
    lengths = length.reshape(square)
    return Borders(lengths[1:, 1:], strength.reshape(square)[1:, 1:], lengths[1:, 0])


def merge_tree(borders: Borders) -> BoolArray:
    """Return all nodes of the merge tree as bool MxP over the patches, leaves first.

    Each step merges the two neighbours with the weakest border; a border that is short relative to
    the contours counts as stronger. Unconnected patches stay apart.
    """
    length, strength = borders.length.copy(), borders.strength.copy()
    contour = length.sum(axis=1)
    weight = _weights(length, strength, contour[:, None], contour)
    lightest = weight.min(axis=1, initial=np.inf)
    current = np.eye(len(length), dtype=bool)
    nodes = list(current.copy())
    while np.isfinite(lightest).any():
        a = int(np.argmin(lightest))
        b = int(np.argmin(weight[a]))
        current[a] |= current[b]
        nodes.append(current[a].copy())
        for matrix in (length, strength):
            matrix[a] += matrix[b]
            matrix[:, a] += matrix[:, b]
            matrix[b] = matrix[:, b] = matrix[a, a] = 0
        contour[a], contour[b] = length[a].sum(), 0
        weight[a] = weight[:, a] = _weights(length[a], strength[a], contour[a], contour)
        weight[b] = weight[:, b] = np.inf
        # Only the weights of neighbours of the merged two change.
        changed = np.append(np.flatnonzero(length[a]), [a, b])
        lightest[changed] = weight[changed].min(axis=1)
    return np.array(nodes, dtype=bool).reshape(-1, len(length))


def _weights(
    length: DoubleArray, strength: DoubleArray, one: DoubleArray, other: DoubleArray
) -> DoubleArray:
    """Weights of borders between patches of given contour lengths, infinite without a border."""
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = strength / length + _NECK_WEIGHT * (1 - length / np.minimum(one, other))
    return np.where(length > 0, weight, np.inf)


def enclosure(nodes: BoolArray, borders: Borders) -> FloatArray:
    """Return the mean border strength along each node's outer contour, float M in [0, 1].

    ``nodes`` are bool MxP; contours without a neighbouring patch count as 1.
    """
    members = nodes.astype(np.float64)
    rim = members @ borders.rim
    length = ((members @ borders.length) * (1 - members)).sum(axis=1) + rim
    strength = ((members @ borders.strength) * (1 - members)).sum(axis=1) + rim
    return (strength / np.maximum(length, 1)).astype(np.float32)


def _ramp(value: npt.NDArray[np.generic], low: float, high: float) -> FloatArray:
    return ((value.astype(np.float32) - low) / (high - low)).clip(0, 1)

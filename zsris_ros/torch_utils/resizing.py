"""The part of a resized picture that a part of the picture reaches.

Bilinear resizing is linear: one matrix for the rows, one for the columns. So what lies outside a
mask's box is resized once for all masks, or not at all; for each mask only what its box reaches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class AxisSpan:
    """Along one axis: the resized pixels ``out`` that read any of some pixels; all they read."""

    out: slice
    read: slice


class ResizeAxis:
    """Resizing along one axis: float ``weights`` of every pixel (row) over those that it reads.

    They are given on the CPU, where it is looked up what is read, and used on ``device``.
    """

    def __init__(self, weights: Tensor, device: torch.device) -> None:
        read = weights.numpy() != 0
        self._first: Indices = read.argmax(axis=1)
        self._end: Indices = read.shape[1] - read[:, ::-1].argmax(axis=1)
        self.weights = weights.to(device)

    def reach(self, start: int, end: int) -> AxisSpan:
        """Of the pixels from ``start`` up to ``end``, excluded."""
        low = int(np.searchsorted(self._end, start, side="right"))
        high = int(np.searchsorted(self._first, end, side="left"))
        if low >= high:  # between the pixels that are sampled
            return AxisSpan(slice(0, 0), slice(0, 0))
        return AxisSpan(slice(low, high), slice(int(self._first[low]), int(self._end[high - 1])))


def bilinear_weights(length: int, size: int, antialias: bool = False) -> Tensor:
    """What ``F.interpolate`` does along one axis: weights ``size`` x ``length``, on the CPU."""
    unit = torch.eye(length)[None, None]
    return F.interpolate(unit, (size, length), mode="bilinear_weights", antialias=antialias)[0, 0]


def resize_part(
    part: Tensor, rows: ResizeAxis, columns: ResizeAxis, down: AxisSpan, across: AxisSpan
) -> Tensor:
    """The pixels ``down.out`` x ``across.out`` of a resized picture ...xHxW.

    ``part`` is the picture cut to ``down.read`` x ``across.read``.
    """
    left = rows.weights[down.out, down.read]
    right = columns.weights[across.out, across.read]
    return left @ part @ right.T

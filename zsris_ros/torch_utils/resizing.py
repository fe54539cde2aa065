"""Bilinear resizing of a part of an image.

Bilinear resizing is one matrix for the rows and one for the columns. Pixels outside a mask's box
are therefore resized once for all masks, and for each mask only the pixels that its box affects.
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
    """Along one axis: resized pixels ``out``, and the source pixels ``read`` they depend on."""

    out: slice
    read: slice


class ResizeAxis:
    """Resizing along one axis, with float ``weights`` out x in given on the CPU.

    The weights are used on ``device``; their sparsity is looked up on the CPU.
    """

    def __init__(self, weights: Tensor, device: torch.device) -> None:
        read = weights.numpy() != 0
        self._first: Indices = read.argmax(axis=1)
        self._end: Indices = read.shape[1] - read[:, ::-1].argmax(axis=1)
        self.weights = weights.to(device)

    def span(self, start: int, end: int) -> AxisSpan:
        """Return the resized pixels that depend on source pixels ``start`` up to ``end - 1``."""
        low = int(np.searchsorted(self._end, start, side="right"))
        high = int(np.searchsorted(self._first, end, side="left"))
        if low >= high:  # between the sampled pixels
            return AxisSpan(slice(0, 0), slice(0, 0))
        return AxisSpan(slice(low, high), slice(int(self._first[low]), int(self._end[high - 1])))


def bilinear_weights(length: int, size: int, antialias: bool = False) -> Tensor:
    """Return the weights of ``F.interpolate`` along one axis, ``size`` x ``length``, on the CPU."""
    unit = torch.eye(length)[None, None]
    return F.interpolate(unit, (size, length), mode="bilinear", antialias=antialias)[0, 0]


def resize_part(
    part: Tensor, rows: ResizeAxis, columns: ResizeAxis, down: AxisSpan, across: AxisSpan
) -> Tensor:
    """Return the pixels ``down.out`` x ``across.out`` of a resized image ...xHxW.

    ``part`` is the image cut to ``down.read`` x ``across.read``.
    """
    left = rows.weights[down.out, down.read]
    right = columns.weights[across.out, across.read]
    return left @ part @ right.T

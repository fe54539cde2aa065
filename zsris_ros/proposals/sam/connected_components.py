"""Masks without small holes and islands, as segment_anything's generator cleans them.

On the CPU OpenCV finds the connected regions of one mask after another. On a GPU all masks are
labelled together where they are: what has one label is joined to the largest label beside it, and
follows to where that was joined, until no two labels touch. Some rounds do for any shape, because
each at least about halves the labels (hooking and jumping, after Shiloach and Vishkin, "An O(log n)
parallel connectivity algorithm", 1982).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.torch_utils.batching import items_at_once
from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision

ensure_torchvision()

from segment_anything.utils.amg import remove_small_regions


def remove_small_components(masks: Tensor, least: int) -> tuple[Tensor, Tensor]:
    """Bool NxHxW masks without holes and islands below ``least`` pixels; which changed, bool N.

    Regions are 8-connected. Of a mask that is all small islands the largest stays.
    """
    if masks.device.type == "cpu":
        return _clean_separately(masks, least)
    numbers = 8 * masks.shape[1] * masks.shape[2]
    parts = [
        _clean_jointly(some, least) for some in masks.split(items_at_once(numbers, masks.device))
    ]
    cleaned, changed = (torch.cat(each) for each in zip(*parts, strict=True))
    return cleaned, changed


def _clean_separately(masks: Tensor, least: int) -> tuple[Tensor, Tensor]:
    cleaned = masks.numpy().copy()
    changed = np.zeros(len(cleaned), dtype=bool)
    for i, mask in enumerate(cleaned):
        for mode in ("holes", "islands"):
            mask, repaired = remove_small_regions(mask, least, mode)
            changed[i] |= repaired
        cleaned[i] = mask
    return torch.from_numpy(cleaned), torch.from_numpy(changed)


def _clean_jointly(masks: Tensor, least: int) -> tuple[Tensor, Tensor]:
    holes, of_hole = _label_components(~masks)
    small = (of_hole < least) & (of_hole > 0)
    filled = masks | small.gather(1, holes).view_as(masks)

    islands, of_island = _label_components(filled)
    few = (of_island < least) & (of_island > 0)
    # Where no island is large enough, the largest is.
    labels = torch.arange(of_island.shape[1], device=masks.device)
    largest = labels == of_island.argmax(dim=1, keepdim=True)
    stays = torch.where((of_island >= least).any(dim=1, keepdim=True), ~few, largest)
    cleaned = filled & stays.gather(1, islands).view_as(masks)
    return cleaned, small.any(dim=1) | few.any(dim=1)


def _label_components(where: Tensor) -> tuple[Tensor, Tensor]:
    """The regions of bool NxHxW, each with a label from 1 to HW of its own; 0 is outside.

    Labels int64 NxHW, and the pixels of each label, int64 Nx(1+HW).
    """
    count, pixels = len(where), where.shape[1] * where.shape[2]
    numbers = torch.arange(1 + pixels, device=where.device).expand(count, -1)
    labels = torch.where(where.flatten(1), numbers[:, 1:], 0)
    while True:
        around = torch.where(where, _max_3x3(labels.view_as(where)), 0).flatten(1)
        if torch.equal(around, labels):
            break
        joined = _follow_links(numbers.scatter_reduce(1, labels, around, "amax"))
        labels = joined.gather(1, labels)
    sizes = torch.zeros_like(numbers).scatter_add_(1, labels, where.flatten(1).long())
    return labels, sizes


def _follow_links(joined: Tensor) -> Tensor:
    """Where the numbers NxM end up, each of which is joined to another or to itself."""
    while True:
        further = joined.gather(1, joined)
        if torch.equal(further, joined):
            return joined
        joined = further


def _max_3x3(labels: Tensor) -> Tensor:
    """The largest of every 3x3 pixels of NxHxW labels, none below 0."""
    padded = F.pad(labels, (1, 1, 1, 1))
    rows = padded[:, :-2].maximum(padded[:, 1:-1]).maximum(padded[:, 2:])
    return rows[:, :, :-2].maximum(rows[:, :, 1:-1]).maximum(rows[:, :, 2:])

"""Removal of small holes and islands, as in segment_anything's generator.

On the CPU OpenCV labels the connected components of one mask after another. On a GPU all masks are
labelled together by hooking and pointer jumping (Shiloach and Vishkin, "An O(log n) parallel
connectivity algorithm", 1982): every component links to the largest adjacent label, and links are
followed to their ends, until no two labels touch. Each round about halves the labels.
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
    """Remove holes and islands below ``least`` pixels from masks bool NxHxW (8-connected).

    A mask of small islands only keeps the largest. Returns the masks and which changed, bool N.
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
    holes, hole_sizes = _label_components(~masks)
    small = (hole_sizes < least) & (hole_sizes > 0)
    filled = masks | small.gather(1, holes).view_as(masks)

    islands, island_sizes = _label_components(filled)
    few = (island_sizes < least) & (island_sizes > 0)
    # Without a large island the largest one is kept.
    labels = torch.arange(island_sizes.shape[1], device=masks.device)
    largest = labels == island_sizes.argmax(dim=1, keepdim=True)
    kept = torch.where((island_sizes >= least).any(dim=1, keepdim=True), ~few, largest)
    cleaned = filled & kept.gather(1, islands).view_as(masks)
    return cleaned, small.any(dim=1) | few.any(dim=1)


def _label_components(where: Tensor) -> tuple[Tensor, Tensor]:
    """Label the components of bool NxHxW with distinct numbers from 1 to HW; 0 is outside.

    Returns labels int64 NxHW and the pixel count of each label, int64 Nx(1+HW).
    """
    count, pixels = len(where), where.shape[1] * where.shape[2]
    numbers = torch.arange(1 + pixels, device=where.device).expand(count, -1)
    labels = torch.where(where.flatten(1), numbers[:, 1:], 0)
    while True:
        around = torch.where(where, _max_3x3(labels.view_as(where)), 0).flatten(1)
        if torch.equal(around, labels):
            break
        roots = _follow_links(numbers.scatter_reduce(1, labels, around, "amax"))
        labels = roots.gather(1, labels)
    sizes = torch.zeros_like(numbers).scatter_add_(1, labels, where.flatten(1).long())
    return labels, sizes


def _follow_links(links: Tensor) -> Tensor:
    """Return the end of the chain of links from each number, NxM."""
    while True:
        further = links.gather(1, links)
        if torch.equal(further, links):
            return links
        links = further


def _max_3x3(labels: Tensor) -> Tensor:
    """Maximum of every 3x3 neighbourhood of labels NxHxW, none below 0."""
    padded = F.pad(labels, (1, 1, 1, 1))
    rows = padded[:, :-2].maximum(padded[:, 1:-1]).maximum(padded[:, 2:])
    return rows[:, :, :-2].maximum(rows[:, :, 1:-1]).maximum(rows[:, :, 2:])

"""Which masks are one object: wholes before their parts, and one mask for each object."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from zsris_ros.types import BoolArray, Proposals


def prefer_wholes(
    match: Tensor, proposals: Proposals, share: float, things: BoolArray | None = None
) -> Tensor:
    """``match`` N with parts put just behind the wholes they belong to.

    The outside of a mug looks much like the mug. A mask that lies in a larger one steps back when
    the larger one matches at least ``share`` as well; what is no whole (two things together)
    matches nothing and takes no precedence. Nor does what holds several ``things`` (bool N), though
    a can with the mug behind it looks much like a can.
    """
    shared, areas = torch.from_numpy(proposals.shared), torch.from_numpy(proposals.areas)
    within = (shared > 0.9) & (areas[None, :] > 1.15 * areas[:, None])
    pile = torch.zeros(len(match), dtype=torch.bool)
    if things is not None:
        own = torch.from_numpy(things)
        pile = (within[own].sum(dim=0) > 1) & ~own
    whole = torch.where(within & ~pile, match[None, :], torch.zeros(())).max(dim=1).values
    return torch.where(whole >= share * match, torch.minimum(match, 0.99 * whole), match)


def likeness(proposals: Proposals, things: BoolArray) -> Tensor:
    """How nearly each mask is one of ``things`` N: the best IoU with one of them, float32 N."""
    areas = torch.from_numpy(proposals.areas)
    common = torch.from_numpy(proposals.shared) * torch.minimum(areas[:, None], areas[None, :])
    iou = common / (areas[:, None] + areas[None, :] - common).clamp_min(1)
    return torch.where(torch.from_numpy(things)[None, :], iou, torch.zeros(())).amax(dim=1)


def distinct(proposals: Proposals, order: Sequence[int], overlap: float = 0.5) -> list[int]:
    """Of masks in the order given, those that are not mostly the same as an earlier one.

    Two masks are the same thing when they share more than ``overlap`` of the smaller one's area:
    copies, but also a part and its whole.
    """
    kept: list[int] = []
    for index in order:
        if not (proposals.shared[index, kept] > overlap).any():
            kept.append(index)
    return kept

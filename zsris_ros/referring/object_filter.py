"""Which proposals are things of their own: neither parts, nor several things taken for one.

"The leftmost object" names no kind, so nothing but shape tells a bowl, whose inside and outside
were proposed as well, from a box that stands on another one. Things are mostly convex as far as
they can be seen: a pile has notches where its things meet, and the outside of a bowl has one where
its inside begins. What something in front hides is no notch.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsris_ros.types import BoolArray, FloatArray, Frame, Proposals

_STRIDE = 2
_WITHIN = 0.9  # of a part lies in its whole
_SMALL = 0.05  # of the whole: smaller parts don't count
_COVER = 0.8  # of the whole: less tells nothing about it
_PARTS_FAVOURED = 1.02
_UNION_FAVOURED = 1.05  # proposed only where faces on both sides of an occluder continue
_IN_FRONT = 1.01  # of the disparity where the mask's surface would be
_SLIVER = 0.1
"""Share of the usual thing's area below which a thing is small."""
_THIN_PX = 20.0
"""Diameter of the largest circle inside a mask below which a small thing is a torn-off rim."""


def find_things(frame: Frame, proposals: Proposals) -> BoolArray:
    """Bool N: no two of them mostly overlap.

    Where depth found what stands on the support, those take part; elsewhere every proposal that
    does not fill half the picture. From the small to the large, a mask gives way to the things
    inside it when these are more convex and better set off than the whole.
    """
    found = np.zeros(len(proposals), dtype=bool)
    if not len(proposals):
        return found
    depth = np.array(["depth" in source.split("+") for source in proposals.sources])
    taking_part = (depth | ~depth.any()) & (proposals.areas <= 0.5 * proposals.masks[0].size)
    order = [int(i) for i in np.argsort(proposals.areas, kind="stable") if taking_part[i]]
    worth = _worth(frame, proposals, order)
    cuts: dict[int, list[int]] = {}
    for place, whole in enumerate(order):
        cuts[whole] = _cut(whole, order[:place], cuts, worth, proposals)
    roots = distinct(proposals, order[::-1])
    found[_without_slivers(proposals, [thing for root in roots for thing in cuts[root]])] = True
    return found


def _cut(
    whole: int,
    smaller: Sequence[int],
    cuts: dict[int, list[int]],
    worth: FloatArray,
    proposals: Proposals,
) -> list[int]:
    """The whole itself, or the things it consists of."""
    areas, shared = proposals.areas, proposals.containment[whole]
    inside = [i for i in smaller if shared[i] > _WITHIN and areas[i] >= _SMALL * areas[whole]]
    parts = [
        thing
        for part in distinct(proposals, inside[::-1])
        for thing in cuts[part]
        if areas[thing] >= _SMALL * areas[whole]
    ]
    if len(parts) < 2 or areas[parts].sum() < _COVER * areas[whole]:
        return [whole]
    of_parts = float(np.average(worth[parts], weights=areas[parts]))
    favour = 1 / _UNION_FAVOURED if _is_torn(proposals.masks[whole]) else _PARTS_FAVOURED
    return parts if favour * of_parts > worth[whole] else [whole]


def _worth(frame: Frame, proposals: Proposals, taking_part: Sequence[int]) -> FloatArray:
    """Quality times visible solidity of the masks that take part, float32 N in [0, 1]."""
    disparity = None
    if frame.depth is not None:
        depth = frame.depth[::_STRIDE, ::_STRIDE]
        valid = np.isfinite(depth) & (depth > 0)
        disparity = np.where(valid, 1 / np.where(valid, depth, 1), 0).astype(np.float32)
    worth = np.zeros(len(proposals), np.float32)
    for index in taking_part:
        mask = proposals.masks[index, ::_STRIDE, ::_STRIDE]
        worth[index] = proposals.quality[index] * _solidity(mask, disparity)
    return worth


def _solidity(mask: BoolArray, disparity: FloatArray | None) -> float:
    """Area of a mask HxW over that of its convex hull, without what something in front hides.

    The surface is continued into the hull as the plane that fits the mask's disparity (1/m, 0
    unknown) best; what lies before it, or was not measured, is no notch. Nor are frayed borders.
    """
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    window = np.s_[y : y + height, x : x + width]
    mask = mask[window]
    corners = np.argwhere(mask)[:, ::-1].astype(np.int32)
    if len(corners) < 3:
        return 1.0
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(corners), 1)
    hull[mask] = 0
    notch = cv2.morphologyEx(hull, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    if disparity is not None:
        notch &= ~_hidden(mask, disparity[window])
    return float(len(corners) / (len(corners) + np.count_nonzero(notch)))


def _hidden(mask: BoolArray, disparity: FloatArray) -> BoolArray:
    """Bool HxW: nothing was measured, or it is in front of the plane through the mask."""
    hidden: BoolArray = disparity <= 0
    known = mask & ~hidden
    rows, columns = np.nonzero(known)
    if len(rows) < 3:
        return np.ones_like(hidden)
    inputs: npt.NDArray[np.float64] = np.stack([columns, rows, np.ones(len(rows))], 1)
    (a, b, c), *_ = np.linalg.lstsq(inputs, disparity[known].astype(np.float64), rcond=None)
    x, y = np.arange(mask.shape[1])[None, :], np.arange(mask.shape[0])[:, None]
    return hidden | (disparity > _IN_FRONT * (a * x + b * y + c))


def _is_torn(mask: BoolArray) -> bool:
    """Whether a mask lies in several places, none of which has nearly all of it."""
    small = mask[::_STRIDE, ::_STRIDE].astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(small, connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    return bool(len(sizes) > 1 and sizes.max() < 0.9 * sizes.sum())


def _without_slivers(proposals: Proposals, things: list[int]) -> list[int]:
    """Leave out what is both far smaller than the rest and thin: a rim that a sensor tore off."""
    if not things:
        return things
    usual = float(np.median(proposals.areas[things]))
    return [
        index
        for index in things
        if proposals.areas[index] >= _SLIVER * usual
        or _thickness(proposals.masks[index]) >= _THIN_PX
    ]


def _thickness(mask: BoolArray) -> float:
    """Diameter in pixels of the largest circle inside a mask."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return 2 * float(cv2.distanceTransform(padded, cv2.DIST_L2, 3).max())


def prefer_wholes(
    match: Tensor, proposals: Proposals, share: float, things: BoolArray | None = None
) -> Tensor:
    """``match`` N with parts put just behind the wholes they belong to.

    The outside of a mug looks much like the mug. A mask that lies in a larger one steps back when
    the larger one matches at least ``share`` as well; what is no whole (two things together)
    matches nothing and takes no precedence. Nor does what holds several ``things`` (bool N), though
    a can with the mug behind it looks much like a can.
    """
    shared, areas = torch.from_numpy(proposals.containment), torch.from_numpy(proposals.areas)
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
    common = torch.from_numpy(proposals.containment) * torch.minimum(areas[:, None], areas[None, :])
    iou = common / (areas[:, None] + areas[None, :] - common).clamp_min(1)
    return torch.where(torch.from_numpy(things)[None, :], iou, torch.zeros(())).amax(dim=1)


def distinct(proposals: Proposals, order: Sequence[int], overlap: float = 0.5) -> list[int]:
    """Of masks in the order given, those that are not mostly the same as an earlier one.

    Two masks are the same thing when they share more than ``overlap`` of the smaller one's area:
    copies, but also a part and its whole.
    """
    kept: list[int] = []
    for index in order:
        if not (proposals.containment[index, kept] > overlap).any():
            kept.append(index)
    return kept

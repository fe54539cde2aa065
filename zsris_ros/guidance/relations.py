"""Relations between two objects: R(i, j) of HybridGL's Eqs. 4 and 5.

``hard_relation`` is the published comparison of box centres. ``soft_relation`` is the robot's: a
score in [0, 1] for every relation of an expression, in metres where depth is known and on the image
plane elsewhere.

Boxes are Nx4 (x, y, w, h) in pixels with w = x_max - x_min, as segment_anything gives them; points
are Nx3 centroids in metres in the camera's optical frame, NaN where depth is unknown. R[i, j] reads
"i is <kind> j".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import log

import torch
from torch import Tensor

from zsris_ros.types import InputError

_SEPARATION = 1.0
"""Distance of centres in mean sizes at which a direction on the image plane is certain."""
_SIZE_RATIO = 1.5
"""Ratio of areas at which a difference in size is certain."""
_REACH, _REACH_M = 1.0, 0.2
"""Distance in mean sizes, and in metres, at which nearness is 0.5."""
_DEPTH_M = 0.05
"""Difference of depth in metres at which it is certain."""


def hard_relation(flag: str, boxes: Tensor) -> Tensor:
    """Return R(i, j) as published, from box centres and areas, float64 NxN.

    ``flag`` is one of ``HARD_FLAGS``; others mean "no relation" and give ones. "within" divides by
    the area of box i, which gives NaN or infinity for boxes without width or height.
    """
    boxes = boxes.double()
    x, y, w, h = boxes.unbind(1)
    value = {"left": x + w / 2, "right": x + w / 2, "up": y + h / 2, "down": y + h / 2}
    value |= {"big": w * h, "small": w * h}
    if flag == "within":
        return _intersection(x, y, x + w, y + h) / (w * h)[:, None]
    if flag not in value:
        return torch.ones(len(boxes), len(boxes), dtype=torch.float64, device=boxes.device)
    first, second = value[flag][:, None], value[flag][None, :]
    smaller = flag in ("left", "up", "small")
    return (first < second if smaller else first > second).double()


HARD_FLAGS = ("left", "right", "up", "down", "big", "small", "within")


def soft_relation(
    kind: str,
    boxes: Tensor,
    areas: Tensor | None = None,
    points: Tensor | None = None,
) -> Tensor:
    """Return R(i, j) in [0, 1] for one of ``KINDS``, float32 NxN with a zero diagonal, never NaN.

    ``areas`` N are mask areas in pixels, by default the boxes' areas. "between" has one anchor here
    and uses the best second one; the function ``between`` takes pairs. Raises InputError for an
    unknown kind.
    """
    if kind not in _SOFT:
        raise InputError(f"unknown relation {kind!r}; known are {', '.join(KINDS)}")
    if not len(boxes):
        return torch.zeros(0, 0, device=boxes.device)
    layout = _Layout(boxes, areas, points)
    scores = _SOFT[kind](layout).clamp(0, 1)
    return scores * (1 - torch.eye(len(boxes), device=scores.device))


def between(boxes: Tensor, pairs: Tensor, points: Tensor | None = None) -> Tensor:
    """Return scores in [0, 1] of objects (boxes Nx4) between anchors (int64 pairs Kx2), NxK.

    Scores are symmetric in the anchors and zero for an anchor itself. They are 1 at the middle of
    the line between the anchors' centres, and fall towards its ends and with the distance from it;
    in space where all three points are known, on the image plane elsewhere.
    """
    layout = _Layout(boxes, None, points)
    plane = _between(torch.stack([layout.cx, layout.cy], dim=1), pairs)
    space = _between(layout.points, pairs)
    known = layout.known[:, None] & layout.known[pairs].all(dim=1)[None, :]
    scores = torch.where(known, space, plane)
    index = torch.arange(len(boxes), device=boxes.device)
    anchor = (index[:, None, None] == pairs[None]).any(dim=2)
    return torch.where(anchor, torch.zeros_like(scores), scores)


class _Layout:
    """Boxes, areas and points of N objects, with their pairwise differences."""

    def __init__(self, boxes: Tensor, areas: Tensor | None, points: Tensor | None) -> None:
        boxes = torch.nan_to_num(boxes.float())
        self.left, self.top = boxes[:, 0], boxes[:, 1]
        # SAM's w is x_max - x_min: a box one pixel wide has w = 0.
        self.w, self.h = boxes[:, 2].clamp_min(0) + 1, boxes[:, 3].clamp_min(0) + 1
        self.right, self.bottom = self.left + self.w, self.top + self.h
        self.cx, self.cy = self.left + self.w / 2, self.top + self.h / 2
        area = self.w * self.h if areas is None else torch.nan_to_num(areas.float()).clamp_min(1)
        self.area = area.to(boxes.device)
        points = boxes.new_full((len(boxes), 3), torch.nan) if points is None else points
        points = points.to(boxes.device).float()
        self.known = torch.isfinite(points).all(dim=1) & (points[:, 2] > 0)
        self.points = torch.where(self.known[:, None], points, torch.zeros_like(points))

    @cached_property
    def both_known(self) -> Tensor:
        return self.known[:, None] & self.known[None, :]

    @cached_property
    def mean_width(self) -> Tensor:
        return _mean_of_pairs(self.w)

    @cached_property
    def mean_height(self) -> Tensor:
        return _mean_of_pairs(self.h)

    @cached_property
    def gap_x(self) -> Tensor:
        """Free pixels between two boxes along x, 0 where they overlap."""
        return _gap(self.left, self.right)

    @cached_property
    def gap_y(self) -> Tensor:
        return _gap(self.top, self.bottom)

    @cached_property
    def overlap_x(self) -> Tensor:
        """Common pixels of two boxes along x."""
        return _overlap(self.left, self.right)

    def metric(self, in_space: Tensor, on_plane: Tensor) -> Tensor:
        """``in_space`` where both depths are known, ``on_plane`` elsewhere."""
        return torch.where(self.both_known, in_space, on_plane)


def _left_of(at: _Layout) -> Tensor:
    return _towards(_minus(at.cx).T, _minus(at.cy), at.mean_width, at)


def _above(at: _Layout) -> Tensor:
    return _towards(_minus(at.cy).T, _minus(at.cx), at.mean_height, at)


def _towards(along: Tensor, across: Tensor, size: Tensor, at: _Layout) -> Tensor:
    """One direction: 1 from a size away within 45 degrees, down to 0.5 far to the side.

    ``along`` is the distance of i from j in the direction, ``across`` the distance to its side.
    """
    distance = ramp(along / (size * _SEPARATION), 1.0)
    share = along.clamp_min(0) / torch.hypot(along, across).clamp_min(1e-6)
    return distance * (0.5 + 0.5 * ramp(share, 0.5**0.5))


def _bigger(at: _Layout) -> Tensor:
    """Ratio of areas; with depth, of areas in metres: an area in pixels shrinks with z squared."""
    plane = _minus(at.area.log())
    depth = _minus(torch.where(at.known, at.points[:, 2], torch.ones_like(at.area)).log())
    ratio = at.metric(plane + 2 * depth, plane)
    return ramp(ratio, log(_SIZE_RATIO))


def _inside(at: _Layout) -> Tensor:
    """Share of box i inside box j, where box j is the bigger one."""
    box = at.w * at.h
    share = _intersection(at.left, at.top, at.right, at.bottom) / box[:, None]
    return share * ramp(_minus(box.log()).T, log(_SIZE_RATIO))


def _near(at: _Layout) -> Tensor:
    """A half at one mean size of free space between the boxes, or at ``reach_m`` in space."""
    size = _mean_of_pairs((at.w * at.h).sqrt())
    plane = torch.hypot(at.gap_x, at.gap_y) / (size * _REACH)
    offset = at.points[:, None] - at.points[None]
    space = torch.linalg.vector_norm(offset, dim=2) / _REACH_M
    return 1 / (1 + at.metric(space, plane))


def _next_to(at: _Layout) -> Tensor:
    """Near, but neither inside nor around."""
    inside = _inside(at)
    return _near(at) * (1 - inside) * (1 - inside.T)


def _on(at: _Layout) -> Tensor:
    """I stands on j: its foot within j's height, above j's centre or inside its box."""
    over = at.overlap_x / at.w[:, None]
    foot = (at.bottom[:, None] - at.top[None, :]) / at.h[None, :]  # 0: on j's top edge, 1: its foot
    rests = ramp(foot + 0.5, 0.5) * ramp(1.25 - foot, 0.25)
    raised = ramp(_minus(at.cy).T / at.mean_height, 0.25)
    return over * rests * torch.maximum(raised, _inside(at))


def _under(at: _Layout) -> Tensor:
    """I below j's centre, in its columns, with little free space between."""
    shared = at.overlap_x / torch.minimum(at.w[:, None], at.w[None, :])
    lower = ramp(_minus(at.cy) / at.mean_height, 0.5)
    return shared * lower / (1 + at.gap_y / at.mean_height)


def _behind(at: _Layout) -> Tensor:
    """Farther from the camera; without depth, a foot higher in the image, as on a floor."""
    plane = ramp(_minus(at.bottom).T / at.mean_height, 0.5)
    space = ramp(_minus(at.points[:, 2]), _DEPTH_M)
    aligned = 1 / (1 + at.gap_x / at.mean_width)
    return at.metric(space, plane) * (0.5 + 0.5 * aligned)


def _between_any(at: _Layout) -> Tensor:
    """Between j and the best other object."""
    centres = torch.stack([at.cx, at.cy], dim=1)
    count = len(centres)
    index = torch.arange(count, device=centres.device)
    pairs = torch.cartesian_prod(index, index).reshape(-1, 2)
    scores = _between(centres, pairs).reshape(count, count, count)
    own = index[:, None, None] == index[None, None, :]
    return torch.where(own, torch.zeros_like(scores), scores).amax(dim=2)


def _between(centres: Tensor, pairs: Tensor) -> Tensor:
    start, end = centres[pairs[:, 0]], centres[pairs[:, 1]]
    line = end - start
    length = torch.linalg.vector_norm(line, dim=1).clamp_min(1e-6)
    from_start = centres[:, None] - start[None]
    along = (from_start * line).sum(dim=2) / length**2
    off = from_start - along[..., None] * line
    aside = torch.linalg.vector_norm(off, dim=2) / length
    return ramp(2 * torch.minimum(along, 1 - along), 0.5) / (1 + (2 * aside) ** 2)


_SOFT: dict[str, Callable[[_Layout], Tensor]] = {
    "left_of": _left_of,
    "right_of": lambda at: _left_of(at).T,
    "above": _above,
    "below": lambda at: _above(at).T,
    "bigger_than": _bigger,
    "smaller_than": lambda at: _bigger(at).T,
    "inside": _inside,
    "part_of": _inside,
    "near": _near,
    "with": _near,
    "next_to": _next_to,
    "far_from": lambda at: 1 - _near(at),
    "on": _on,
    "under": _under,
    "behind": _behind,
    "in_front_of": lambda at: _behind(at).T,
    "between": _between_any,
}

KINDS = tuple(_SOFT)
"""Every relation of an expression."""


def ramp(value: Tensor, full: float) -> Tensor:
    """Return 0 up to 0, 1 from ``full`` on, linear between."""
    return (value / full).clamp(0, 1)


def _minus(value: Tensor) -> Tensor:
    """value_i - value_j."""
    return value[:, None] - value[None, :]


def _mean_of_pairs(value: Tensor) -> Tensor:
    return (value[:, None] + value[None, :]) / 2


def _overlap(low: Tensor, high: Tensor) -> Tensor:
    ends = torch.minimum(high[:, None], high[None, :])
    return (ends - torch.maximum(low[:, None], low[None, :])).clamp_min(0)


def _gap(low: Tensor, high: Tensor) -> Tensor:
    ends = torch.minimum(high[:, None], high[None, :])
    return (torch.maximum(low[:, None], low[None, :]) - ends).clamp_min(0)


def _intersection(left: Tensor, top: Tensor, right: Tensor, bottom: Tensor) -> Tensor:
    return _overlap(left, right) * _overlap(top, bottom)

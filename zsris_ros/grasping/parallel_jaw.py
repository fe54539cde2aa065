"""Candidates of a parallel jaw: antipodal pairs along cross-sections, and rims.

The completed object is cut into bands as wide as a finger, across each approach direction and
closing axis. Along the closing axis a band of a solid object is one interval; a band of a hollow
one is several, with room for a finger between them: its rims.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np

from zsris_ros.grasping.completion import CompletedObject
from zsris_ros.grasping.gripper import ParallelJaw
from zsris_ros.grasping.plan import DoubleArray, GraspSettings

_ABOVE_TURNS = np.radians(np.arange(0.0, 180.0, 15.0))
_SIDE_TURNS = np.radians(np.arange(0.0, 360.0, 45.0))
_RIM_TURNS = np.radians(np.arange(0.0, 360.0, 36.0))
_SIDE_SLOPE, _TILT_SLOPE, _RIM_SLOPE = np.radians((12.0, 50.0, 47.0))  # below the horizontal
_OFFSETS = (0.0, -0.35, 0.35, -0.7, 0.7)  # of half the extent along x
_DEPTHS = (0.012, 0.022, 0.036)  # metres from the first contact to the finger tips
_CONTACT = 0.006  # metres behind the extreme point that touch the pad
_FACING = 0.93  # a normal this much along the approach belongs to no side of the object
_LEAST_WALL = 0.4  # share of a contact, at a slant or from the side, that must be a side
_EDGE = 0.005  # metres of a side below its upper edge, whose normals are between both faces'
_OTHER_FACE = 0.3  # a normal this much away from the finger belongs to the wall's other face
_UNKNOWN_ANGLE = np.radians(20.0)  # of a contact of which too little was seen
_BINS = 5
_LEVEL, _LEVELS = 0.005, 3  # metres above the tips over which widening is measured
_PAD_DEPTH = 0.022  # metres of engagement that count as full
_ROOM = 0.006  # metres that a finger needs beside its thickness inside a hollow object

Approach = Literal["above", "tilted", "side"]

SLIPPERY = "the contact surfaces are not opposite each other"


@dataclass(frozen=True, eq=False)
class Draft:
    """A grasp before collision checks: TCP ``axes`` and ``position`` in the support frame."""

    axes: DoubleArray
    position: DoubleArray
    width: float
    kind: Literal["across", "rim"]
    approach: Approach
    antipodality: float
    surface: float
    visible: float
    inner: tuple[bool, bool] = (False, False)
    """Whether the finger at -y, and at +y, goes between walls of the object, or to a face that is
    not known."""


def wider_than(jaw: ParallelJaw) -> str:
    """The reason for a rejection."""
    return f"wider than {jaw.opening:g} m"


def draft_grasps(
    shape: CompletedObject,
    jaw: ParallelJaw,
    settings: GraspSettings,
    rejected: Counter[str],
    from_above: bool,
) -> list[Draft]:
    """Return drafts that fit the opening and the friction cone; count the others by reason.

    Approaches are straight from above, or all others.
    """
    drafts: list[Draft] = []
    visible = np.arange(len(shape.points)) < shape.visible
    for axes, approach in _above(shape) if from_above else _inclined_directions():
        local = shape.points @ axes
        order = np.argsort(local[:, 1])
        points = np.column_stack([local, visible])[order]
        normals = (shape.normals @ axes)[order]
        for x in _lateral_offsets(local[:, 0], approach, jaw):
            band = np.flatnonzero(np.abs(points[:, 0] - x) <= jaw.finger_width / 2)
            if len(band) < 6:
                continue
            cut, facing = points[band], normals[band]
            for tip in _tips(cut, approach, jaw, settings):
                deep = cut[:, 2] <= tip
                drafts.extend(
                    _grasps_in(
                        cut[deep],
                        facing[deep],
                        axes,
                        approach,
                        x,
                        tip,
                        jaw,
                        settings,
                        rejected,
                        shape.resolution,
                    )
                )
    return drafts


def _above(shape: CompletedObject) -> Iterator[tuple[DoubleArray, Approach]]:
    """TCP axes (columns x, y, z in the support frame) straight down, and the approach's name.

    Two of the closing axes are across the sides of the narrowest rectangle around the object.
    """
    down = np.array([0.0, 0.0, -1.0])
    side = np.radians(cv2.minAreaRect(shape.points[:, :2].astype(np.float32))[2])
    for turn in side + _ABOVE_TURNS:
        yield _axes(down, np.array([np.cos(turn), np.sin(turn), 0.0])), "above"


def _inclined_directions() -> Iterator[tuple[DoubleArray, Approach]]:
    """The same at a slant and from the side."""
    for turn in _SIDE_TURNS:
        level = np.array([-np.sin(turn), np.cos(turn), 0.0])
        yield _axes(_inclined(turn, _SIDE_SLOPE), level), "side"
        yield _axes(_inclined(turn, _TILT_SLOPE), level), "tilted"
    for turn in _RIM_TURNS:
        approach = _inclined(turn, _RIM_SLOPE)
        level = np.array([-np.sin(turn), np.cos(turn), 0.0])
        yield _axes(approach, np.cross(approach, level)), "tilted"


def _inclined(turn: float, slope: float) -> DoubleArray:
    return np.array(
        [np.cos(turn) * np.cos(slope), np.sin(turn) * np.cos(slope), -np.sin(slope)], np.float64
    )


def _axes(approach: DoubleArray, closing: DoubleArray) -> DoubleArray:
    (a, b, c), (d, e, f) = closing, approach
    return np.array([[b * f - c * e, a, d], [c * d - a * f, b, e], [a * e - b * d, c, f]])


def _lateral_offsets(x: DoubleArray, approach: str, jaw: ParallelJaw) -> list[float]:
    """Where to cut: the middle first; not closer together than a third of a finger's width."""
    low, high = np.percentile(x, (1, 99))
    offsets: list[float] = []
    for share in _OFFSETS if approach == "above" else _OFFSETS[:3]:
        offset = float((low + high) / 2 + share * (high - low) / 2)
        if all(abs(offset - other) >= jaw.finger_width / 3 for other in offsets):
            offsets.append(offset)
    return offsets


def _tips(
    cut: DoubleArray, approach: str, jaw: ParallelJaw, settings: GraspSettings
) -> list[float]:
    """How far along z the finger tips go, for a band: some depths, none below the support."""
    first = float(np.partition(cut[:, 2], 1)[1])
    lowest = -settings.support_clearance if approach == "above" else np.inf
    tips: list[float] = []
    for depth in _DEPTHS:
        tip = min(first + min(depth, jaw.finger_length - 0.004), lowest)
        if tip > first + 0.002 and all(abs(tip - other) > 0.004 for other in tips):
            tips.append(tip)
    return tips


def _grasps_in(
    cut: DoubleArray,
    normals: DoubleArray,
    axes: DoubleArray,
    approach: Approach,
    x: float,
    tip: float,
    jaw: ParallelJaw,
    settings: GraspSettings,
    rejected: Counter[str],
    resolution: float,
) -> Iterator[Draft]:
    """Drafts of one band above the finger tips.

    ``cut`` Nx4 holds its points, sorted along y, and whether they were seen.
    """
    if len(cut) < 4:
        return
    gaps = np.flatnonzero(np.diff(cut[:, 1]) > jaw.finger_thickness + _ROOM)
    edges = [0, *(gaps + 1).tolist(), len(cut)]
    intervals = [(edges[0], edges[-1])]
    if len(edges) > 2:
        intervals += pairwise(edges)
    for number, (start, stop) in enumerate(intervals):
        part, facing = cut[start:stop], normals[start:stop]
        if len(part) < 4:
            continue
        width = float(part[-1, 1] - part[0, 1]) + 2 * resolution
        if width > jaw.opening - 2 * settings.min_clearance:
            rejected[wider_than(jaw)] += 1
            continue
        cone = float(np.arctan(settings.friction))
        reach = np.searchsorted(part[:, 1], (part[0, 1] + _CONTACT, part[-1, 1] - _CONTACT))
        ends = (slice(0, int(reach[0])), slice(int(reach[1]), len(part)))
        angle, unknown = 0.0, [start > 0, stop < len(cut)]
        for side, end in zip((-1, 1), ends, strict=True):
            if angle < cone:
                found, other = _contact_angle(part, facing, end, side, approach, not number, jaw)
                angle = max(angle, found)
                unknown[side > 0] |= other
        if angle < cone and not number:
            # Not of thin walls, whose faces run alike: one widens where the other narrows.
            angle = max(angle, _widening(part, tip))
        if angle >= cone:
            rejected[SLIPPERY] += 1
            continue
        touching = min(_touching_share(part[end, 0] - x, jaw.finger_width) for end in ends)
        engaged = min(1.0, (tip - float(part[:, 2].min())) / _PAD_DEPTH)
        middle = float(part[0, 1] + part[-1, 1]) / 2
        yield Draft(
            axes,
            axes @ np.array([x, middle, tip - jaw.tip]),
            width,
            "rim" if number else "across",
            approach,
            1 - angle / cone,
            touching * engaged,
            sum(float(part[end, 3].mean()) for end in ends) / 2,
            (unknown[0], unknown[1]),
        )


def _widening(part: DoubleArray, tip: float) -> float:
    """The angle at which a side widens towards the finger tips, as a cone does; 0 unknown.

    ``part`` is sorted along y.
    """
    level = ((tip - part[:, 2]) / _LEVEL).astype(np.int64)
    inside = [np.flatnonzero(level == at) for at in range(_LEVELS)]
    seen = [at for at in range(_LEVELS) if len(inside[at])]
    if len(seen) < 2:
        return 0.0
    deep, shallow = inside[seen[0]], inside[seen[-1]]
    low = part[shallow[0], 1] - part[deep[0], 1]
    high = part[deep[-1], 1] - part[shallow[-1], 1]
    growth = max(0.0, float(low), float(high)) / ((seen[-1] - seen[0]) * _LEVEL)
    return float(np.arctan(growth))


def _touching_share(x: DoubleArray, width: float) -> float:
    """How much of the pad's width has surface under it, from points at ``x`` from its middle."""
    bins = ((x / width + 0.5) * _BINS).astype(np.int64)
    return float(np.count_nonzero(np.bincount(bins, minlength=_BINS))) / _BINS


def _contact_angle(
    part: DoubleArray,
    normals: DoubleArray,
    end: slice,
    side: int,
    approach: str,
    across: bool,
    jaw: ParallelJaw,
) -> tuple[float, bool]:
    """One finger's contact: the angle between surface normal and closing axis, and a doubt.

    Across an object from above, the angle around the approach counts: the upright pad touches the
    widest part of a rounded side, and `_widening` tells whether that is at its tip. The doubt is
    True where only the other face of the wall is known.
    """
    touching = normals[end]
    is_wall = np.abs(touching[:, 2]) < _FACING
    walls, heights = touching[is_wall], part[end, 2][is_wall]
    if approach != "above" and len(walls) < _LEAST_WALL * len(touching):
        return np.pi / 2, False  # the front of something wider
    if len(walls) >= 2 and (approach != "above" or heights.max() - heights.min() > _EDGE):
        # Both faces of a thin wall are near; they are assumed to be parallel.
        other = side * walls[:, 1] < -_OTHER_FACE
        x, y, z = np.where(other, -side, side) @ walls
        if across and approach == "above":
            z = 0.0
        return float(np.arctan2(np.hypot(x, z), y)), 2 * int(np.count_nonzero(other)) > len(walls)
    if approach != "above":
        return np.pi / 2, False
    # Only an edge was seen from above: the wall below it is assumed to be upright.
    third = jaw.finger_width / 3
    x = part[:, 0] - (part[:, 0].min() + part[:, 0].max()) / 2
    ends = [side * part[np.abs(x - at) < third / 2, 1] for at in (-third, third)]
    if not len(ends[0]) or not len(ends[1]):
        return _UNKNOWN_ANGLE, False
    return float(np.arctan(abs(ends[1].max() - ends[0].max()) / (2 * third))), False

"""Candidates of a parallel jaw: antipodal pairs along cross-sections, and rims.

The completed object is cut into bands as wide as a finger, across each approach direction and
closing axis. Along the closing axis a band of a solid object is one interval; a band of a hollow
one is several, with room for a finger between them: its rims.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from zsris_ros.grasping.completion import CompletedObject
from zsris_ros.grasping.gripper import ParallelJaw
from zsris_ros.grasping.plan import DoubleArray, GraspSettings

_ABOVE_TURNS = np.radians(np.arange(0.0, 180.0, 15.0))
_SIDE_TURNS = np.radians(np.arange(0.0, 360.0, 45.0))
_RIM_TURNS = np.radians(np.arange(0.0, 360.0, 30.0))
_SIDE_SLOPE, _TILT_SLOPE, _RIM_SLOPE = np.radians((12.0, 50.0, 47.0))  # below the horizontal
_OFFSETS = (0.0, -0.35, 0.35, -0.7, 0.7)  # of half the extent along x
_DEPTHS = (0.012, 0.022, 0.036)  # metres from the first contact to the finger tips
_CONTACT = 0.006  # metres behind the extreme point that touch the pad
_FACING = 0.93  # a normal this much along the approach belongs to no side of the object
_UNKNOWN_ANGLE = np.radians(20.0)  # of a contact of which too little was seen
_BINS = 5
_PAD_DEPTH = 0.022  # metres of engagement that count as full
_ROOM = 0.006  # metres that a finger needs beside its thickness inside a hollow object

SLIPPERY = "the contact surfaces are not opposite each other"


@dataclass(frozen=True, eq=False)
class Draft:
    """A grasp before collision checks: TCP ``axes`` and ``position`` in the support frame."""

    axes: DoubleArray
    position: DoubleArray
    width: float
    kind: Literal["across", "rim"]
    approach: Literal["above", "tilted", "side"]
    antipodality: float
    surface: float
    visible: float
    inner: tuple[bool, bool] = (False, False)
    """Whether the finger at -y, and at +y, goes between walls of the object."""


def wider_than(jaw: ParallelJaw) -> str:
    """The reason for a rejection."""
    return f"wider than {jaw.opening:g} m"


def draft_grasps(
    shape: CompletedObject, jaw: ParallelJaw, settings: GraspSettings, rejected: Counter[str]
) -> list[Draft]:
    """Return drafts that fit the opening and the friction cone; count the others by reason."""
    drafts: list[Draft] = []
    for axes, approach in _directions():
        local = shape.points @ axes
        normals = shape.normals @ axes
        visible = np.arange(len(local)) < shape.visible
        for x in _lateral_offsets(local[:, 0], jaw):
            band = np.abs(local[:, 0] - x) <= jaw.finger_width / 2
            if np.count_nonzero(band) < 6:
                continue
            order = np.argsort(local[band, 1])
            cut = np.column_stack([local[band][order], visible[band][order]])
            facing = normals[band][order]
            for tip in _tips(cut, axes, approach, jaw, settings):
                deep = cut[:, 2] <= tip
                drafts.extend(
                    _grasps_in(
                        cut[deep], facing[deep], axes, approach, x, tip, jaw, settings, rejected,
                        shape.resolution,
                    )
                )
    return drafts


def _directions() -> Iterator[tuple[DoubleArray, Literal["above", "tilted", "side"]]]:
    """TCP axes (columns x, y, z in the support frame) and the name of the approach."""
    down = np.array([0.0, 0.0, -1.0])
    for turn in _ABOVE_TURNS:
        yield _axes(down, np.array([np.cos(turn), np.sin(turn), 0.0])), "above"
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
    return np.stack([np.cross(closing, approach), closing, approach], axis=1)


def _lateral_offsets(x: DoubleArray, jaw: ParallelJaw) -> list[float]:
    """Where to cut: the middle first; not closer together than a third of a finger's width."""
    low, high = np.percentile(x, (1, 99))
    offsets: list[float] = []
    for share in _OFFSETS:
        offset = float((low + high) / 2 + share * (high - low) / 2)
        if all(abs(offset - other) >= jaw.finger_width / 3 for other in offsets):
            offsets.append(offset)
    return offsets


def _tips(
    cut: DoubleArray,
    axes: DoubleArray,
    approach: str,
    jaw: ParallelJaw,
    settings: GraspSettings,
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
    approach: Literal["above", "tilted", "side"],
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
        intervals += list(zip(edges[:-1], edges[1:], strict=True))
    for number, (start, stop) in enumerate(intervals):
        part, facing = cut[start:stop], normals[start:stop]
        if len(part) < 4:
            continue
        width = float(part[-1, 1] - part[0, 1]) + 2 * resolution
        if width > jaw.opening - 2 * settings.min_clearance:
            rejected[wider_than(jaw)] += 1
            continue
        cone = float(np.arctan(settings.friction))
        sides = [_contact(part, facing, side, x, approach, jaw) for side in (-1, 1)]
        antipodality = 1 - max(angle for angle, _ in sides) / cone
        if antipodality <= 0:
            rejected[SLIPPERY] += 1
            continue
        engaged = min(1.0, (tip - float(part[:, 2].min())) / _PAD_DEPTH)
        middle = float(part[0, 1] + part[-1, 1]) / 2
        ends = [np.abs(part[:, 1] - part[end, 1]) <= _CONTACT for end in (0, -1)]
        yield Draft(
            axes,
            axes @ np.array([x, middle, tip - jaw.tip]),
            width,
            "rim" if number else "across",
            approach,
            antipodality,
            0.5 * min(share for _, share in sides) + 0.5 * engaged,
            float(np.mean([part[end, 3].mean() for end in ends])),
            (start > 0, stop < len(cut)),
        )


def _contact(
    part: DoubleArray, normals: DoubleArray, side: int, x: float, approach: str, jaw: ParallelJaw
) -> tuple[float, float]:
    """One finger's contact: the angle between surface normal and closing axis, and how much of the
    pad's width touches.
    """
    extreme = part[-1, 1] if side > 0 else part[0, 1]
    touching = np.abs(part[:, 1] - extreme) <= _CONTACT
    points = part[touching]
    bins = np.clip(
        ((points[:, 0] - x) / jaw.finger_width + 0.5) * _BINS, 0, _BINS - 1e-6
    ).astype(np.int64)
    share = len(np.unique(bins)) / _BINS
    walls = normals[touching]
    walls = walls[np.abs(walls[:, 2]) < _FACING]
    if len(walls) >= 2:
        # Both faces of a thin wall are near; they are assumed to be parallel.
        mean = (walls * np.where(side * walls[:, 1] < 0, -1, 1)[:, None]).mean(axis=0)
        cosine = side * mean[1] / max(1e-6, float(np.linalg.norm(mean)))
        return float(np.arccos(np.clip(cosine, -1, 1))), share
    if approach != "above":
        return np.pi / 2, share
    # Only an edge was seen from above: the wall below it is assumed to be upright.
    third = jaw.finger_width / 3
    ends = [side * part[np.abs(part[:, 0] - x - at) < third / 2, 1] for at in (-third, third)]
    if not len(ends[0]) or not len(ends[1]):
        return _UNKNOWN_ANGLE, share
    slope = float(ends[1].max() - ends[0].max()) / (2 * third)
    return float(np.arctan(abs(slope))), share

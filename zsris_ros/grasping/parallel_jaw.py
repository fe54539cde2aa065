"""Drafts of a parallel jaw: antipodal pairs along cross-sections, and rims of hollow objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from zsris_ros.grasping.completion import CompletedObject
from zsris_ros.grasping.cross_sections import Cuts, Parts, cut_bands, find_parts, members, span
from zsris_ros.grasping.gripper import ParallelJaw
from zsris_ros.grasping.plan import DoubleArray, GraspSettings
from zsris_ros.types import BoolArray

_ABOVE_TURNS = np.radians(np.arange(0.0, 180.0, 15.0))
_SIDE_TURNS = np.radians(np.arange(0.0, 360.0, 45.0))
_RIM_TURNS = np.radians(np.arange(0.0, 360.0, 36.0))
_SIDE_SLOPE, _TILT_SLOPE, _RIM_SLOPE = np.radians((12.0, 50.0, 47.0))  # below the horizontal
_CONTACT = 0.006  # metres behind the extreme point that touch the pad
_FACING = 0.93  # a normal this much along the approach belongs to no side of the object
_LEAST_WALL = 0.4  # share of a contact, at a slant or from the side, that must be a side
_EDGE = 0.005  # metres of a side below its upper edge, whose normals are between both faces'
_OTHER_FACE = 0.3  # a normal this much away from the finger belongs to the wall's other face
_UNKNOWN_ANGLE = np.radians(20.0)  # of a contact of which too little was seen
_BINS = 5
_LEVEL, _LEVELS = 0.005, 3  # metres above the tips over which widening is measured
_PAD_DEPTH = 0.022  # metres of engagement that count as full

Approach = Literal["above", "tilted", "side"]

SLIPPERY = "the contact surfaces are not opposite each other"


@dataclass(frozen=True, eq=False)
class GraspDraft:
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
    """Return the reason for a rejection."""
    return f"wider than {jaw.opening:g} m"


@dataclass(frozen=True, eq=False)
class _Contacts:
    """The points near both ends of P parts, where pads touch. Arrays Px2: at -y, and at +y.

    ``angle`` is between surface normal and closing axis, ``doubtful`` where only the other face of
    a wall is known, ``touching`` the share of the pad's width with surface under it, ``visible``
    that of the points that were seen.
    """

    angle: DoubleArray
    doubtful: BoolArray
    touching: DoubleArray
    visible: DoubleArray


def draft_grasps(
    shape: CompletedObject,
    jaw: ParallelJaw,
    settings: GraspSettings,
    rejected: Counter[str],
    from_above: bool,
) -> list[GraspDraft]:
    """Return drafts that fit the opening and the friction cone; count the others by reason.

    Approaches are straight from above, or all others.
    """
    directions = list(_above(shape) if from_above else _inclined_directions())
    widest = jaw.opening - 2 * settings.min_clearance
    cuts, direction = cut_bands(
        shape.points,
        np.stack([axes for axes, _ in directions]),
        jaw,
        settings,
        from_above,
        widest - 2 * shape.resolution,
    )
    parts = find_parts(cuts, jaw)
    width = cuts.y[parts.stop - 1] - cuts.y[parts.start] + 2 * shape.resolution
    fits = width <= widest
    parts, width = parts.where(fits), width[fits]
    contacts = _contacts(shape, cuts, parts, jaw, from_above)
    # The faces of a thin wall are parallel: one widens where the other narrows.
    widening = np.where(parts.whole, _widening(cuts)[parts.cut], 0.0)
    angle = np.maximum(contacts.angle.max(axis=1), widening)
    cone = float(np.arctan(settings.friction))
    holds = angle < cone
    for reason, kept in ((wider_than(jaw), fits), (SLIPPERY, holds)):
        if not kept.all():
            rejected[reason] += int(np.count_nonzero(~kept))
    runs = np.stack([parts.start, parts.stop], axis=1).ravel()
    tallest = np.maximum.reduceat(np.append(cuts.above, 0.0), runs)[::2]
    surface = contacts.touching.min(axis=1) * np.minimum(1.0, tallest / _PAD_DEPTH)
    inner = contacts.doubtful | np.stack(
        [parts.start > cuts.bounds[parts.cut], parts.stop < cuts.bounds[parts.cut + 1]], axis=1
    )
    middle = (cuts.y[parts.start] + cuts.y[parts.stop - 1]) / 2
    tcp = np.stack([cuts.offset[parts.cut], middle, cuts.tip[parts.cut] - jaw.tip], axis=1)
    positions = np.einsum("nij,nj->ni", cuts.axes[parts.cut], tcp)
    visible = contacts.visible.mean(axis=1)
    return [
        GraspDraft(
            axes=cuts.axes[parts.cut[part]],
            position=positions[part],
            width=float(width[part]),
            kind="across" if parts.whole[part] else "rim",
            approach=directions[direction[parts.cut[part]]][1],
            antipodality=float(1 - angle[part] / cone),
            surface=float(surface[part]),
            visible=float(visible[part]),
            inner=(bool(inner[part, 0]), bool(inner[part, 1])),
        )
        for part in np.flatnonzero(holds)
    ]


def _above(shape: CompletedObject) -> Iterator[tuple[DoubleArray, Approach]]:
    """TCP axes (columns x, y, z in the support frame) straight down, and the approach's name.

    Two of the closing axes are across the sides of the narrowest rectangle around the object.
    """
    down = np.array([0.0, 0.0, -1.0])
    side = np.radians(cv2.minAreaRect(shape.points[:, :2].astype(np.float32))[2])
    for turn in side + _ABOVE_TURNS:
        yield _axes(down, np.array([np.cos(turn), np.sin(turn), 0.0])), "above"


def _inclined_directions() -> Iterator[tuple[DoubleArray, Approach]]:
    """Return the directions of approach at a slant and from the side."""
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


def _contacts(
    shape: CompletedObject, cuts: Cuts, parts: Parts, jaw: ParallelJaw, from_above: bool
) -> _Contacts:
    """Return the contacts of both fingers with each part.

    Across an object from above, the angle around the approach counts: the upright pad touches the
    widest part of a rounded side, and `_widening` determines whether that is at its tip.
    """
    along = cuts.y + span(cuts.y) * cuts.cut  # ascending
    inner = (
        np.searchsorted(along, along[parts.start] + _CONTACT),
        np.searchsorted(along, along[parts.stop - 1] - _CONTACT),
    )
    first = np.stack([parts.start, inner[1]], axis=1).ravel()
    last = np.stack([inner[0], parts.stop], axis=1).ravel()
    side = np.tile((-1.0, 1.0), len(parts.cut))
    contact, point = members(first, last)

    def total(values: DoubleArray | BoolArray) -> DoubleArray:
        return np.bincount(contact, values, len(first)).astype(np.float64)

    axes = cuts.axes[cuts.cut[point]]
    normals = np.einsum("ni,nij->nj", shape.normals[cuts.index[point]], axes)
    is_wall = np.abs(normals[:, 2]) < _FACING
    # Both faces of a thin wall are near; they are assumed to be parallel.
    other = is_wall & (side[contact] * normals[:, 1] < -_OTHER_FACE)
    sign = is_wall * np.where(other, -side[contact], side[contact])
    x, y, z = (total(sign * normals[:, axis]) for axis in range(3))
    if from_above:
        z[np.repeat(parts.whole, 2)] = 0.0
    angle = np.arctan2(np.hypot(x, z), y)
    size, walls = last - first, total(is_wall)
    doubtful = 2 * total(other) > walls
    if from_above:
        above = cuts.above[point]
        begins = np.cumsum(size) - size
        highest = np.maximum.reduceat(np.where(is_wall, above, -np.inf), begins)
        lowest = np.minimum.reduceat(np.where(is_wall, above, np.inf), begins)
        edges = np.flatnonzero((walls < 2) | (highest - lowest <= _EDGE))
        doubtful[edges] = False
        for edge in edges:
            part = slice(parts.start[edge // 2], parts.stop[edge // 2])
            angle[edge] = _edge_angle(cuts.x[part], side[edge] * cuts.y[part], jaw)
    else:  # else the front of something wider
        angle[(walls < 2) | (walls < _LEAST_WALL * size)] = np.pi / 2
    bins = ((cuts.x[point] / jaw.finger_width + 0.5) * _BINS).astype(np.int64)
    touched = np.zeros((len(first), _BINS + 1), bool)
    touched[contact, bins] = True
    return _Contacts(
        angle.reshape(-1, 2),
        doubtful.reshape(-1, 2),
        (np.count_nonzero(touched, axis=1) / _BINS).reshape(-1, 2),
        (total(cuts.index[point] < shape.visible) / size).reshape(-1, 2),
    )


def _edge_angle(x: DoubleArray, outwards: DoubleArray, jaw: ParallelJaw) -> float:
    """Return the angle of a side of which only an edge was seen from above.

    The wall below is assumed to be upright. ``outwards`` is along the closing axis.
    """
    third = jaw.finger_width / 3
    x = x - (x.min() + x.max()) / 2
    ends = [outwards[np.abs(x - at) < third / 2] for at in (-third, third)]
    if not len(ends[0]) or not len(ends[1]):
        return float(_UNKNOWN_ANGLE)
    return float(np.arctan(abs(ends[1].max() - ends[0].max()) / (2 * third)))


def _widening(cuts: Cuts) -> DoubleArray:
    """Return the angles at which sides of cuts widen towards the finger tips; 0 if unknown."""
    level = (cuts.above / _LEVEL).astype(np.int64)
    begins = cuts.bounds[:-1]
    at = level == np.arange(_LEVELS)[:, None]
    low = np.minimum.reduceat(np.where(at, cuts.y, np.inf), begins, axis=1)
    high = np.maximum.reduceat(np.where(at, cuts.y, -np.inf), begins, axis=1)
    seen = np.isfinite(low)
    deep = np.argmax(seen, axis=0)
    shallow = _LEVELS - 1 - np.argmax(seen[::-1], axis=0)
    cut = np.arange(len(begins))
    known = np.count_nonzero(seen, axis=0) > 1
    cut, deep, shallow = cut[known], deep[known], shallow[known]
    growth = np.maximum(
        low[shallow, cut] - low[deep, cut], high[deep, cut] - high[shallow, cut]
    ) / ((shallow - deep) * _LEVEL)
    angles = np.zeros(len(begins))
    angles[known] = np.arctan(np.maximum(0.0, growth))
    return angles

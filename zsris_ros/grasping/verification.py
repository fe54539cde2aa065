"""Was an object taken? Its place in a picture before and after, seen by a camera at rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from zsris_ros.geometry.centroid import eroded_core
from zsris_ros.geometry.masks import bounding_region
from zsris_ros.geometry.projection import valid_depth
from zsris_ros.types import BoolArray, ByteArray, FloatArray, Frame, RegionOfInterest

_AROUND = 1.0  # of the object's longer side: reach of the compared surroundings
_LEAST_AROUND = 12  # pixels
_RIM = 4  # pixels at the contour that are neither object nor surroundings
_NOISE = 0.005, 0.01  # least tolerance of depth: metres, and share of the depth
_DEVIATIONS = 5.0  # of the depth of the surroundings
_MIN_VALID = 0.3  # least share of the place with depth in both frames
_STEADY = 0.6  # least share of the surroundings that did not change
_MOSTLY = 0.6  # share of the place that decides
_HIDDEN = 0.2  # largest share of the place behind something nearer
_NEW = 0.25  # new surface beside the place, as a share of the object's area
_OTHER_COLOUR = 45.0  # of 255, mean difference of the place beyond that of the surroundings
_OTHER_TINT = 25.0  # of 255, mean difference of the place in equal light


class Taken(Enum):
    """The closed set of answers to "was it taken?"."""

    TAKEN = "TAKEN"
    STILL_THERE = "STILL_THERE"
    CANNOT_TELL = "CANNOT_TELL"


@dataclass(frozen=True)
class TakenCheck:
    """The answer with its reason as one sentence.

    ``gone`` is the share of the compared pixels of the place where the surface has gone, ``same``
    where it is unchanged; both 0 where nothing could be compared.
    """

    taken: Taken
    reason: str
    gone: float = 0.0
    same: float = 0.0


@dataclass(frozen=True, eq=False)
class ObjectView:
    """An object and its surroundings in one frame, cut out.

    Attributes:
        roi: Rows and columns of the cutting in the frame.
        shape: Height and width of the frame.
        rgb: Uint8 hxwx3.
        depth: Float32 hxw, metres.
        mask: Bool hxw, the object.
    """

    roi: RegionOfInterest
    shape: tuple[int, int]
    rgb: ByteArray
    depth: FloatArray
    mask: BoolArray

    @staticmethod
    def of(frame: Frame, mask: BoolArray) -> ObjectView | None:
        """Cut an object out of its frame; None without depth or for an empty mask."""
        inner = bounding_region(mask)
        if inner is None or frame.depth is None:
            return None
        rows, columns = inner
        longer = max(rows.stop - rows.start, columns.stop - columns.start)
        margin = max(_LEAST_AROUND, round(_AROUND * longer))
        roi = (
            slice(max(0, rows.start - margin), min(frame.height, rows.stop + margin)),
            slice(max(0, columns.start - margin), min(frame.width, columns.stop + margin)),
        )
        shape = frame.height, frame.width
        return ObjectView(
            roi, shape, frame.rgb[roi].copy(), frame.depth[roi].copy(), mask[roi].copy()
        )


def check_taken(before: ObjectView, now: Frame) -> TakenCheck:
    """Compare an object's place with a later frame of the same camera at the same place.

    Depth decides: the place shows the surface behind the object (taken), the same surface (still
    there), or a nearer one (cannot tell). At equal depth, other colours mean another object, or the
    support under a flat one. Three cases stay undecided: light or shadow alone, a moved camera,
    which changes the surroundings, and a pushed object, which adds a surface beside its place.

    Args:
        before: The object in the frame of the request.
        now: The later frame.

    Returns:
        The answer with its reason.
    """
    if now.depth is None:
        return _unknown("the newest image has no depth")
    if (now.height, now.width) != before.shape:
        return _unknown("the images have another size now")
    depth, rgb = now.depth[before.roi], now.rgb[before.roi]
    both = valid_depth(before.depth) & valid_depth(depth)
    place = eroded_core(before.mask, before.mask & valid_depth(before.depth))
    beside = ~_grown(before.mask, _RIM)
    change = np.where(both, depth - before.depth, 0)
    if not _mostly_valid(both, beside):
        return _unknown("there is too little depth around its place")
    tolerance = _tolerance(before.depth, change, both & beside)
    farther, nearer = change > tolerance, change < -tolerance
    if not _mostly_valid(both, place):
        return _unknown("there is too little depth at its place")
    steady = float((~farther & ~nearer)[both & beside].mean())
    gone, hidden = float(farther[both & place].mean()), float(nearer[both & place].mean())
    same = 1 - gone - hidden
    new = np.count_nonzero(nearer & both & beside) / np.count_nonzero(before.mask)
    if steady < _STEADY:
        reason = "the surroundings have changed: the camera has moved, or the arm is in view"
    elif hidden > _HIDDEN:
        reason = "something is in front of its place"
    elif gone >= _MOSTLY and new > _NEW:
        reason = "its place is empty, but something new is beside it: it may have been pushed"
    elif gone >= _MOSTLY:
        return TakenCheck(Taken.TAKEN, "Its place shows what was behind it.", gone, same)
    elif same < _MOSTLY:
        reason = "its place has changed in part: it may have moved"
    else:
        brighter, recoloured = _colour_changes(before, rgb, place & both, beside & both)
        if not brighter:
            return TakenCheck(Taken.STILL_THERE, "Its place looks as before.", gone, same)
        if recoloured:
            return TakenCheck(Taken.TAKEN, "Another surface is at its place.", gone, same)
        reason = "its place is as far away as before, but lighter or darker"
    return _unknown(reason, gone, same)


def _unknown(reason: str, gone: float = 0.0, same: float = 0.0) -> TakenCheck:
    return TakenCheck(Taken.CANNOT_TELL, f"It cannot be told: {reason}.", gone, same)


def _mostly_valid(valid: BoolArray, where: BoolArray) -> bool:
    return bool(where.any() and valid[where].mean() >= _MIN_VALID)


def _tolerance(depth: FloatArray, change: FloatArray, beside: BoolArray) -> FloatArray:
    """Return the change of depth due to noise, float32 HxW, from the surroundings' changes."""
    metres, share = _NOISE
    deviation = 1.4826 * float(np.median(np.abs(change[beside])))
    least = np.maximum(metres, share * np.where(valid_depth(depth), depth, 0))
    return np.maximum(least, min(_DEVIATIONS * deviation, 0.03)).astype(np.float32)


def _colour_changes(
    before: ObjectView, rgb: ByteArray, place: BoolArray, beside: BoolArray
) -> tuple[bool, bool]:
    """Return whether the place changed in brightness or colour, and whether light is no reason.

    Light changes the surroundings as well, or scales all colours of the place equally.
    """
    old, new = before.rgb.astype(np.float32), rgb.astype(np.float32)
    everywhere = np.median((new - old)[beside], axis=0)
    changed = float(np.abs((new - old)[place] - everywhere).mean())
    scale = float(new[place].sum() / max(1.0, float(old[place].sum())))
    tinted = float(np.abs(new[place] - scale * old[place]).mean())
    return changed > _OTHER_COLOUR, tinted > _OTHER_TINT


def _grown(mask: BoolArray, pixels: int) -> BoolArray:
    kernel = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)

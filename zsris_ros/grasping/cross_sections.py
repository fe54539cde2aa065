"""Cross-sections of an object where a parallel jaw may close: bands, cut off at the finger tips.

A band is as wide as a finger and lies across a closing axis. Along this axis a band of a solid
object is one interval; a band of a hollow one is several, with room for a finger between them. All
cuts of all directions are computed together, as flat arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from zsris_ros.grasping.gripper import ParallelJaw
from zsris_ros.grasping.plan import DoubleArray, GraspSettings
from zsris_ros.types import BoolArray

IndexArray = npt.NDArray[np.int64]

_OFFSETS = (0.0, -0.35, 0.35, -0.7, 0.7)  # of half the extent along x
_DEPTHS = (0.012, 0.022, 0.036)  # metres from the first contact to the finger tips
_ROOM = 0.006  # metres that a finger needs beside its thickness inside a hollow object
_FEWEST, _FEWEST_IN_BAND = 4, 6  # points of a part, and of a band


@dataclass(frozen=True, eq=False)
class Cuts:
    """The points of C cuts: bands as wide as a finger, down to the finger tips. Metres.

    Arrays over cuts: ``axes`` float64 Cx3x3, ``offset`` along x, ``tip`` along z, ``bounds`` int64
    C+1, where the points of each begin. Arrays over points, cut by cut, sorted along y in each:
    ``cut``, ``index`` of the point in the object, ``x`` from the band's middle, ``y``, and
    ``above``, the distance of the finger tips.
    """

    axes: DoubleArray
    offset: DoubleArray
    tip: DoubleArray
    bounds: IndexArray
    cut: IndexArray
    index: IndexArray
    x: DoubleArray
    y: DoubleArray
    above: DoubleArray


@dataclass(frozen=True, eq=False)
class Parts:
    """Runs of points from ``start`` to ``stop`` that a gripper may close on, int64 P each.

    ``cut`` is the cut of each. Where ``whole``, a part is all of its cut; else a rim.
    """

    cut: IndexArray
    start: IndexArray
    stop: IndexArray
    whole: BoolArray

    def where(self, chosen: BoolArray) -> Parts:
        """Return the chosen parts."""
        return Parts(self.cut[chosen], self.start[chosen], self.stop[chosen], self.whole[chosen])


def cut_bands(
    points: DoubleArray,
    axes: DoubleArray,
    jaw: ParallelJaw,
    settings: GraspSettings,
    from_above: bool,
    widest: float,
) -> tuple[Cuts, IndexArray]:
    """Return the cuts through an object that have four points or more.

    Args:
        points: The object's surface, float64 Nx3.
        axes: TCP axes as columns, float64 Dx3x3.
        jaw: Its fingers give the width of bands and how deep they reach.
        settings: The planner's.
        from_above: Whether the axes are straight down; tips then stay clear of the support.
        widest: The most that fits between the fingers, along y.

    Returns:
        The cuts, and for each the index of its axes.
    """
    local = axes.transpose(0, 2, 1) @ points.T  # Dx3xN
    band_axes, offset = _lateral_offsets(local[:, 0], from_above, jaw)
    across = local[band_axes, 0] - offset[:, None]
    inside = np.flatnonzero(np.abs(across) <= jaw.finger_width / 2)
    band, index = np.divmod(inside, len(points))
    y, z = (local[band_axes[band], axis, index] for axis in (1, 2))
    order = np.argsort(band * span(y) + y)
    band, index, y, z = band[order], index[order], y[order], z[order]
    bounds = np.searchsorted(band, np.arange(len(offset) + 1))
    lowest = -settings.support_clearance if from_above else np.inf
    band_of_cut, tip = _tips(y, z, bounds, lowest, widest, jaw)
    cut, member = members(bounds[band_of_cut], bounds[band_of_cut + 1])
    deep = z[member] <= tip[cut]
    sizes = np.bincount(cut[deep], minlength=len(tip))
    deep &= sizes[cut] >= _FEWEST
    enough = sizes >= _FEWEST
    cut, member = (np.cumsum(enough) - 1)[cut[deep]], member[deep]
    band_of_cut, tip = band_of_cut[enough], tip[enough]
    cuts = Cuts(
        axes=axes[band_axes[band_of_cut]],
        offset=offset[band_of_cut],
        tip=tip,
        bounds=np.append(0, np.cumsum(sizes[enough])),
        cut=cut,
        index=index[member],
        x=across[band[member], index[member]],
        y=y[member],
        above=tip[cut] - z[member],
    )
    return cuts, band_axes[band_of_cut]


def span(values: DoubleArray) -> float:
    """Return a length whose multiples, added to runs of values, keep the runs apart."""
    return 2 * float(np.abs(values).max(initial=0.0)) + 1


def _lateral_offsets(
    x: DoubleArray, from_above: bool, jaw: ParallelJaw
) -> tuple[IndexArray, DoubleArray]:
    """Return where to cut objects with points at ``x`` DxN, as rows and places.

    The middle of a row is first; places are not closer together than a third of a finger's width.
    """
    rows: list[int] = []
    places: list[float] = []
    for row, (low, high) in enumerate(np.percentile(x, (1, 99), axis=1).T.tolist()):
        found: list[float] = []
        for share in _OFFSETS if from_above else _OFFSETS[:3]:
            place = (low + high) / 2 + share * (high - low) / 2
            if all(abs(place - other) >= jaw.finger_width / 3 for other in found):
                found.append(place)
        rows += [row] * len(found)
        places += found
    return np.array(rows), np.array(places)


def _tips(
    y: DoubleArray,
    z: DoubleArray,
    bounds: IndexArray,
    lowest: float,
    widest: float,
    jaw: ParallelJaw,
) -> tuple[IndexArray, DoubleArray]:
    """Return the z of the finger tips in bands of points ``y``, ``z``, as bands and places.

    Some depths behind the first contact, which is the second point of a band, and none beyond
    ``lowest``; and as deep as a band is not wider than ``widest``: on a ball almost as wide as the
    jaw, fingers slip off higher up. The points of band b begin at bounds[b]; a band of few points
    has no tips.
    """
    tips: list[float] = []
    bands: list[int] = []
    for band, (start, stop) in enumerate(pairwise(bounds.tolist())):
        if stop - start < _FEWEST_IN_BAND:
            continue
        first = float(np.partition(z[start:stop], 1)[1])
        last = first - 1
        fitting = _last_that_fits(y[start:stop], z[start:stop], widest) - first
        for depth in sorted((*_DEPTHS, min(fitting, _DEPTHS[-1]))):
            tip = min(first + min(depth, jaw.finger_length - 0.004), lowest)
            if tip > first + 0.002 and tip - last > 0.004:
                last = tip
                bands.append(band)
                tips.append(tip)
    return np.array(bands, np.int64), np.array(tips)


def _last_that_fits(y: DoubleArray, z: DoubleArray, widest: float) -> float:
    """Return the z down to which points are within ``widest`` along y; inf if none are."""
    order = np.argsort(z)
    y, z = y[order], z[order]
    width = np.maximum.accumulate(y) - np.minimum.accumulate(y)
    wider = int(np.searchsorted(width, widest, side="right"))
    return float(z[wider - 1]) if wider < len(z) else np.inf


def find_parts(cuts: Cuts, jaw: ParallelJaw) -> Parts:
    """Whole cuts and, where a cut has gaps with room for a finger, what lies between the gaps."""
    number = np.arange(len(cuts.tip))
    begins, ends = cuts.bounds[:-1], cuts.bounds[1:]
    wide = np.diff(cuts.y) > jaw.finger_thickness + _ROOM
    gaps = np.flatnonzero(wide & (np.diff(cuts.cut) == 0)) + 1
    hollow = np.isin(number, cuts.cut[gaps])
    start = np.sort(np.concatenate([begins[hollow], gaps]))
    stop = np.sort(np.concatenate([ends[hollow], gaps]))
    parts = Parts(
        np.concatenate([number, cuts.cut[start]]),
        np.concatenate([begins, start]),
        np.concatenate([ends, stop]),
        np.arange(len(number) + len(start)) < len(number),
    )
    return parts.where(parts.stop - parts.start >= _FEWEST)


def members(first: IndexArray, last: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Return the run of each member and the members, of runs from ``first`` to ``last``."""
    sizes = last - first
    run = np.repeat(np.arange(len(first)), sizes)
    begins = np.cumsum(sizes) - sizes
    return run, np.arange(len(run)) + (first - begins)[run]

"""Ternary spatial predicates over the visible objects of a tabletop scene.

Each predicate is measured in several ways: a position by the mean of the visible pixels and by the
centre of their box, a distance by the visible surface and by the whole object, a size in pixels and
in metres. A predicate holds (1) where all measures agree by a margin, does not hold (-1) where all
agree on the opposite by a margin, and is undecided (0) otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.tabletop import TabletopScene

Measures = npt.NDArray[np.float64]
"""RxN: R measures of N objects."""
Ternary = npt.NDArray[np.int8]
"""1 holds, -1 does not hold, 0 undecided."""

SIDE = 0.08
"""Left, right, above, below: minimum offset as share of the image; with SLANT."""
SLANT = 0.7
"""Minimum offset along the side's axis for each pixel across it."""
BACK = 0.04
"""Offset to the opposite side, as share of the image, from which a side does not hold."""
RANK = 0.05
"""Minimum gap between neighbours in a left-right or top-bottom order, as share of the image."""
DEPTH_M = 0.05
"""Minimum gap in metres between neighbours by distance, and for in front of and behind."""
DEPTH_SLANT = 1.0
"""Maximum lateral offset of an object behind for each metre that it is further away."""
SIZE_PIXELS, SIZE_METRES = 1.5, 1.15
"""Minimum ratios of visible pixels and of box diagonals for "bigger"."""
TALL_PIXELS, TALL_METRES = 1.15, 1.25
"""Minimum ratios of the heights of the boxes in the image and of the objects for "taller"."""
LONG = 1.3
"""Least ratio of height to length of a standing object, and of length to height of a lying one."""
SAME = 0.3
"""Share of a size margin, in the opposite direction, from which "bigger" does not hold."""
BESIDE_M, BESIDE = (0.06, 0.14), (0.06, 0.12)
"""Next to: gap between two objects in metres, and between their boxes as share of the width;
below the first it holds, above the second it does not."""
NEAR_M, FAR_M = (0.16, 0.26), (0.32, 0.20)
"""Near and far from: the same between the centres, in metres."""


def exceeds(measures: Measures, gap: Measures | float, back: Measures | float) -> Ternary:
    """Return NxN: whether object a clearly exceeds object b in RxN ``measures``."""
    ahead = measures[:, :, None] - measures[:, None, :]
    holds = (ahead >= gap).all(axis=0)
    opposite = (ahead <= -np.asarray(back)).all(axis=0)
    return np.where(holds, 1, np.where(opposite, -1, 0)).astype(np.int8)


def clear_order(measures: Measures, objects: Sequence[int], gap: float) -> list[int]:
    """Return ``objects`` in ascending order, up to the first without a clear gap to all later."""
    order = sorted(objects, key=lambda i: float(measures[0, i]))
    for rank, index in enumerate(order):
        if not (measures[:, order[rank + 1 :]] - measures[:, [index]] >= gap).all():
            return order[:rank]
    return order


def _log_margins(*ratios: float) -> Measures:
    """Rx1x1 logarithmic margins, to be compared with RxNxN differences."""
    return np.log(np.array(ratios, float).reshape(-1, 1, 1))


class ScenePredicates:
    """The spatial predicates over the N visible objects of a scene."""

    def __init__(self, scene: TabletopScene) -> None:
        height, width = scene.labels.shape
        objects = scene.objects
        self.count = len(objects)
        self.aspect = height / width
        self.boxes: Measures = np.array([t.box for t in objects]).reshape(-1, 4) / width
        middles = np.array([t.mean_pixel for t in objects]).reshape(-1, 2) / width
        self.middles: Measures = np.stack([middles, (self.boxes[:, :2] + self.boxes[:, 2:]) / 2])
        """2xNx2, in widths of the image."""
        self.centres: Measures = np.array([t.centre for t in objects]).reshape(-1, 3)
        surfaces = np.array([t.centroid for t in objects]).reshape(-1, 3)
        self.extents: Measures = np.array([t.extent_m for t in objects]).reshape(-1, 3)
        self.inverted = tuple(t.inverted for t in objects)
        self.pixels: Measures = np.array([t.pixels for t in objects], float)
        self.across: Measures = self.middles[:, :, 0]
        self.down: Measures = self.middles[:, :, 1] / self.aspect
        self.away: Measures = np.stack(
            [np.linalg.norm(surfaces, axis=1), np.linalg.norm(self.centres, axis=1)]
        )
        self.forward: Measures = np.stack([surfaces[:, 2], self.centres[:, 2]])

    @cached_property
    def bigger(self) -> Ternary:
        """NxN, by visible pixels and by the diagonal of the object's own box."""
        logs = np.log(np.stack([self.pixels, np.linalg.norm(self.extents, axis=1)]))
        gap = _log_margins(SIZE_PIXELS, SIZE_METRES)
        return exceeds(logs, gap, SAME * gap)

    @cached_property
    def taller(self) -> Ternary:
        """NxN, by the height of the box in the image and of the object."""
        logs = np.log(np.stack([self.boxes[:, 3] - self.boxes[:, 1], self.extents[:, 2]]))
        gap = _log_margins(TALL_PIXELS, TALL_METRES)
        return exceeds(logs, gap, SAME * gap)

    @cached_property
    def standing(self) -> Ternary:
        """N: whether an object stands (1) or lies (-1), by its height and its longest side."""
        ratio = np.log(self.extents[:, 2] / self.extents[:, :2].max(axis=1))
        return np.where(np.abs(ratio) < np.log(LONG), 0, np.sign(ratio)).astype(np.int8)

    @cached_property
    def relations(self) -> Mapping[str, Ternary]:
        """NxN by relation: whether object a stands in the relation to object b."""
        return {
            "left_of": self._aside(-self.across, 0),
            "right_of": self._aside(self.across, 0),
            "above": self._aside(-self.down, 1),
            "below": self._aside(self.down, 1),
            "next_to": self._next_to(),
            "bigger_than": self.bigger,
            "smaller_than": self.bigger.T,
            "in_front_of": self._beyond(-1),
            "behind": self._beyond(1),
            "near": self._distant(*NEAR_M),
            "far_from": -self._distant(FAR_M[1], FAR_M[0]),
        }

    def _aside(self, measures: Measures, axis: int) -> Ternary:
        on_side = exceeds(measures, SIDE, BACK)
        apart = np.abs(self.middles[:, :, None] - self.middles[:, None])
        straight = (apart[..., axis] >= SLANT * apart[..., 1 - axis]).all(axis=0)
        return np.where((on_side == 1) & ~straight, 0, on_side).astype(np.int8)

    def _beyond(self, sign: int) -> Ternary:
        beyond = exceeds(sign * np.vstack([self.away, self.forward]), DEPTH_M, DEPTH_M)
        apart = np.abs(self.centres[:, None] - self.centres[None])
        straight = apart[..., 0] <= DEPTH_SLANT * apart[..., 2]
        return np.where((beyond == 1) & ~straight, 0, beyond).astype(np.int8)

    @cached_property
    def distances(self) -> Measures:
        """NxN: between the centres, in metres."""
        return np.linalg.norm(self.centres[:, None] - self.centres[None], axis=-1)

    def _distant(self, close: float, distant: float) -> Ternary:
        metres = self.distances
        return np.where(metres <= close, 1, np.where(metres >= distant, -1, 0)).astype(np.int8)

    def _next_to(self) -> Ternary:
        radii = self.extents[:, :2].max(axis=1) / 2
        metres = self.distances - radii[:, None] - radii[None]
        low = np.maximum(self.boxes[:, None, :2], self.boxes[None, :, :2])
        high = np.minimum(self.boxes[:, None, 2:], self.boxes[None, :, 2:])
        gap = np.linalg.norm(np.maximum(low - high, 0), axis=-1)
        holds = (metres <= BESIDE_M[0]) & (gap <= BESIDE[0])
        apart = (metres >= BESIDE_M[1]) & (gap >= BESIDE[1])
        return np.where(holds, 1, np.where(apart, -1, 0)).astype(np.int8)

    def between(self, first: int, second: int) -> Ternary:
        """Return N: whether an object stands between two others, in the image and on the table.

        Between holds from 1/4 to 3/4 of the connecting line and up to 1/4 of its length beside it;
        it does not hold before the first, beyond the second, or more than 1/2 beside the line.
        """
        if self.distances[first, second] < 0.1:  # no room for an object between
            return np.full(self.count, -1, np.int8)
        holds, fails = np.ones(self.count, bool), np.ones(self.count, bool)
        for points in (*self.middles, self.centres):
            line = points[second] - points[first]
            length = np.linalg.norm(line)
            from_first = points - points[first]
            along = from_first @ line / length**2
            aside = np.linalg.norm(from_first - along[:, None] * line, axis=1) / length
            holds &= (along >= 0.25) & (along <= 0.75) & (aside <= 0.25)
            fails &= (along <= 0) | (along >= 1) | (aside >= 0.5)
        return np.where(holds, 1, np.where(fails, -1, 0)).astype(np.int8)

"""What is clearly so in a tabletop scene, and what clearly is not.

A sentence is judged by every sensible reading of it: a place by the mean of the visible pixels and
by the middle of their box, a distance by the visible surface and by the whole object, a size in
pixels and in metres. Something holds (1) where all readings agree on it by a margin, does not hold
(-1) where all agree on the opposite by a margin, and is left open (0) otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zsris_ros.simulation.tabletop import TabletopScene

Readings = npt.NDArray[np.float64]
"""RxN: what each of R readings says about each of N objects."""
Judged = npt.NDArray[np.int8]
"""1 holds, -1 does not, 0 open."""

SIDE = 0.08
"""Left, right, above and below: this share of the picture apart, and at least ..."""
SLANT = 0.7
"""... this much sideways for each pixel up or down (for above and below the other way round)."""
BACK = 0.04
"""What is to clearly not stand on one side lies this share of the picture on the other."""
RANK = 0.05
"""Neighbours in an order from left to right or top to bottom: share of the picture."""
DEPTH_M = 0.05
"""Neighbours in an order by distance, and what stands in front of or behind something."""
DEPTH_SLANT = 1.0
"""Metres sideways that something behind may have for each metre that it is further away."""
SIZE_PIXELS, SIZE_METRES = 1.5, 1.15
"""How many times as many visible pixels, and as long a diagonal, the bigger of two has."""
TALL_PIXELS, TALL_METRES = 1.15, 1.25
"""The same for the height of the box in the picture and of the object."""
SAME = 0.3
"""Share of a margin of size by which the other one must be bigger for "bigger" to be false."""
BESIDE_M, BESIDE = (0.06, 0.14), (0.06, 0.12)
"""Next to: gap between two objects in metres, and between their boxes as share of the width;
below the first it holds, above the second it does not."""
NEAR_M, FAR_M = (0.16, 0.26), (0.32, 0.20)
"""Near and far from: the same between the centres, in metres."""
CLOSER_M, CLOSER = 0.07, 0.05
"""Neighbours in an order by distance from a thing: metres and share of the picture's width."""


def judge(readings: Readings, gap: Readings | float, back: Readings | float) -> Judged:
    """NxN: whether object a lies clearly beyond object b, for RxN ``readings``."""
    ahead = readings[:, :, None] - readings[:, None, :]
    holds = (ahead >= gap).all(axis=0)
    opposite = (ahead <= -np.asarray(back)).all(axis=0)
    return np.where(holds, 1, np.where(opposite, -1, 0)).astype(np.int8)


def clear_order(readings: Readings, things: Sequence[int], gap: Readings | float) -> list[int]:
    """``things`` from the smallest reading up, as far as each lies clearly before all later."""
    order = sorted(things, key=lambda i: float(readings[0, i]))
    gaps = np.broadcast_to(np.asarray(gap, float).reshape(-1, 1), (len(readings), 1))
    for place, thing in enumerate(order):
        later = readings[:, order[place + 1 :]]
        if not (later - readings[:, [thing]] >= gaps).all():
            return order[:place]
    return order


def column(*values: float) -> Readings:
    """One margin for each of R readings, to be compared with RxNxN differences."""
    return np.array(values, float).reshape(-1, 1, 1)


class SceneReadings:
    """All that can be judged about the N visible objects of a scene, independent of words."""

    def __init__(self, scene: TabletopScene) -> None:
        height, width = scene.labels.shape
        things = scene.objects
        self.count = len(things)
        self.aspect = height / width
        self.boxes: Readings = np.array([t.box for t in things]).reshape(-1, 4) / width
        middles = np.array([t.middle for t in things]).reshape(-1, 2) / width
        self.middles: Readings = np.stack([middles, (self.boxes[:, :2] + self.boxes[:, 2:]) / 2])
        """2xNx2, in widths of the picture."""
        self.centres: Readings = np.array([t.centre for t in things]).reshape(-1, 3)
        surfaces = np.array([t.centroid for t in things]).reshape(-1, 3)
        self.extents: Readings = np.array([t.extent_m for t in things]).reshape(-1, 3)
        self.pixels: Readings = np.array([t.pixels for t in things], float)
        self.across: Readings = self.middles[:, :, 0]
        self.down: Readings = self.middles[:, :, 1] / self.aspect
        self.away: Readings = np.stack(
            [np.linalg.norm(surfaces, axis=1), np.linalg.norm(self.centres, axis=1)]
        )
        self.forward: Readings = np.stack([surfaces[:, 2], self.centres[:, 2]])

    @cached_property
    def bigger(self) -> Judged:
        """By visible pixels and by the diagonal of the object's own box."""
        logs = np.log(np.stack([self.pixels, np.linalg.norm(self.extents, axis=1)]))
        gap = np.log(column(SIZE_PIXELS, SIZE_METRES))
        return judge(logs, gap, SAME * gap)

    @cached_property
    def taller(self) -> Judged:
        """By the height of the box in the picture and of the object."""
        logs = np.log(np.stack([self.boxes[:, 3] - self.boxes[:, 1], self.extents[:, 2]]))
        gap = np.log(column(TALL_PIXELS, TALL_METRES))
        return judge(logs, gap, SAME * gap)

    @cached_property
    def relations(self) -> Mapping[str, Judged]:
        """NxN for each kind: whether object a stands in the relation to object b."""
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

    def _aside(self, readings: Readings, axis: int) -> Judged:
        sided = judge(readings, SIDE, BACK)
        apart = np.abs(self.middles[:, :, None] - self.middles[:, None])
        straight = (apart[..., axis] >= SLANT * apart[..., 1 - axis]).all(axis=0)
        return np.where((sided == 1) & ~straight, 0, sided).astype(np.int8)

    def _beyond(self, sign: int) -> Judged:
        beyond = judge(sign * np.vstack([self.away, self.forward]), DEPTH_M, DEPTH_M)
        apart = np.abs(self.centres[:, None] - self.centres[None])
        straight = apart[..., 0] <= DEPTH_SLANT * apart[..., 2]
        return np.where((beyond == 1) & ~straight, 0, beyond).astype(np.int8)

    @cached_property
    def distances(self) -> Readings:
        """2xNxN: between the centres in metres, between the middles in widths of the picture."""
        metres = np.linalg.norm(self.centres[:, None] - self.centres[None], axis=-1)
        picture = np.linalg.norm(self.middles[0][:, None] - self.middles[0][None], axis=-1)
        return np.stack([metres, picture])

    def _distant(self, close: float, distant: float) -> Judged:
        metres = self.distances[0]
        return np.where(metres <= close, 1, np.where(metres >= distant, -1, 0)).astype(np.int8)

    def _next_to(self) -> Judged:
        radii = self.extents[:, :2].max(axis=1) / 2
        metres = self.distances[0] - radii[:, None] - radii[None]
        low = np.maximum(self.boxes[:, None, :2], self.boxes[None, :, :2])
        high = np.minimum(self.boxes[:, None, 2:], self.boxes[None, :, 2:])
        picture = np.linalg.norm(np.maximum(low - high, 0), axis=-1)
        holds = (metres <= BESIDE_M[0]) & (picture <= BESIDE[0])
        apart = (metres >= BESIDE_M[1]) & (picture >= BESIDE[1])
        return np.where(holds, 1, np.where(apart, -1, 0)).astype(np.int8)

    def between(self, first: int, second: int) -> Judged:
        """N: whether an object stands between two others, in the picture and on the table.

        It holds from a quarter to three quarters of the way and up to a quarter of the way beside
        it; it does not before the one, beyond the other, or further aside than half the way.
        """
        if self.distances[0][first, second] < 0.1:  # too close for anything between
            return np.full(self.count, -1, np.int8)
        holds, fails = np.ones(self.count, bool), np.ones(self.count, bool)
        for places in (*self.middles, self.centres):
            way = places[second] - places[first]
            length = np.linalg.norm(way)
            from_first = places - places[first]
            along = from_first @ way / length**2
            aside = np.linalg.norm(from_first - along[:, None] * way, axis=1) / length
            holds &= (along >= 0.25) & (along <= 0.75) & (aside <= 0.25)
            fails &= (along <= 0) | (along >= 1) | (aside >= 0.5)
        return np.where(holds, 1, np.where(fails, -1, 0)).astype(np.int8)

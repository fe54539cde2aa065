"""The things of a frame as a tracker compares them: how they look, where they are, how big."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.types import BoolArray, FloatArray, RegionOfInterest, Scene


@dataclass(frozen=True, eq=False)
class Observations:
    """N things. ``features`` float32 NxD of length 1; ``pixels`` float32 Nx2, a point in each;
    ``points`` float32 Nx3 in metres and ``metres`` float32 N, the root of the area, NaN unknown;
    ``sides`` float32 N, the root of the area in pixels; ``whole`` bool N, neither parts of things
    nor heaps, as far as that is known.
    """

    features: FloatArray
    pixels: FloatArray
    points: FloatArray
    sides: FloatArray
    metres: FloatArray
    whole: BoolArray

    @classmethod
    def of(cls, scene: Scene) -> Observations:
        """The proposals of a scene."""
        import torch  # here, because a node imports this long before it loads its models

        features = torch.as_tensor(scene.features).float().cpu()
        sides = np.sqrt(np.maximum(scene.proposals.areas, 1))
        metres = np.full_like(sides, np.nan)
        if scene.frame.intrinsics is not None:
            metres = sides * scene.points[:, 2] / np.float32(scene.frame.intrinsics.fx)
        unit = torch.nn.functional.normalize(features, dim=1).numpy()
        whole = np.ones(len(sides), bool) if scene.is_object is None else scene.is_object
        return cls(unit, scene.pixels, scene.points, sides, metres, whole)

    @property
    def _columns(self) -> tuple[npt.NDArray[Any], ...]:
        return tuple(getattr(self, column.name) for column in fields(self))

    def __len__(self) -> int:
        return len(self.sides)

    def pick(self, which: npt.NDArray[np.intp] | npt.NDArray[np.bool_] | list[int]) -> Observations:
        """Some of them."""
        return Observations(*(values[which] for values in self._columns))

    def placed_as(self, other: Observations) -> Observations:
        """These, as they looked, where ``other`` (as many) are now."""
        return replace(other, features=self.features, whole=self.whole)

    def moved_like(self, before: Observations, after: Observations) -> Observations:
        """These, shifted as most things were from ``before`` to ``after`` (as many)."""
        if not len(before):
            return self
        pixels = self.pixels + np.median(after.pixels - before.pixels, axis=0)
        shifts = after.points - before.points
        shifts = shifts[np.isfinite(shifts).all(axis=1)]
        points = self.points + np.median(shifts, axis=0) if len(shifts) else self.points
        return replace(self, pixels=pixels, points=points)

    @staticmethod
    def together(*parts: Observations) -> Observations:
        """All of them."""
        columns = zip(*(part._columns for part in parts), strict=True)
        return Observations(*(np.concatenate(values) for values in columns))

    def within(self, window: RegionOfInterest) -> npt.NDArray[np.bool_]:
        """Which of them are in a window of the frame, bool N."""
        (rows, columns), (x, y) = window, self.pixels.T
        return (x >= columns.start) & (x < columns.stop) & (y >= rows.start) & (y < rows.stop)

    def alike(self, others: Observations) -> FloatArray:
        """The cosines of the features, NxM."""
        return self.features @ others.features.T

    def near(self, others: Observations) -> FloatArray:
        """NxM in [0, 1]: 1 in the same place, 0.6 one size of a thing apart, 0.14 two sizes.

        In metres where both places are known in metres, else in pixels.
        """
        metres = _distances(self.points, others.points) / self.metres[:, None]
        pixels = _distances(self.pixels, others.pixels) / self.sides[:, None]
        apart = np.where(np.isnan(metres), pixels, metres)
        return np.exp(-0.5 * apart**2).astype(np.float32)

    def as_big(self, others: Observations) -> FloatArray:
        """NxM in [0, 1]: the smaller area divided by the larger one."""
        metres = self.metres[:, None] / others.metres[None, :]
        pixels = self.sides[:, None] / others.sides[None, :]
        ratio = np.where(np.isnan(metres), pixels, metres) ** 2
        return np.minimum(ratio, 1 / ratio).astype(np.float32)


def _distances(some: FloatArray, others: FloatArray) -> FloatArray:
    """Euclidean, NxM; NaN where a coordinate is."""
    return np.linalg.norm(some[:, None] - others[None, :], axis=-1).astype(np.float32)

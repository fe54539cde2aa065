"""The observations of a frame that a tracker compares: appearance, position and size."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zsris_ros.types import FloatArray, RegionOfInterest, Scene

BoolVector = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Observations:
    """N observed objects.

    ``features`` float32 NxD of length 1; ``pixels`` float32 Nx2, a point inside each; ``points``
    float32 Nx3 in metres, NaN unknown; ``side_pixels`` and ``side_metres`` float32 N, the square
    root of the area, NaN unknown; ``is_object`` bool N, False for known parts and groups of
    objects.
    """

    features: FloatArray
    pixels: FloatArray
    points: FloatArray
    side_pixels: FloatArray
    side_metres: FloatArray
    is_object: BoolVector

    @classmethod
    def from_scene(cls, scene: Scene) -> Observations:
        """Return the proposals of a scene."""
        import torch  # the node imports this module long before it loads its models

        features = torch.as_tensor(scene.features).float().cpu()
        pixels = np.sqrt(np.maximum(scene.proposals.areas, 1))
        metres = np.full_like(pixels, np.nan)
        if scene.frame.intrinsics is not None:
            metres = pixels * scene.points[:, 2] / np.float32(scene.frame.intrinsics.fx)
        unit = torch.nn.functional.normalize(features, dim=1).numpy()
        known = scene.is_object
        is_object = np.ones(len(pixels), bool) if known is None else known
        return cls(unit, scene.pixels, scene.points, pixels, metres, is_object)

    @property
    def _columns(self) -> tuple[npt.NDArray[Any], ...]:
        return tuple(getattr(self, column.name) for column in fields(self))

    def __len__(self) -> int:
        return len(self.side_pixels)

    def select(self, indices: npt.NDArray[np.intp] | BoolVector | list[int]) -> Observations:
        """Return the observations at indices, or where a mask is True."""
        return Observations(*(values[indices] for values in self._columns))

    @staticmethod
    def concatenate(*parts: Observations) -> Observations:
        """Return all observations in one."""
        columns = zip(*(part._columns for part in parts), strict=True)
        return Observations(*(np.concatenate(values) for values in columns))

    def at_places_of(self, other: Observations) -> Observations:
        """Return these appearances at the positions and sizes of ``other`` (as many)."""
        return replace(other, features=self.features, is_object=self.is_object)

    def shifted_like(self, before: Observations, after: Observations) -> Observations:
        """Shift by the median motion of other objects from ``before`` to ``after`` (as many)."""
        if not len(before):
            return self
        pixels = self.pixels + np.median(after.pixels - before.pixels, axis=0)
        shifts = after.points - before.points
        shifts = shifts[np.isfinite(shifts).all(axis=1)]
        points = self.points + np.median(shifts, axis=0) if len(shifts) else self.points
        return replace(self, pixels=pixels, points=points)

    def inside(self, roi: RegionOfInterest) -> BoolVector:
        """Return which points are inside a region of the frame, bool N."""
        (rows, columns), (x, y) = roi, self.pixels.T
        return (x >= columns.start) & (x < columns.stop) & (y >= rows.start) & (y < rows.stop)

    def cosines(self, others: Observations) -> FloatArray:
        """Return the cosines of the features, NxM."""
        return self.features @ others.features.T

    def proximity(self, others: Observations) -> FloatArray:
        """Return NxM in [0, 1]: 1 at the same position, 0.6 one side apart, 0.14 two sides.

        In metres where both positions are known in metres, else in pixels.
        """
        metres = _distances(self.points, others.points) / self.side_metres[:, None]
        pixels = _distances(self.pixels, others.pixels) / self.side_pixels[:, None]
        distance = np.where(np.isnan(metres), pixels, metres)
        return np.exp(-0.5 * distance**2).astype(np.float32)

    def area_ratio(self, others: Observations) -> FloatArray:
        """Return NxM in [0, 1]: the smaller area divided by the larger one."""
        metres = self.side_metres[:, None] / others.side_metres[None, :]
        pixels = self.side_pixels[:, None] / others.side_pixels[None, :]
        ratio = np.where(np.isnan(metres), pixels, metres) ** 2
        return np.minimum(ratio, 1 / ratio).astype(np.float32)


def _distances(first: FloatArray, second: FloatArray) -> FloatArray:
    """Euclidean distances NxM; NaN for unknown coordinates."""
    return np.linalg.norm(first[:, None] - second[None, :], axis=-1).astype(np.float32)

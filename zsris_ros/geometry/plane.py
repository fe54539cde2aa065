"""Planes in a depth image, fitted in inverse depth, where a depth camera's noise is uniform.

A plane seen by a pinhole camera is linear in inverse depth: 1/z = w . ray with the pixel's ray
((u - cx)/fx, (v - cy)/fy, 1). The vector w (1/m) defines the plane of the points p with w . p = 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.projection import WHOLE, pixel_rays, valid_depth
from zsris_ros.types import FloatArray, Intrinsics, RegionOfInterest

_GRID = 4  # pixels between samples
_HYPOTHESES = 400
_LIMIT = 3  # planes
_REACH = 24  # samples; half of the hypotheses draw their three points from one neighbourhood


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane w . p = 1, visible in ``share`` of the valid depth.

    ``vector`` is w, float64 3 in 1/m; ``noise`` the standard deviation of 1/z around it in 1/m.
    """

    vector: npt.NDArray[np.float64]
    share: float
    noise: float

    def disparity(self, rays: FloatArray) -> FloatArray:
        """Return 1/z, float32 HxW, of the plane along rays HxWx3."""
        return (rays @ self.vector.astype(np.float32)).astype(np.float32)

    def height(self, points: FloatArray) -> FloatArray:
        """Return the distance in metres of points HxWx3, positive on the camera's side."""
        scale = 1 / np.linalg.norm(self.vector)
        return ((1 - points @ self.vector.astype(np.float32)) * scale).astype(np.float32)


def ray_image(
    shape: tuple[int, int], intrinsics: Intrinsics, roi: RegionOfInterest = WHOLE
) -> FloatArray:
    """Return the rays (x/z, y/z, 1) of the pixels of a region, all by default, float32 HxWx3."""
    level = pixel_rays(shape, intrinsics, roi)
    rays = np.ones((*level.shape[:2], 3), np.float32)
    rays[..., :2] = level
    return rays


def find_planes(
    depth: FloatArray,
    rays: FloatArray,
    tolerance: float,
    min_share: float,
    seed: int = 0,
) -> list[Plane]:
    """Find planes by sequential RANSAC on a grid of pixels; deterministic by ``seed``.

    Args:
        depth: Metres, float32 HxW.
        rays: The rays of its pixels, HxWx3.
        tolerance: Largest error of 1/z of an inlier, in 1/m.
        min_share: Least share of the valid depth in a plane.
        seed: Seed of the random hypotheses.

    Returns:
        The first planes, at most three, largest first.
    """
    planes = iter_planes(depth, rays, tolerance, min_share, seed)
    return sorted(islice(planes, _LIMIT), key=lambda plane: -plane.share)


def iter_planes(
    depth: FloatArray, rays: FloatArray, tolerance: float, min_share: float, seed: int = 0
) -> Iterator[Plane]:
    """Find planes as `find_planes` does, one at a time; the next one is mostly smaller."""
    sampled = depth[::_GRID, ::_GRID]
    valid = valid_depth(sampled)
    where = np.argwhere(valid)
    directions = rays[::_GRID, ::_GRID][valid].astype(np.float64)
    disparity = 1 / sampled[valid].astype(np.float64)
    generator = np.random.default_rng(seed)
    remaining = np.ones(len(disparity), dtype=bool)
    while np.count_nonzero(remaining) >= max(3, min_share * len(remaining)):
        vector = _ransac(
            where[remaining], directions[remaining], disparity[remaining], tolerance, generator
        )
        if vector is None:
            return
        error = np.abs(directions @ vector - disparity)
        inliers = remaining & (error <= tolerance)
        share = float(np.count_nonzero(inliers)) / len(remaining)
        if share < min_share:
            return
        yield Plane(vector, share, 1.4826 * float(np.median(error[inliers])))
        remaining &= error > 2 * tolerance


def _ransac(
    where: npt.NDArray[np.int64],
    directions: npt.NDArray[np.float64],
    disparity: npt.NDArray[np.float64],
    tolerance: float,
    generator: np.random.Generator,
) -> npt.NDArray[np.float64] | None:
    """Return the plane vector with most inliers among N samples, refined by least squares."""
    triples = _triples(where, generator)
    matrices = directions[triples]
    sound = np.abs(np.linalg.det(matrices)) > 1e-6
    if not sound.any():
        return None
    vectors = np.linalg.solve(matrices[sound], disparity[triples[sound]][..., None])[..., 0]
    every = max(1, len(disparity) // 4000)
    errors = vectors.astype(np.float32) @ directions[::every].T.astype(np.float32)
    errors -= disparity[::every].astype(np.float32)
    vector = vectors[int(np.argmax((np.abs(errors) <= tolerance).sum(axis=1)))]
    for _ in range(4):
        inliers = np.abs(directions @ vector - disparity) <= tolerance
        if np.count_nonzero(inliers) < 3:
            return None
        vector = np.linalg.lstsq(directions[inliers], disparity[inliers], rcond=None)[0]
    return np.asarray(vector)


def _triples(where: npt.NDArray[np.int64], generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Indices of three samples a hypothesis: anywhere, or one and two of its neighbours."""
    count = len(where)
    triples = generator.integers(0, count, (_HYPOTHESES, 3))
    index = np.full(where.max(axis=0) + 1, -1)
    index[tuple(where.T)] = np.arange(count)
    near = triples[::2]
    offsets = generator.integers(-_REACH, _REACH + 1, (len(near), 2, 2))
    spots = (where[near[:, 0], None] + offsets).clip(0, where.max(axis=0))
    found = index[spots[..., 0], spots[..., 1]]
    near[:, 1:] = np.where(found >= 0, found, near[:, 1:])
    return triples

"""The plane that carries things, and the pixels of what stands on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from zsris_ros.geometry.plane import Plane, find_planes
from zsris_ros.geometry.projection import back_project, valid_depth
from zsris_ros.types import BoolArray, FloatArray, Intrinsics

_NOISE_FACTOR = 4.0  # a height above this many deviations of the plane's own noise is real


@dataclass(frozen=True)
class SupportSettings:
    """What is a support plane and what stands on it. Lengths in metres.

    ``plane_tolerance`` is a difference of 1/z in 1/m: 0.008 is 8 mm at 1 m and 2 mm at 0.5 m.
    """

    min_height: float = 0.0025
    """Least height above the plane; more where the depth is noisier."""
    max_height: float = 0.8
    """What is higher above the plane does not stand on it."""
    max_size: float = 0.8
    """Longest side of a thing; larger ones (another table, a wall) are none."""
    plane_tolerance: float = 0.008
    min_plane_share: float = 0.1
    """Least share of the valid depth in the support plane."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Support:
    """A plane and the pixels, bool HxW, of what stands on it, on the camera's side."""

    plane: Plane
    standing: BoolArray


def find_support(
    depth: FloatArray,
    rays: FloatArray,
    camera: Intrinsics,
    min_area: float,
    settings: SupportSettings,
) -> Support | None:
    """The largest plane that carries a thing of at least ``min_area`` pixels; None without any.

    ``depth`` float32 HxW metres, ``rays`` HxWx3. No direction of gravity is assumed: a floor whose
    only thing is a table too large to be one, or a bare wall, gives way to the table.
    """
    valid = valid_depth(depth)
    points = back_project(depth, camera)
    z = np.where(valid, depth, np.float32(1))
    planes = find_planes(
        depth, rays, settings.plane_tolerance, settings.min_plane_share, seed=settings.seed
    )
    for plane in planes:
        height = np.where(valid, plane.height(points), 0)
        error = np.where(valid, np.abs(1 / z - plane.disparity(rays)), np.inf)
        area = _footprint(error <= settings.plane_tolerance)
        lowest = np.maximum(settings.min_height, _NOISE_FACTOR * plane.noise * z * z)
        above = valid & (height > lowest) & (height < settings.max_height)
        above[above] = _has_foot_in(area, points[above], height[above], plane, camera)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(
            above.astype(np.uint8), connectivity=4
        )
        large = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= 0.5 * min_area) + 1
        things = [points[parts == part] for part in large]
        if any(
            len(thing) >= min_area and np.ptp(thing, axis=0).max() <= settings.max_size
            for thing in things
        ):
            return Support(plane, np.isin(parts, large))
    return None


def _footprint(inliers: BoolArray) -> BoolArray:
    """The convex area of the picture a plane covers, from its inliers bool HxW.

    Only where most pixels around are inliers: thin strands, as where a wall crosses the plane, do
    not count, and noise may take single ones.
    """
    solid = (cv2.blur(inliers.astype(np.float32), (9, 9)) > 0.5).astype(np.uint8)
    area = np.zeros(inliers.shape, np.uint8)
    if solid.any():
        cv2.fillConvexPoly(area, cv2.convexHull(cv2.findNonZero(solid)), 1)
    return area.astype(bool)


def _has_foot_in(
    area: BoolArray, points: FloatArray, height: FloatArray, plane: Plane, camera: Intrinsics
) -> BoolArray:
    """Which of N points have their foot on the plane within its area of the picture (HxW)."""
    up = -plane.vector / np.linalg.norm(plane.vector)
    foot = points - height[:, None] * up.astype(np.float32)
    z = np.maximum(foot[:, 2], 1e-3)
    column = (foot[:, 0] / z * camera.fx + camera.cx).clip(0, area.shape[1] - 1)
    row = (foot[:, 1] / z * camera.fy + camera.cy).clip(0, area.shape[0] - 1)
    return area[np.rint(row).astype(np.int64), np.rint(column).astype(np.int64)]

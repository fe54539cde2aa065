"""The plane that supports objects, and the pixels of the objects on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from zsris_ros.geometry.plane import Plane, find_planes
from zsris_ros.geometry.projection import back_project, project, valid_depth
from zsris_ros.types import BoolArray, FloatArray, Intrinsics

_NOISE_FACTOR = 4.0  # least height in standard deviations of the plane's noise


@dataclass(frozen=True)
class SupportSettings:
    """Settings of the support plane and of objects on it, in metres.

    ``plane_tolerance`` is a difference of 1/z in 1/m: 0.008 is 8 mm at 1 m and 2 mm at 0.5 m.
    """

    min_height: float = 0.0025
    """Least height above the plane, increased by noise."""
    max_height: float = 0.8
    """Largest height above the plane."""
    max_size: float = 0.8
    """Longest side of an object; a wall or another table is larger."""
    plane_tolerance: float = 0.008
    min_plane_share: float = 0.1
    """Least share of the valid depth in the support plane."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Support:
    """A plane and the pixels ``above`` it of the objects on it, bool HxW."""

    plane: Plane
    above: BoolArray


def find_support(
    depth: FloatArray,
    rays: FloatArray,
    camera: Intrinsics,
    min_area: float,
    settings: SupportSettings,
) -> Support | None:
    """Return the largest plane with an object of at least ``min_area`` pixels on it, or None.

    ``depth`` is float32 HxW in metres, ``rays`` HxWx3. The direction of gravity is unknown: a
    wall, or a floor that carries only a table, has no object within ``max_size``.
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
        above[above] = _stands_on(area, points[above], height[above], plane, camera)
        _, parts, stats, _ = cv2.connectedComponentsWithStats(
            above.astype(np.uint8), connectivity=4
        )
        large = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= 0.5 * min_area) + 1
        objects = [points[parts == part] for part in large]
        if any(
            len(cloud) >= min_area and np.ptp(cloud, axis=0).max() <= settings.max_size
            for cloud in objects
        ):
            return Support(plane, np.isin(parts, large))
    return None


def _footprint(inliers: BoolArray) -> BoolArray:
    """Convex image area of a plane, from its inliers bool HxW.

    Pixels count where most pixels around are inliers, which excludes thin lines, as where a wall
    intersects the plane, and tolerates noise.
    """
    solid = (cv2.blur(inliers.astype(np.float32), (9, 9)) > 0.5).astype(np.uint8)
    area = np.zeros(inliers.shape, np.uint8)
    if solid.any():
        cv2.fillConvexPoly(area, cv2.convexHull(cv2.findNonZero(solid)), 1)
    return area.astype(bool)


def _stands_on(
    area: BoolArray, points: FloatArray, height: FloatArray, plane: Plane, camera: Intrinsics
) -> BoolArray:
    """Return which of N points project onto the plane inside its image area (bool HxW), bool N."""
    up = -plane.vector / np.linalg.norm(plane.vector)
    foot = points - height[:, None] * up.astype(np.float32)
    foot[:, 2] = np.maximum(foot[:, 2], 1e-3)
    column, row = project(foot, camera).T
    column, row = column.clip(0, area.shape[1] - 1), row.clip(0, area.shape[0] - 1)
    return area[np.rint(row).astype(np.int64), np.rint(column).astype(np.int64)]

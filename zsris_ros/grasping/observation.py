"""The object, its support and the rest of the scene as point clouds in the support frame.

Support frame: z is up, the origin is the foot of the object on the support plane, x is the camera's
x axis laid on the plane. Metres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from scipy.spatial import cKDTree

from zsris_ros.geometry.masks import bounding_region
from zsris_ros.geometry.oriented_box import Pose, level_axes
from zsris_ros.geometry.plane import iter_planes, ray_image
from zsris_ros.geometry.projection import (
    back_project,
    back_project_region,
    check_sizes,
    project,
    valid_depth,
)
from zsris_ros.grasping.plan import DoubleArray, GraspSettings, GraspStatus
from zsris_ros.types import (
    BoolArray,
    FloatArray,
    Frame,
    InputError,
    Intrinsics,
    RegionOfInterest,
)

_VOXEL = 0.003
_MOST_POINTS = 1100
_NEIGHBOURS = 12
_OUTLIER_DEVIATIONS = 3.0
_PLANE_TOLERANCE = 0.008  # of 1/z in 1/m
_PLANE_SHARE = 0.08
_PLANES = 3
_WINDOW_PIXELS = 30_000  # of the window in which planes are looked for; larger ones are strided
_GROWN = 2
_TOLERANCE = 0.007  # metres; depth noise and the curvature between two pixels
_BELOW = 0.012  # metres of the object that noise may put below its support
_FLOATING = 0.15  # metres between support and the lowest visible part; less may be hidden
_LOWEST_OBSTACLE = 0.005  # metres above the support; less is noise
_HIGHEST_OBSTACLE = 0.6
_JUMP = 0.03  # share of the depth; between neighbours that differ more lie mixed pixels


class Refused(Exception):
    """Planning ends with a status and a sentence; caught by the planner."""

    def __init__(self, status: GraspStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, eq=False)
class Observation:
    """One object and its surroundings, in the support frame.

    ``support`` is the support frame in the optical frame. ``points`` and ``normals`` float64 Nx3
    are the visible surface of the object, thinned out; normals point outwards. ``scene`` float64
    Kx3 is the rest near the object, the support included. The outline of the object lies about
    ``resolution`` metres outside of the points: one pixel is cut off, and points are means.
    ``mask`` is the object's, grown by _GROWN pixels: its contour is not exact.
    """

    support: Pose
    points: DoubleArray
    normals: DoubleArray
    scene: DoubleArray
    resolution: float
    depth: FloatArray
    mask: BoolArray
    intrinsics: Intrinsics

    def seen_depth(self, points: DoubleArray) -> tuple[DoubleArray, DoubleArray, BoolArray]:
        """Compare points (..., 3) of the support frame with the depth image.

        Returns:
            The depth of the points, the measured depth at their pixels (NaN outside of the picture
            and without measurement), and whether the pixels belong to the object's mask.
        """
        camera = self.support.transform_points(points.reshape(-1, 3))
        depth = camera[:, 2].copy()
        camera[:, 2] = np.maximum(depth, 1e-6)
        column, row = np.rint(project(camera, self.intrinsics)).T
        height, width = self.depth.shape
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        pixel = np.where(inside, row * width + column, 0).astype(np.int64)
        measured = self.depth.ravel()[pixel].astype(np.float64)
        measured[~(inside & (measured > 0))] = np.nan
        on_object = inside & self.mask.ravel()[pixel]
        shape = points.shape[:-1]
        return depth.reshape(shape), measured.reshape(shape), on_object.reshape(shape)

    def refuted(self, points: DoubleArray) -> tuple[BoolArray, BoolArray]:
        """Compare assumed points (..., 3) of the object with the picture.

        Returns:
            Whether each point is refuted, because the camera sees free space there or another
            surface that is not nearer; and whether it lies on the visible surface.
        """
        depth, measured, on_object = self.seen_depth(points)
        with np.errstate(invalid="ignore"):
            through = measured > depth + np.where(on_object, _TOLERANCE, -_TOLERANCE)
            return through, on_object & (np.abs(measured - depth) <= _TOLERANCE)


def observe(frame: Frame, mask: BoolArray, settings: GraspSettings) -> Observation:
    """Separate object, support and scene.

    Raises:
        Refused: Too little valid depth on the object, or no support plane under it.
        InputError: Mask and frame differ in size, or the frame has no depth or intrinsics.
    """
    if frame.depth is None or frame.intrinsics is None:
        raise InputError("grasps need depth and intrinsics: give a frame with both")
    check_sizes(mask, frame.depth)
    rows, columns = bounding_region(mask) or (slice(0, 0), slice(0, 0))
    roi = _wider(rows, 1), _wider(columns, 1)
    valid = valid_depth(frame.depth[roi])
    known = _core(mask[roi]) & valid
    share = float(valid[mask[roi]].mean()) if mask[roi].any() else 0.0
    count = int(np.count_nonzero(known))
    if count < settings.min_points or share < settings.min_depth_share:
        raise Refused(
            GraspStatus.NO_DEPTH,
            f"The object has too little depth to be grasped: {count} pixels, {share:.0%} of its "
            f"mask; at least {settings.min_points} pixels and {settings.min_depth_share:.0%} are "
            "needed. Move the camera closer or change the light.",
        )
    surface = back_project_region(known, frame.depth, roi, frame.intrinsics)
    visible = _without_outliers(_thinned(surface))
    support = _support_under(visible, frame.depth, mask, roi, frame.intrinsics)
    points = support.to_own_axes(visible)
    camera = support.to_own_axes(np.zeros((1, 3)))[0]
    return Observation(
        support=support,
        points=points,
        normals=_normals(points, camera),
        scene=_scene_around(frame.depth, mask, frame.intrinsics, support, points, settings),
        resolution=float(np.median(visible[:, 2])) / frame.intrinsics.fx + _VOXEL / 4,
        depth=frame.depth,
        mask=cv2.dilate(mask.astype(np.uint8), np.ones((2 * _GROWN + 1,) * 2, np.uint8)) > 0,
        intrinsics=frame.intrinsics,
    )


def _wider(side: slice, margin: int) -> slice:
    """Return a range of rows or columns, ``margin`` wider on both sides where the image is."""
    return slice(max(0, side.start - margin), side.stop + margin)


def _core(mask: BoolArray) -> BoolArray:
    """Return the mask without its outermost pixels, whose depth is mixed; a thin mask unchanged."""
    core = mask.copy()
    core[1:] &= mask[:-1]
    core[:-1] &= mask[1:]
    core[:, 1:] &= mask[:, :-1]
    core[:, :-1] &= mask[:, 1:]
    return core if np.count_nonzero(core) > 0.4 * np.count_nonzero(mask) else mask


def _thinned(points: DoubleArray) -> DoubleArray:
    """Return one mean point for each occupied voxel, at most about _MOST_POINTS."""
    voxel = _VOXEL
    while True:
        keys = np.floor(points / voxel).astype(np.int64)
        keys -= keys.min(axis=0)
        spans = keys.max(axis=0) + 1
        flat = (keys[:, 0] * spans[1] + keys[:, 1]) * spans[2] + keys[:, 2]
        _, index, counts = np.unique(flat, return_inverse=True, return_counts=True)
        if len(counts) <= _MOST_POINTS:
            sums = [np.bincount(index.ravel(), weights=points[:, axis]) for axis in range(3)]
            return np.asarray(np.stack(sums, axis=1) / counts[:, None])
        voxel *= max(1.1, float(np.sqrt(len(counts) / _MOST_POINTS)))


def _without_outliers(points: DoubleArray) -> DoubleArray:
    """Return the points without statistical outliers by the distance of their neighbours."""
    if len(points) <= _NEIGHBOURS:
        return points
    distances, _ = cKDTree(points).query(points, k=_NEIGHBOURS)
    mean = distances[:, 1:].mean(axis=1)
    return points[mean <= mean.mean() + _OUTLIER_DEVIATIONS * mean.std() + 1e-9]


def _support_under(
    points: DoubleArray,
    depth: FloatArray,
    mask: BoolArray,
    roi: RegionOfInterest,
    intrinsics: Intrinsics,
) -> Pose:
    """Return the pose of the plane that supports the object. Raises Refused without one."""
    margin = max(60, int(0.75 * max(side.stop - side.start for side in roi)))
    rows, columns = (_wider(side, margin) for side in roi)
    stride = max(1, round(math.sqrt(depth[rows, columns].size / _WINDOW_PIXELS)))
    window = (slice(rows.start, rows.stop, stride), slice(columns.start, columns.stop, stride))
    around = np.where(mask[window], np.float32(np.nan), depth[window])
    rays = ray_image((depth.shape[0], depth.shape[1]), intrinsics, window)
    planes = iter_planes(around, rays, _PLANE_TOLERANCE, _PLANE_SHARE)
    for plane in islice(planes, _PLANES):
        scale = float(np.linalg.norm(plane.vector))
        heights = (1 - points @ plane.vector) / scale
        low, high = np.percentile(heights, (3, 97))
        if low > -_BELOW and low < _FLOATING and high > 0:
            return _support_pose(points, -plane.vector / scale, float(np.median(heights)))
    raise Refused(
        GraspStatus.NO_SUPPORT,
        "No plane that carries the object is visible around it: move the camera until the table "
        "beside the object is in the picture.",
    )


def _support_pose(points: DoubleArray, up: DoubleArray, height: float) -> Pose:
    axes = level_axes((float(up[0]), float(up[1]), float(up[2])))
    along = points @ axes
    level = float(np.median(along[:, 2])) - height
    middle = (np.percentile(along[:, :2], 2, axis=0) + np.percentile(along[:, :2], 98, axis=0)) / 2
    position = axes @ np.array([middle[0], middle[1], level])
    return Pose((float(position[0]), float(position[1]), float(position[2])), axes)


def _normals(points: DoubleArray, camera: DoubleArray) -> DoubleArray:
    """Unit normals float64 Nx3 that point to the camera, from each point's neighbours."""
    count = min(_NEIGHBOURS, len(points))
    _, index = cKDTree(points).query(points, k=count)
    near = points[index] - points[index].mean(axis=1, keepdims=True)
    _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", near, near))
    normals = vectors[:, :, 0]
    away = np.einsum("ni,ni->n", normals, camera - points) < 0
    normals[away] *= -1
    return np.asarray(normals)


def _scene_around(
    depth: FloatArray,
    mask: BoolArray,
    intrinsics: Intrinsics,
    support: Pose,
    points: DoubleArray,
    settings: GraspSettings,
) -> DoubleArray:
    """Return points that are not the object's, without mixed pixels, within the scene's radius."""
    z = np.ascontiguousarray(depth[::2, ::2])
    valid = valid_depth(z)
    cloud = back_project(z, intrinsics.strided(2))
    z = np.where(valid, z, 0)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    steady = valid & ~(cv2.dilate(mask[::2, ::2].astype(np.uint8), cross) > 0)
    down = np.abs(z[1:] - z[:-1]) > _JUMP * z[1:]
    right = np.abs(z[:, 1:] - z[:, :-1]) > _JUMP * z[:, 1:]
    steady[1:] &= ~down
    steady[:-1] &= ~down
    steady[:, 1:] &= ~right
    steady[:, :-1] &= ~right
    other = support.to_own_axes(cloud[steady].astype(np.float64))
    reach = settings.scene_radius + float(np.linalg.norm(points[:, :2], axis=1).max())
    near = (np.abs(other[:, :2]) < reach).all(axis=1) & (other[:, 2] < _HIGHEST_OBSTACLE)
    return other[near]


def obstacles_of(scene: DoubleArray) -> DoubleArray:
    """Return the points of a scene that rise above the support."""
    return scene[scene[:, 2] > _LOWEST_OBSTACLE]

"""Poses, and upright oriented bounding boxes of the surface visible under a mask.

Metres are in the camera's optical frame unless stated otherwise; depth follows REP-118.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.centroid import eroded_core
from zsris_ros.geometry.masks import bounding_region
from zsris_ros.geometry.projection import back_project_region, check_sizes, valid_depth
from zsris_ros.types import BoolArray, FloatArray, InputError, Intrinsics, Point

_RIM_SLOPE = 3.0  # largest change of depth at the rim, in pixel widths a pixel, ...
_RIM_NOISE = 0.005  # ... plus this share of the depth
_PERCENTILES = 0.5, 99.5  # extent of a box along each axis
_YAW_STEPS = np.radians(2.0), np.radians(0.4)
_YAW_POINTS = 2000  # points that the yaw is fitted to

DoubleArray = npt.NDArray[np.float64]

CAMERA_UP: Point = (0.0, -1.0, 0.0)
"""Up in the image: up in the world for a level camera."""


@dataclass(frozen=True, eq=False)
class Pose:
    """A position in metres and a rotation matrix ``axes``, float64 3x3.

    The columns of ``axes`` are the object's x, y and z axis in the frame of the pose.
    """

    position: Point
    axes: DoubleArray

    @property
    def quaternion(self) -> tuple[float, float, float, float]:
        """Unit quaternion (x, y, z, w) of ``axes`` with w >= 0."""
        # The eigenvector of the largest eigenvalue (Bar-Itzhack 2000) is stable for any rotation.
        (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = self.axes
        matrix = np.array(
            [
                [xx - yy - zz, xy + yx, xz + zx, zy - yz],
                [xy + yx, yy - xx - zz, yz + zy, xz - zx],
                [xz + zx, yz + zy, zz - xx - yy, yx - xy],
                [zy - yz, xz - zx, yx - xy, xx + yy + zz],
            ]
        )
        vector = np.linalg.eigh(matrix)[1][:, -1]
        x, y, z, w = (vector if vector[3] >= 0 else -vector).tolist()
        return x, y, z, w

    @staticmethod
    def from_quaternion(position: Point, quaternion: tuple[float, float, float, float]) -> Pose:
        """Return the pose of a position and a quaternion (x, y, z, w) of any length above 0.

        Raises InputError for a quaternion of length 0 or with values that are not finite.
        """
        length = float(np.linalg.norm(quaternion))
        if not np.isfinite(length) or length < 1e-9:
            raise InputError(f"the quaternion {quaternion} is no rotation: its length must be 1")
        x, y, z, w = (value / length for value in quaternion)
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        return Pose(position, np.eye(3) + 2 * w * cross + 2 * cross @ cross)

    def transform_points(self, points: DoubleArray) -> DoubleArray:
        """Transform points (float64 Nx3 or 3) from the object's axes to the frame of the pose."""
        return points @ self.axes.T + np.asarray(self.position)

    def to_own_axes(self, points: DoubleArray) -> DoubleArray:
        """Transform points (float64 Nx3 or 3) from the frame of the pose to the object's axes."""
        return np.asarray((points - np.asarray(self.position)) @ self.axes)

    def transform_pose(self, pose: Pose) -> Pose:
        """Transform a pose from the object's axes to the frame of this pose."""
        x, y, z = self.transform_points(np.asarray(pose.position, np.float64)).tolist()
        return Pose((x, y, z), self.axes @ pose.axes)


@dataclass(frozen=True, eq=False)
class UprightBox:
    """A box: the ``pose`` of its centre and its ``size`` in metres along its axes."""

    pose: Pose
    size: Point


def upright_box(
    mask: BoolArray, depth: FloatArray, intrinsics: Intrinsics, up: Point = CAMERA_UP
) -> UprightBox | None:
    """Fit an upright box, in the optical frame, to the surface visible under ``mask`` (bool HxW).

    The z axis is ``up`` (any length but 0). The yaw minimises the mean distance of the points to
    the nearest side (the closeness criterion of Zhang et al., "Efficient L-Shape Fitting", IV
    2017). The x axis is the one nearest to the camera's x axis. The box contains the visible
    surface only: an object seen from one side gives a thin box.

    Pixels at the contour count where their depth continues that of the nearest inner pixel. The box
    reaches from the 0.5th to the 99.5th percentile along each axis. None without valid depth.

    Raises InputError when mask and depth differ in size.
    """
    check_sizes(mask, depth)
    roi = bounding_region(mask)
    if roi is None:
        return None
    inside, cropped = mask[roi], depth[roi]
    valid = inside & valid_depth(cropped)
    if not valid.any():
        return None
    surface = _grow_over_rim(
        eroded_core(inside, valid), valid, cropped, max(intrinsics.fx, intrinsics.fy)
    )
    return box_around(back_project_region(surface, depth, roi, intrinsics), up)


def box_around(points: DoubleArray, up: Point) -> UprightBox:
    """Fit an upright box to points float64 Nx3, N > 0, of the optical frame; see `upright_box`."""
    level = level_axes(up)
    along = points @ level
    angle = _yaw(along[:: max(1, len(along) // _YAW_POINTS), :2])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    along[:, :2] = along[:, :2] @ turn
    axes = level.copy()
    axes[:, :2] = level[:, :2] @ turn
    low, high = np.percentile(along, _PERCENTILES, axis=0)
    x, y, z = (axes @ ((low + high) / 2)).tolist()
    width, length, height = (high - low).tolist()
    return UprightBox(Pose((x, y, z), axes), (width, length, height))


def level_axes(up: Point) -> DoubleArray:
    """Return right, away from the camera and up, as columns float64 3x3."""
    vertical = np.asarray(up, np.float64) / np.linalg.norm(up)
    # The x axis is no reference for a camera that lies on its side.
    sideways = np.eye(3)[0 if abs(vertical[0]) < 0.9 else 1]
    right = sideways - (sideways @ vertical) * vertical
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(vertical, right), vertical], axis=1)


def _yaw(points: DoubleArray) -> float:
    """Rotation in (-pi/4, pi/4] of the rectangle that fits points Nx2 best."""
    coarse, fine = _YAW_STEPS
    around = np.arange(-np.pi / 4 + coarse, np.pi / 4 + coarse / 2, coarse)
    best = float(around[np.argmin(_mean_gaps(points, around))])
    around = best + np.arange(-coarse, coarse + fine / 2, fine)
    return float(around[np.argmin(_mean_gaps(points, around))])


def _mean_gaps(points: DoubleArray, angles: DoubleArray) -> DoubleArray:
    """Mean distance of points Nx2 to the nearest side of their rectangle, for each angle."""
    gaps = []
    for axis in (np.cos(angles), np.sin(angles)), (-np.sin(angles), np.cos(angles)):
        along = points @ np.stack(axis)
        low, high = np.percentile(along, _PERCENTILES, axis=0)
        gaps.append(np.minimum(np.abs(along - low), np.abs(high - along)))
    nearest: DoubleArray = np.minimum(*gaps).mean(axis=0)
    return nearest


def _grow_over_rim(core: BoolArray, valid: BoolArray, depth: FloatArray, focal: float) -> BoolArray:
    """Return ``core`` and the pixels of ``valid`` around it whose depth continues it."""
    distance, labels = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    near = np.zeros(int(labels.max()) + 1, np.float32)
    near[labels[core]] = depth[core]
    step = np.abs(np.where(valid, depth, 0) - near[labels])
    allowed = near[labels] * (_RIM_NOISE + _RIM_SLOPE * distance / np.float32(focal))
    return valid & (step <= allowed)

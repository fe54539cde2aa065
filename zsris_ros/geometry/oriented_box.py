"""How large a thing is and how it stands: poses, and upright boxes around what depth shows of it.

Metres are in the camera's optical frame unless it says otherwise; depth follows REP-118.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.centroid import core_of
from zsris_ros.geometry.masks import bounding_region
from zsris_ros.geometry.projection import check_sizes, points_of, valid_depth
from zsris_ros.types import BoolArray, FloatArray, InputError, Intrinsics, Point

_RIM_SLOPE = 3.0  # depth at the rim may change by this many pixel widths a pixel, ...
_RIM_NOISE = 0.005  # ... and by this share of itself
_TAILS = 0.5, 99.5  # percentiles between which a box reaches
_YAW_STEPS = np.radians(2.0), np.radians(0.4)
_YAW_POINTS = 2000  # as many points find a box's direction as well as all of them

DoubleArray = npt.NDArray[np.float64]

CAMERA_UP: Point = (0.0, -1.0, 0.0)
"""Up in the picture, which is up in the world for a camera that is held level."""


@dataclass(frozen=True, eq=False)
class Pose:
    """Where something is: ``position`` in metres, and ``axes`` float64 3x3, a rotation.

    The columns of ``axes`` are the thing's x, y and z axis in the frame that the pose is in.
    """

    position: Point
    axes: DoubleArray

    @property
    def quaternion(self) -> tuple[float, float, float, float]:
        """``axes`` as a unit quaternion (x, y, z, w) with w >= 0."""
        # The eigenvector of the largest eigenvalue (Bar-Itzhack 2000) is stable for any rotation.
        a = self.axes
        (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = a
        matrix = np.array(
            [
                [xx - yy - zz, xy + yx, xz + zx, zy - yz],
                [xy + yx, yy - xx - zz, yz + zy, xz - zx],
                [xz + zx, yz + zy, zz - xx - yy, yx - xy],
                [zy - yz, xz - zx, yx - xy, xx + yy + zz],
            ]
        )
        x, y, z, w = np.linalg.eigh(matrix)[1][:, -1]
        sign = -1.0 if w < 0 else 1.0
        return float(sign * x), float(sign * y), float(sign * z), float(sign * w)

    @staticmethod
    def of(position: Point, quaternion: tuple[float, float, float, float]) -> Pose:
        """The pose of a position and a quaternion (x, y, z, w), which need not be normalised.

        Raises InputError for a quaternion of length 0 or with values that are not finite.
        """
        length = float(np.linalg.norm(quaternion))
        if not np.isfinite(length) or length < 1e-9:
            raise InputError(f"the quaternion {quaternion} is no rotation: its length must be 1")
        x, y, z, w = (value / length for value in quaternion)
        axes = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        return Pose(position, axes)

    def of_points(self, points: DoubleArray) -> DoubleArray:
        """Points (float64 Nx3 or 3) given in this pose's own axes, in the frame it is in."""
        return points @ self.axes.T + np.asarray(self.position)

    def of_pose(self, pose: Pose) -> Pose:
        """A pose given in this pose's own axes, in the frame this one is in."""
        x, y, z = self.of_points(np.asarray(pose.position, np.float64)).tolist()
        return Pose((x, y, z), self.axes @ pose.axes)


@dataclass(frozen=True, eq=False)
class UprightBox:
    """A box: the ``pose`` of its centre, and its ``size`` in metres along its x, y and z axis."""

    pose: Pose
    size: Point


def upright_box(
    mask: BoolArray, depth: FloatArray, intrinsics: Intrinsics, up: Point = CAMERA_UP
) -> UprightBox | None:
    """The upright box, in the optical frame, around the surface seen under ``mask`` (bool HxW).

    Its z axis is ``up`` (any length but 0). Around z it is turned so that the surface lies close to
    its sides on average (the closeness criterion of Zhang et al., "Efficient L-Shape Fitting", IV
    2017), and its x axis is then the one nearest to the camera's x: size x is how wide the camera
    sees it, y how deep, z how high. What the camera does not see is not in it: a box seen from one
    side only is as thin as that side.

    Pixels at the contour count where their depth continues that of the nearest inner pixel, and the
    box reaches from the 0.5th to the 99.5th percentile along each axis. None without any valid
    depth under the mask.

    Raises InputError when mask and depth differ in size.
    """
    check_sizes(mask, depth)
    window = bounding_region(mask)
    if window is None:
        return None
    inside, seen = mask[window], depth[window]
    known = inside & valid_depth(seen)
    if not known.any():
        return None
    surface = _continued(core_of(inside, known), known, seen, max(intrinsics.fx, intrinsics.fy))
    level = _level_axes(up)
    points = points_of(surface, depth, window, intrinsics) @ level
    angle = _yaw(points[:: max(1, len(points) // _YAW_POINTS), :2])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points[:, :2] = points[:, :2] @ turn
    axes = level.copy()
    axes[:, :2] = level[:, :2] @ turn
    low, high = np.percentile(points, _TAILS, axis=0)
    x, y, z = (axes @ ((low + high) / 2)).tolist()
    width, length, height = (high - low).tolist()
    return UprightBox(Pose((x, y, z), axes), (width, length, height))


def _level_axes(up: Point) -> DoubleArray:
    """Right, away from the camera and up, as the columns of a rotation, float64 3x3."""
    vertical = np.asarray(up, np.float64) / np.linalg.norm(up)
    # A camera that lies on its side has up along its x axis.
    sideways = np.eye(3)[0 if abs(vertical[0]) < 0.9 else 1]
    right = sideways - (sideways @ vertical) * vertical
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(vertical, right), vertical], axis=1)


def _yaw(points: DoubleArray) -> float:
    """By how much, in (-pi/4, pi/4], a rectangle around points Nx2 is to be turned to fit best."""
    coarse, fine = _YAW_STEPS
    around = np.arange(-np.pi / 4 + coarse, np.pi / 4 + coarse / 2, coarse)
    best = float(around[np.argmin(_gap(points, around))])
    around = best + np.arange(-coarse, coarse + fine / 2, fine)
    return float(around[np.argmin(_gap(points, around))])


def _gap(points: DoubleArray, angles: DoubleArray) -> DoubleArray:
    """The mean distance of points Nx2 to the nearest side of their rectangle, for each angle."""
    gaps = []
    for axis in (np.cos(angles), np.sin(angles)), (-np.sin(angles), np.cos(angles)):
        along = points @ np.stack(axis)
        low, high = np.percentile(along, _TAILS, axis=0)
        gaps.append(np.minimum(np.abs(along - low), np.abs(high - along)))
    nearest: DoubleArray = np.minimum(*gaps).mean(axis=0)
    return nearest


def _continued(core: BoolArray, known: BoolArray, depth: FloatArray, focal: float) -> BoolArray:
    """``core`` and those of the pixels ``known`` around it whose depth continues it."""
    distance, labels = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    near = np.zeros(int(labels.max()) + 1, np.float32)
    near[labels[core]] = depth[core]
    step = np.abs(np.where(known, depth, 0) - near[labels])
    allowed = near[labels] * (_RIM_NOISE + _RIM_SLOPE * distance / np.float32(focal))
    return known & (step <= allowed)

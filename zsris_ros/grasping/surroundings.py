"""The object of a plan and its surroundings as boxes and masks, for a motion planner's scene."""

from __future__ import annotations

import cv2
import numpy as np

from zsris_ros.geometry.oriented_box import Pose, UprightBox, box_around
from zsris_ros.geometry.projection import back_project, valid_depth
from zsris_ros.grasping.plan import GraspPlan
from zsris_ros.types import BoolArray, Frame, Point

_RIM = 3  # pixels around a mask where depth is mixed or still the object's
_ON_SUPPORT = 0.01  # metres; more is an object
_PERCENTILES = 0.5, 99.5


def object_box(plan: GraspPlan) -> UprightBox | None:
    """Return the upright box of the completed object from its support to its top.

    It is in the optical frame, its z axis is the support's. None for a plan without a support.
    """
    if plan.support is None or not len(plan.object_points):
        return None
    points = np.vstack([plan.object_points, plan.completed_points]).astype(np.float64)
    feet = plan.support.to_own_axes(points)
    feet[:, 2] = 0
    return box_around(np.vstack([points, plan.support.transform_points(feet)]), up_of(plan.support))


def support_patch(frame: Frame, mask: BoolArray, support: Pose) -> UprightBox:
    """Return the visible part of a support as a flat box in the optical frame.

    Args:
        frame: A frame with depth and intrinsics.
        mask: Bool HxW, the object, whose foot counts as visible.
        support: A pose on the plane with z up, as in `GraspPlan`.

    Returns:
        The middle of the part, with the axes of ``support``, and its size with height 0.
    """
    assert frame.depth is not None and frame.intrinsics is not None
    points = back_project(frame.depth, frame.intrinsics)[scene_mask(frame, mask)]
    own = support.to_own_axes(points.astype(np.float64))
    flat = np.vstack([own[np.abs(own[:, 2]) < _ON_SUPPORT], np.zeros((1, 3))])
    low, high = np.percentile(flat[:, :2], _PERCENTILES, axis=0)
    width, length = (high - low).tolist()
    middle = np.array([*(low + high) / 2, 0.0])
    x, y, z = support.transform_points(middle).tolist()
    return UprightBox(Pose((x, y, z), support.axes), (width, length, 0.0))


def scene_mask(frame: Frame, mask: BoolArray) -> BoolArray:
    """Return the pixels with depth that show anything but the object under ``mask``, bool HxW.

    Pixels at the object's contour are left out: they would leave a shell around it.
    """
    assert frame.depth is not None
    size = 2 * _RIM + 1
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((size, size), np.uint8)) > 0
    return np.asarray(valid_depth(frame.depth) & ~grown)


def placed_box(box: UprightBox, point: Point, normal: Point) -> Pose:
    """Return the pose of a box's centre when its lower side stands on a place point.

    The box keeps its orientation but for its z axis, which becomes ``normal``.
    """
    up = np.asarray(normal, np.float64) / np.linalg.norm(normal)
    x = box.pose.axes[:, 0] - (box.pose.axes[:, 0] @ up) * up
    x /= np.linalg.norm(x)
    axes = np.stack([x, np.cross(up, x), up], axis=1)
    a, b, c = (np.asarray(point) + up * box.size[2] / 2).tolist()
    return Pose((a, b, c), axes)


def up_of(support: Pose) -> Point:
    """Return the z axis of a support in the optical frame."""
    x, y, z = support.axes[:, 2].tolist()
    return x, y, z

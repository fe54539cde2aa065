"""Grasps drawn into pictures: the outline of the gripper as the camera would see it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.grasping import GraspCandidate, Gripper, ParallelJaw
from zsris_ros.types import ByteArray, Intrinsics

_FINGERS = (255, 120, 40)
_APPROACH = (60, 160, 255)
_DARK = (18, 20, 24)
_NEAREST = 0.05  # metres; lines nearer to the camera are left out


def draw_grasp(
    rgb: ByteArray, grasp: GraspCandidate, gripper: Gripper, intrinsics: Intrinsics
) -> ByteArray:
    """Draw the gripper's outline and approach into a copy of a picture.

    Args:
        rgb: uint8 HxWx3.
        grasp: A grasp in the optical frame of the picture.
        gripper: The gripper that it was planned for.
        intrinsics: Of the picture.

    Returns:
        A new picture of the same size.
    """
    picture = np.ascontiguousarray(rgb).copy()
    unit = max(1, round(picture.shape[0] / 480))
    start = np.array([[0, 0, -grasp.pregrasp_distance], [0, 0, 0]], np.float64)
    for thickness, dark in ((5 * unit, True), (2 * unit, False)):
        _polyline(picture, start, grasp, intrinsics, _DARK if dark else _APPROACH, thickness)
        for line in _outline(grasp, gripper):
            _polyline(picture, line, grasp, intrinsics, _DARK if dark else _FINGERS, thickness)
    return picture


def _outline(grasp: GraspCandidate, gripper: Gripper) -> list[npt.NDArray[np.float64]]:
    """Lines Nx3 in the TCP frame: both fingers and the palm's edge, or the cup's lip."""
    if isinstance(gripper, ParallelJaw):
        y = grasp.opening / 2
        top = gripper.tip - gripper.finger_length
        return [
            np.array(
                [[0, -y, gripper.tip], [0, -y, top], [0, y, top], [0, y, gripper.tip]], np.float64
            )
        ]
    around = np.linspace(0, 2 * np.pi, 25)
    lip = gripper.radius * np.stack([np.cos(around), np.sin(around), 0 * around], axis=1)
    return [lip, np.array([[0, 0, 0], [0, 0, -gripper.length]], np.float64)]


def _polyline(
    picture: ByteArray,
    line: npt.NDArray[np.float64],
    grasp: GraspCandidate,
    intrinsics: Intrinsics,
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    points = grasp.pose.transform_points(line)
    if points[:, 2].min() < _NEAREST:
        return
    x = points[:, 0] / points[:, 2] * intrinsics.fx + intrinsics.cx
    y = points[:, 1] / points[:, 2] * intrinsics.fy + intrinsics.cy
    corners = np.rint(np.stack([x, y], axis=1)).astype(np.int32)
    cv2.polylines(picture, [corners], False, colour, thickness, cv2.LINE_AA)

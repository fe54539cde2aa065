"""Grasps drawn into pictures: the outline of the gripper as the camera would see it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.geometry.projection import project
from zsris_ros.types import ByteArray, Intrinsics

Line = npt.NDArray[np.float64]
"""Corners Nx3 of a polyline in the TCP frame, metres."""

_GRIPPER = (255, 120, 40)
_APPROACH = (60, 160, 255)
_DARK = (18, 20, 24)
_NEAREST = 0.05  # metres; lines nearer to the camera are left out


def draw_grasp(
    rgb: ByteArray,
    tcp: Pose,
    outline: Sequence[Line],
    pregrasp_distance: float,
    intrinsics: Intrinsics,
) -> ByteArray:
    """Draw a gripper's outline and approach into a copy of a picture.

    Args:
        rgb: uint8 HxWx3.
        tcp: The grasp in the optical frame of the picture; z is the approach direction.
        outline: The gripper's lines, as ``outline`` of a gripper returns them.
        pregrasp_distance: Length of the approach in metres.
        intrinsics: Of the picture.

    Returns:
        A new picture of the same size.
    """
    picture = np.ascontiguousarray(rgb).copy()
    unit = max(1, round(picture.shape[0] / 480))
    approach = np.array([[0, 0, -pregrasp_distance], [0, 0, 0]], np.float64)
    lines = [(approach, _APPROACH), *((line, _GRIPPER) for line in outline)]
    for thickness, dark in ((5 * unit, True), (2 * unit, False)):
        for line, colour in lines:
            points = tcp.transform_points(line)
            if points[:, 2].min() >= _NEAREST:
                _polyline(picture, points, intrinsics, _DARK if dark else colour, thickness)
    return picture


def _polyline(
    picture: ByteArray,
    points: Line,
    intrinsics: Intrinsics,
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    corners = np.rint(project(points, intrinsics)).astype(np.int32)
    cv2.polylines(picture, [corners], False, colour, thickness, cv2.LINE_AA)

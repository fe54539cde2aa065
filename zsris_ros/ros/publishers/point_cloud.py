"""Conversion of pixels with depth to a point cloud: the answer's visible surface and others."""

from __future__ import annotations

import array

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.geometry.projection import back_project
from zsris_ros.ros.publishers.answer import Answer, Status
from zsris_ros.ros.publishers.pose_conversions import metric_header
from zsris_ros.types import BoolArray, Frame

FIELDS = [
    PointField(name=name, offset=4 * number, datatype=PointField.FLOAT32, count=1)
    for number, name in enumerate(("x", "y", "z", "rgb"))
]
"""``rgb`` is 0x00RRGGBB, declared as float32 as PCL and RViz expect it."""


def point_cloud(answer: Answer) -> PointCloud2 | None:
    """Return the measured points of the found object in one row; None without metres."""
    if answer.status != Status.FOUND or not answer.frame.has_geometry:
        return None
    return to_cloud(answer.frame, answer.result.mask, metric_header(answer), answer.camera_pose)


def to_cloud(
    frame: Frame, selected: BoolArray, header: Header, camera_pose: Pose | None = None
) -> PointCloud2:
    """Return the points of the pixels ``selected`` (bool HxW) that have depth, in one row.

    ``camera_pose`` is the pose of the optical frame in the header's frame; None if they are equal.
    """
    assert frame.depth is not None and frame.intrinsics is not None
    points = back_project(frame.depth, frame.intrinsics)
    valid = selected & np.isfinite(points[..., 2])
    xyz = points[valid].astype(np.float64)
    if camera_pose is not None:
        xyz = camera_pose.transform_points(xyz)
    red, green, blue = frame.rgb[valid].astype(np.uint32).T
    cloud = np.empty((len(xyz), len(FIELDS)), "<f4")
    cloud[:, :3] = xyz
    cloud[:, 3] = (red << 16 | green << 8 | blue).astype("<u4").view("<f4")
    return PointCloud2(
        header=header,
        height=1,
        width=len(cloud),
        fields=FIELDS,
        is_bigendian=False,
        point_step=4 * len(FIELDS),
        row_step=cloud.nbytes,
        data=array.array("B", cloud.tobytes()),
        is_dense=True,
    )

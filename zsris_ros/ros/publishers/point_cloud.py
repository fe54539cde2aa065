"""Conversion of the answer's visible surface to a point cloud."""

from __future__ import annotations

import array

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField

from zsris_ros.geometry.projection import back_project
from zsris_ros.ros.publishers.answer import Answer, Status
from zsris_ros.ros.publishers.pose_conversions import metric_header

FIELDS = [
    PointField(name=name, offset=4 * number, datatype=PointField.FLOAT32, count=1)
    for number, name in enumerate(("x", "y", "z", "rgb"))
]
"""``rgb`` is 0x00RRGGBB, declared as float32 as PCL and RViz expect it."""


def point_cloud(answer: Answer) -> PointCloud2 | None:
    """Return the measured points of the found object in one row; None without metres."""
    frame = answer.frame
    if answer.status != Status.FOUND or frame.depth is None or frame.intrinsics is None:
        return None
    points = back_project(frame.depth, frame.intrinsics)
    valid = answer.result.mask & np.isfinite(points[..., 2])
    xyz = points[valid].astype(np.float64)
    if answer.camera_pose is not None:
        xyz = answer.camera_pose.transform_points(xyz)
    red, green, blue = frame.rgb[valid].astype(np.uint32).T
    cloud = np.empty((len(xyz), len(FIELDS)), "<f4")
    cloud[:, :3] = xyz
    cloud[:, 3] = (red << 16 | green << 8 | blue).astype("<u4").view("<f4")
    return PointCloud2(
        header=metric_header(answer),
        height=1,
        width=len(cloud),
        fields=FIELDS,
        is_bigendian=False,
        point_step=4 * len(FIELDS),
        row_step=cloud.nbytes,
        data=array.array("B", cloud.tobytes()),
        is_dense=True,
    )

"""The surface of what was found as a point cloud."""

from __future__ import annotations

import array

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField

from zsris_ros.geometry.projection import back_project
from zsris_ros.ros.publishers.pose_conversions import metres_header
from zsris_ros.ros.requests.request_handler import Answer

POINT = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("rgb", "<u4")])
"""One point. ``rgb`` is 0x00RRGGBB, declared as a float32 as PCL and RViz expect it."""

FIELDS = [
    PointField(name=name, offset=POINT.fields[name][1], datatype=PointField.FLOAT32, count=1)
    for name in POINT.names or ()
    if POINT.fields is not None
]


def point_cloud(answer: Answer) -> PointCloud2 | None:
    """The measured points under the answer's mask, one row; None without depth or camera."""
    frame = answer.frame
    if frame.depth is None or frame.intrinsics is None:
        return None
    points = back_project(frame.depth, frame.intrinsics)
    known = answer.referral.mask & np.isfinite(points[..., 2])
    xyz = points[known].astype(np.float64)
    if answer.camera is not None:
        xyz = answer.camera.transform_points(xyz)
    red, green, blue = frame.rgb[known].astype(np.uint32).T
    cloud = np.empty(len(xyz), POINT)
    cloud["x"], cloud["y"], cloud["z"] = xyz.T
    cloud["rgb"] = red << 16 | green << 8 | blue
    return PointCloud2(
        header=metres_header(answer),
        height=1,
        width=len(cloud),
        fields=FIELDS,
        is_bigendian=False,
        point_step=POINT.itemsize,
        row_step=cloud.nbytes,
        data=array.array("B", cloud.tobytes()),
        is_dense=True,
    )

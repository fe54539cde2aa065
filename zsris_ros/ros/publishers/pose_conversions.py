"""Conversion of points and poses to geometry_msgs, in the answer's metric frame."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Point, PointStamped, PoseStamped, Quaternion, Vector3
from geometry_msgs.msg import Pose as PoseMessage
from std_msgs.msg import Header

from zsris_ros import types
from zsris_ros.geometry.oriented_box import Pose, UprightBox
from zsris_ros.ros.publishers.answer import Answer, Status
from zsris_ros.types import Candidate


def metric_header(answer: Answer) -> Header:
    """Return the image's header with the frame of the metric values."""
    if answer.camera_pose is None:
        return answer.header
    return Header(stamp=answer.header.stamp, frame_id=answer.frame_id)


def to_point(point: types.Point | None, camera_pose: Pose | None = None) -> Point:
    """Convert a point of the optical frame; None becomes 0."""
    if point is None:
        return Point()
    x, y, z = point
    if camera_pose is not None:
        x, y, z = camera_pose.transform_points(np.array(point, np.float64)).tolist()
    return Point(x=float(x), y=float(y), z=float(z))


def to_normal(normal: types.Point, camera_pose: Pose | None = None) -> Vector3:
    """Convert a direction of the optical frame."""
    axes = np.eye(3) if camera_pose is None else camera_pose.axes
    x, y, z = (axes @ np.asarray(normal, np.float64)).tolist()
    return Vector3(x=x, y=y, z=z)


def to_pose(pose: Pose, camera_pose: Pose | None = None) -> PoseMessage:
    """Convert a pose of the optical frame."""
    placed = pose if camera_pose is None else camera_pose.transform_pose(pose)
    x, y, z, w = placed.quaternion
    return PoseMessage(
        position=to_point(placed.position), orientation=Quaternion(x=x, y=y, z=z, w=w)
    )


def to_size(box: UprightBox) -> Vector3:
    """Convert the size of a box along its own axes."""
    x, y, z = box.size
    return Vector3(x=float(x), y=float(y), z=float(z))


def box_of(answer: Answer, candidate: Candidate) -> UprightBox | None:
    """Return the box of one of the objects in the optical frame."""
    extent = answer.extents.get(candidate.index)
    return None if extent is None else extent.box


def centroid_point(answer: Answer) -> PointStamped | None:
    """Return the centroid of the found object, or None."""
    if answer.status != Status.FOUND or answer.objects[0].centroid is None:
        return None
    point = to_point(answer.objects[0].centroid, answer.camera_pose)
    return PointStamped(header=metric_header(answer), point=point)


def box_pose(answer: Answer) -> PoseStamped | None:
    """Return the pose of the found object's box, or None."""
    box = box_of(answer, answer.objects[0]) if answer.status == Status.FOUND else None
    if box is None:
        return None
    return PoseStamped(header=metric_header(answer), pose=to_pose(box.pose, answer.camera_pose))


def place_point(answer: Answer) -> PointStamped | None:
    """Return the first place point; None without one, or if an object is not FOUND."""
    place = answer.instruction.place
    if place is None or answer.instruction_status != Status.FOUND:
        return None
    return PointStamped(
        header=metric_header(answer), point=to_point(place.point, answer.camera_pose)
    )

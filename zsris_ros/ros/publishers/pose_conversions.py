"""Points and poses of an answer as geometry_msgs, in the frame its metres are told in."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Point, PointStamped, PoseStamped, Quaternion, Vector3
from geometry_msgs.msg import Pose as PoseMessage
from std_msgs.msg import Header

from zsris_ros import types
from zsris_ros.geometry.oriented_box import Pose, UprightBox
from zsris_ros.ros.requests.request_handler import Answer
from zsris_ros.types import Candidate


def metres_header(answer: Answer) -> Header:
    """The header of all that is in metres: the image's, with the frame the answer is placed in."""
    if answer.camera is None:
        return answer.header
    return Header(stamp=answer.header.stamp, frame_id=answer.frame_id)


def to_point(point: types.Point | None, camera: Pose | None = None) -> Point:
    """A point of the optical frame; all 0 for None."""
    if point is None:
        return Point()
    x, y, z = point
    if camera is not None:
        x, y, z = camera.transform_points(np.array(point, np.float64)).tolist()
    return Point(x=float(x), y=float(y), z=float(z))


def to_pose(pose: Pose, camera: Pose | None = None) -> PoseMessage:
    """A pose of the optical frame."""
    placed = pose if camera is None else camera.transform_pose(pose)
    x, y, z, w = placed.quaternion
    return PoseMessage(
        position=to_point(placed.position), orientation=Quaternion(x=x, y=y, z=z, w=w)
    )


def to_size(box: UprightBox) -> Vector3:
    """The size of a box in metres along its own axes."""
    x, y, z = box.size
    return Vector3(x=float(x), y=float(y), z=float(z))


def box_of(answer: Answer, candidate: Candidate) -> UprightBox | None:
    """The box of one of those that the verdict speaks of, in the optical frame."""
    extent = answer.extents.get(candidate.index)
    return None if extent is None else extent.box


def centroid_point(answer: Answer) -> PointStamped | None:
    """The answer's centroid in metres; None without one."""
    for best in answer.meant[:1]:
        if best.centroid is not None:
            point = to_point(best.centroid, answer.camera)
            return PointStamped(header=metres_header(answer), point=point)
    return None


def box_pose(answer: Answer) -> PoseStamped | None:
    """The pose of the answer's upright box; None without one."""
    for best in answer.meant[:1]:
        box = box_of(answer, best)
        if box is not None:
            return PoseStamped(header=metres_header(answer), pose=to_pose(box.pose, answer.camera))
    return None

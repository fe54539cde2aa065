"""Conversion of answers to markers: a box, the centroid and a text for each object."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Pose as PoseMessage
from geometry_msgs.msg import Vector3
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from zsris_ros.ros.publishers.answer import Answer
from zsris_ros.ros.publishers.pose_conversions import (
    box_of,
    metric_header,
    to_point,
    to_pose,
    to_size,
)
from zsris_ros.types import Candidate
from zsris_ros.visualization.overlay import VERDICT_COLOURS

SPHERE_DIAMETER = 0.015  # metres
TEXT_HEIGHT = 0.025  # metres
MIN_THICKNESS = 0.001  # metres; RViz does not draw a flat box
OPACITY = 0.35


def marker_array(answer: Answer) -> MarkerArray:
    """Return the markers of all objects with depth, after one that deletes the previous ones."""
    markers = [Marker(header=metric_header(answer), action=Marker.DELETEALL)]
    for number, candidate in enumerate(answer.objects):
        markers += _object_markers(answer, candidate, number)
    return MarkerArray(markers=markers)


def _object_markers(answer: Answer, candidate: Candidate, number: int) -> list[Marker]:
    box, camera_pose = box_of(answer, candidate), answer.camera_pose
    if box is None or candidate.centroid is None:
        return []
    size = to_size(box)
    size.x, size.y, size.z = (max(each, MIN_THICKNESS) for each in (size.x, size.y, size.z))
    ball = Vector3(x=SPHERE_DIAMETER, y=SPHERE_DIAMETER, z=SPHERE_DIAMETER)
    x, y, z = box.pose.transform_points(
        np.array([0.0, 0.0, box.size[2] / 2 + TEXT_HEIGHT])
    ).tolist()
    centroid = PoseMessage(position=to_point(candidate.centroid, camera_pose))
    above = PoseMessage(position=to_point((x, y, z), camera_pose))
    markers = [
        _marker(answer, "box", Marker.CUBE, to_pose(box.pose, camera_pose), size),
        _marker(answer, "centroid", Marker.SPHERE, centroid, ball),
        _marker(answer, "text", Marker.TEXT_VIEW_FACING, above, Vector3(z=TEXT_HEIGHT)),
    ]
    markers[0].color.a = OPACITY
    markers[2].text = f"{answer.result.expression.target.text} ({candidate.score:.2f})"
    for marker in markers:
        marker.id = number
    return markers


def _marker(answer: Answer, namespace: str, kind: int, pose: PoseMessage, scale: Vector3) -> Marker:
    red, green, blue = VERDICT_COLOURS[answer.result.verdict]
    return Marker(
        header=metric_header(answer),
        ns=namespace,
        type=kind,
        action=Marker.ADD,
        pose=pose,
        scale=scale,
        color=ColorRGBA(r=red / 255, g=green / 255, b=blue / 255, a=1.0),
    )

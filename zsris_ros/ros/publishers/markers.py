"""Answers as markers for RViz and Foxglove: a box, the centroid and a text for each object."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Pose as PoseMessage
from geometry_msgs.msg import Vector3
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from zsris_ros.ros.publishers.pose_conversions import (
    box_of,
    metres_header,
    to_point,
    to_pose,
    to_size,
)
from zsris_ros.ros.requests.request_handler import Answer
from zsris_ros.types import Candidate, Point
from zsris_ros.visualization.overlay import VERDICT_COLOURS

SPHERE = 0.015  # metres across
LETTERS = 0.025  # metres high
THINNEST = 0.001  # metres; RViz does not draw a box without thickness
OPACITY = 0.35


def marker_array(answer: Answer) -> MarkerArray:
    """All markers of an answer, behind one that removes those of the answer before.

    Objects without depth have none.
    """
    markers = [Marker(header=metres_header(answer), action=Marker.DELETEALL)]
    for number, candidate in enumerate(answer.meant):
        markers += _of_candidate(answer, candidate, number)
    return MarkerArray(markers=markers)


def _of_candidate(answer: Answer, candidate: Candidate, number: int) -> list[Marker]:
    box = box_of(answer, candidate)
    if box is None or candidate.centroid is None:
        return []
    size = to_size(box)
    solid = Vector3(x=max(size.x, THINNEST), y=max(size.y, THINNEST), z=max(size.z, THINNEST))
    x, y, z = box.pose.transform_points(np.array([0.0, 0.0, box.size[2] / 2 + LETTERS])).tolist()
    ball = Vector3(x=SPHERE, y=SPHERE, z=SPHERE)
    cube = _marker(answer, "box", Marker.CUBE, to_pose(box.pose, answer.camera), solid)
    cube.color.a = OPACITY
    sphere = _marker(answer, "centroid", Marker.SPHERE, _at(candidate.centroid, answer), ball)
    letters = Vector3(z=LETTERS)
    text = _marker(answer, "text", Marker.TEXT_VIEW_FACING, _at((x, y, z), answer), letters)
    text.text = f"{answer.referral.expression.target.text} ({candidate.score:.2f})"
    markers = [cube, sphere, text]
    for marker in markers:
        marker.id = number
    return markers


def _marker(answer: Answer, namespace: str, kind: int, pose: PoseMessage, scale: Vector3) -> Marker:
    red, green, blue = VERDICT_COLOURS[answer.referral.verdict]
    return Marker(
        header=metres_header(answer),
        ns=namespace,
        type=kind,
        action=Marker.ADD,
        pose=pose,
        scale=scale,
        color=ColorRGBA(r=red / 255, g=green / 255, b=blue / 255, a=1.0),
    )


def _at(point: Point, answer: Answer) -> PoseMessage:
    """A pose without a direction at a point of the optical frame."""
    return PoseMessage(position=to_point(point, answer.camera))

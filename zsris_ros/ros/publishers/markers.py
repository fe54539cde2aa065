"""Conversion of answers to markers: box, centroid and text of each object; place points."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from geometry_msgs.msg import Pose as PoseMessage
from geometry_msgs.msg import Vector3
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from zsris_ros.ros.publishers.answer import Answer, objects_of
from zsris_ros.ros.publishers.pose_conversions import (
    box_of,
    metric_header,
    to_point,
    to_pose,
    to_size,
)
from zsris_ros.types import Candidate, PlacePoint, ReferringResult
from zsris_ros.visualization.overlay import DESTINATION_COLOUR, VERDICT_COLOURS, Colour

SPHERE_DIAMETER = 0.015  # metres
TEXT_HEIGHT = 0.025  # metres
MIN_THICKNESS = 0.001  # metres; RViz does not draw a flat box
OPACITY = 0.35
PLACE_DIAMETER = 0.02  # metres
ARROW_LENGTH = 0.1  # metres


def marker_array(answer: Answer) -> MarkerArray:
    """Return the markers of all objects with depth, after one that deletes the previous ones.

    The objects of the steps have the colour of the verdict; those of the destinations, and the
    place points with an arrow along the normal, have ``DESTINATION_COLOUR``.
    """
    markers = [Marker(header=metric_header(answer), action=Marker.DELETEALL)]
    number = count()
    for step in answer.instruction.steps:
        goal = step.destination
        if step.target is not None:
            colour = VERDICT_COLOURS[step.target.verdict]
            markers += _result_markers(answer, step.target, colour, number)
        for anchor in () if goal is None else goal.anchors:
            markers += _result_markers(answer, anchor, DESTINATION_COLOUR, number)
        for place in () if goal is None else goal.places:
            markers += _place_markers(answer, place, next(number))
    return MarkerArray(markers=markers)


def _result_markers(
    answer: Answer, result: ReferringResult, colour: Colour, number: Iterator[int]
) -> Iterator[Marker]:
    name = result.expression.target.text
    for candidate in objects_of(result):
        yield from _object_markers(answer, candidate, name, colour, next(number))


def _object_markers(
    answer: Answer, candidate: Candidate, name: str, colour: Colour, number: int
) -> list[Marker]:
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
        _marker(answer, "box", Marker.CUBE, to_pose(box.pose, camera_pose), size, colour),
        _marker(answer, "centroid", Marker.SPHERE, centroid, ball, colour),
        _marker(answer, "text", Marker.TEXT_VIEW_FACING, above, Vector3(z=TEXT_HEIGHT), colour),
    ]
    markers[0].color.a = OPACITY
    markers[2].text = f"{name} ({candidate.score:.2f})"
    for marker in markers:
        marker.id = number
    return markers


def _place_markers(answer: Answer, place: PlacePoint, number: int) -> list[Marker]:
    """Return a ball at the place point and an arrow down to it."""
    point, camera_pose = np.asarray(place.point), answer.camera_pose
    x, y, z = (point + ARROW_LENGTH * np.asarray(place.normal)).tolist()
    at, above = to_point(place.point, camera_pose), to_point((x, y, z), camera_pose)
    ball = Vector3(x=PLACE_DIAMETER, y=PLACE_DIAMETER, z=PLACE_DIAMETER)
    shaft = Vector3(x=PLACE_DIAMETER / 4, y=PLACE_DIAMETER / 2, z=PLACE_DIAMETER / 2)
    colour = DESTINATION_COLOUR
    markers = [
        _marker(answer, "place", Marker.SPHERE, PoseMessage(position=at), ball, colour),
        _marker(answer, "place_arrow", Marker.ARROW, PoseMessage(), shaft, colour),
    ]
    markers[1].points = [above, at]
    for marker in markers:
        marker.id = number
    return markers


def _marker(
    answer: Answer, namespace: str, kind: int, pose: PoseMessage, scale: Vector3, colour: Colour
) -> Marker:
    red, green, blue = colour
    return Marker(
        header=metric_header(answer),
        ns=namespace,
        type=kind,
        action=Marker.ADD,
        pose=pose,
        scale=scale,
        color=ColorRGBA(r=red / 255, g=green / 255, b=blue / 255, a=1.0),
    )

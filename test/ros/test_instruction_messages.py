"""Instructions as messages: steps, place points and markers, in the camera's and a target frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from geometry_msgs.msg import Point, Vector3
from referring.test_instructions import TABLE, instruct
from std_msgs.msg import Header
from support.static_pose import QUATERNION, TRANSLATION
from zsris_ros.msg import RequestResult

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.ros.publishers.answer import Answer, ReplyOptions
from zsris_ros.ros.publishers.markers import marker_array
from zsris_ros.ros.publishers.pose_conversions import place_point
from zsris_ros.ros.publishers.result_messages import overlay_image, to_result

CAMERA_POSE = Pose.from_quaternion(TRANSLATION, QUATERNION)


def answer(text: str) -> Answer:
    return Answer(instruct(text), TABLE.frame, TABLE.masks, Header(frame_id="camera"), False)


def outcome_of(given: Answer) -> RequestResult:
    return to_result(given, ReplyOptions(max_candidates=10))


def xyz(point: Point | Vector3) -> tuple[float, float, float]:
    return point.x, point.y, point.z


def test_place_points_are_in_the_frame_of_the_metres() -> None:
    given = answer("put the cup on the tray")
    placed = replace(given, frame_id="base_link", camera_pose=CAMERA_POSE)
    (step,), (moved,) = outcome_of(given).steps, outcome_of(placed).steps
    place = given.instruction.place
    assert place is not None
    assert xyz(step.place.point) == pytest.approx(place.point)
    assert step.place.header == given.header and moved.place.header.frame_id == "base_link"
    expected = CAMERA_POSE.transform_points(np.array(place.point))
    assert xyz(moved.place.point) == xyz(moved.places[0]) == pytest.approx(expected)
    up = CAMERA_POSE.axes @ np.array(place.normal)
    assert xyz(moved.place_normal) == pytest.approx(up)
    topic = place_point(placed)
    assert topic == moved.place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("put the cup in the basket", "I see no basket"),
        ("take the thing and put it on the tray", "Which thing?"),
        ("hand the cup to the jar", "No place point: the object is handed over."),
        ("pick up the cup", "pick the cup"),
    ],
)
def test_no_place_is_published_but_for_found_instructions(text: str, message: str) -> None:
    given = answer(text)
    assert place_point(given) is None
    response = outcome_of(given)
    assert response.steps[0].message.startswith(message)
    assert not response.steps[0].has_place


def test_a_question_about_the_destination_is_no_place() -> None:
    given = answer("put the cup on the thing")
    response = outcome_of(given)
    assert (response.status, response.instruction_status) == (
        RequestResult.FOUND,
        RequestResult.AMBIGUOUS,
    )
    (step,) = response.steps
    assert step.target_status == RequestResult.FOUND
    assert step.destination_status == RequestResult.AMBIGUOUS and step.message == "Which thing?"
    assert place_point(given) is None


def test_several_objects_have_a_place_each() -> None:
    (step,) = outcome_of(answer("put the cup and the tin on the table")).steps
    assert step.destination_kind == "on" and step.destination_status == 0, "the support plane"
    assert len(step.targets) == len(step.places) == 2
    one, other = (np.array(xyz(each)) for each in step.places)
    assert np.linalg.norm(one - other) > 0.04


def test_markers_and_overlay_of_an_instruction() -> None:
    given = answer("put the cup on the tray")
    namespaces = {marker.ns for marker in marker_array(given).markers}
    assert {"place", "place_arrow"} <= namespaces
    drawn = bytes(overlay_image(given).data)
    assert drawn != bytes(overlay_image(answer("the cup")).data)

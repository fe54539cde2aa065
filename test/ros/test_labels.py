"""The label mask and the messages of vision_msgs. vision_msgs has no wheels: its messages are
stand-ins with the fields of the definitions, so this shows the conversion and not the sending."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from geometry_msgs.msg import Pose, PoseWithCovariance
from support.ros_camera import camera_info, colour_image, depth_image, header, picture
from support.ros_messages import StandInMessage
from support.stand_in_model import StandIn

from zsris_ros.camera.conversions import to_array
from zsris_ros.camera.frame_buffer import Stamped
from zsris_ros.ros.inputs.serialized import CameraMessages
from zsris_ros.ros.publishers import labels, result_publishers
from zsris_ros.ros.publishers.answer import Answer, Reply, ReplyOptions, Status
from zsris_ros.ros.publishers.pose_conversions import box_pose
from zsris_ros.ros.publishers.result_messages import to_result
from zsris_ros.ros.requests.request_handler import Query, RequestHandler, no_transforms

LEFT = 10
STAMP = 1_000_000_007


class Point2D(StandInMessage):
    fields = ("x", "y")


class Pose2D(StandInMessage):
    fields = ("position", "theta")

    def __init__(self) -> None:
        super().__init__(position=Point2D())


class BoundingBox2D(StandInMessage):
    fields = ("center", "size_x", "size_y")

    def __init__(self) -> None:
        super().__init__(center=Pose2D())


class ObjectHypothesis(StandInMessage):
    fields = ("class_id", "score")


class ObjectHypothesisWithPose(StandInMessage):
    fields = ("hypothesis", "pose")

    def __init__(self) -> None:
        super().__init__(hypothesis=ObjectHypothesis(), pose=PoseWithCovariance())


class Detection2D(StandInMessage):
    fields = ("header", "results", "bbox", "id")

    def __init__(self, **values: Any) -> None:
        super().__init__(bbox=BoundingBox2D(), **values)


class Detection2DArray(StandInMessage):
    fields = ("header", "detections")


class VisionClass(StandInMessage):
    fields = ("class_id", "class_name")


class LabelInfo(StandInMessage):
    fields = ("header", "class_map", "threshold")


VISION_MSGS = SimpleNamespace(
    Detection2D=Detection2D,
    Detection2DArray=Detection2DArray,
    LabelInfo=LabelInfo,
    ObjectHypothesisWithPose=ObjectHypothesisWithPose,
    VisionClass=VisionClass,
)


def answer(expression: str, target_frame: str = "") -> Answer:
    given = colour_image(STAMP, LEFT), depth_image(STAMP), camera_info(STAMP)
    messages = CameraMessages(*(Stamped(STAMP, each, 0) for each in given))
    query = Query(expression, messages, "the image", 1, target_frame=target_frame)
    return RequestHandler(StandIn(), 1, no_transforms).answer(query)


def test_a_found_object_is_a_detection_with_its_pose() -> None:
    given = answer("red")
    message = labels.detections(given, VISION_MSGS)
    (detection,) = message.detections
    assert message.header == detection.header == header(STAMP)
    centre = detection.bbox.center.position
    assert (centre.x, centre.y) == (LEFT + 3.5, 23.5)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (8.0, 8.0)
    (result,) = detection.results
    assert (result.hypothesis.class_id, detection.id) == ("red", "red")
    assert result.hypothesis.score == pytest.approx(0.9)
    expected = box_pose(given)
    assert expected is not None and result.pose.pose == expected.pose
    assert result.pose.pose.position.z == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize(
    ("expression", "target_frame", "status", "scores"),
    [
        ("either", "", Status.AMBIGUOUS, [0.9, 0.89]),
        ("red", "base_link", Status.NO_TRANSFORM, [0.9]),
        ("nothing", "", Status.NOT_FOUND, []),
    ],
)
def test_a_detection_of_another_status_has_no_pose(
    expression: str, target_frame: str, status: int, scores: list[float]
) -> None:
    given = answer(expression, target_frame)
    assert given.status == status
    found = labels.detections(given, VISION_MSGS).detections
    results = [result for each in found for result in each.results]
    assert [each.hypothesis.score for each in results] == pytest.approx(scores)
    assert all(each.pose.pose == Pose() for each in results)
    assert all(each.bbox.size_x == 8.0 for each in found), "the pixels are there"


def test_labels_name_the_objects() -> None:
    one, both = answer("red"), answer("either")
    assert np.array_equal(to_array(labels.label_image(one)), picture(LEFT)[1].astype(np.uint8))
    names = {
        text: [
            (each.class_id, each.class_name)
            for each in labels.label_info(given, VISION_MSGS).class_map
        ]
        for text, given in (("red", one), ("either", both))
    }
    assert names["red"] == [(0, "background"), (1, "red")]
    assert names["either"] == [(0, "background"), (1, "either 1"), (2, "either 2")]


def test_each_answer_is_published_as_detections_and_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, list[Any]] = {}

    def create_publisher(node: Any, kind: Any, topic: str, *_: Any) -> Any:
        sent[topic] = []
        return SimpleNamespace(publish=sent[topic].append, get_subscription_count=lambda: 1)

    monkeypatch.setattr(labels, "vision_msgs", lambda: VISION_MSGS)
    monkeypatch.setattr(result_publishers, "create_publisher", create_publisher)
    node: Any = SimpleNamespace()
    results = result_publishers.ResultPublishers(node)
    for text in ("red", "either", "nothing"):
        given = answer(text)
        results.publish(Reply(given, to_result(given, ReplyOptions(10))), with_overlay=False)
    assert [len(each.detections) for each in sent["~/detections"]] == [1, 2, 0]
    assert [len(each.class_map) for each in sent["~/label_info"]] == [2, 3, 1]
    assert len(sent["~/pose"]) == len(sent["~/centroid"]) == 1, "FOUND only"
    assert [each.status for each in sent["~/result"]] == [1, 2, 3]

"""The topics of answers over DDS, in the camera's frame and in a target frame."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PointStamped, PoseStamped
from geometry_msgs.msg import Pose as PoseMessage
from rclpy.node import Node
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import Header, String
from support.moving_pose import translation_at
from support.ros_camera import (
    FOCAL,
    FRAME,
    HEIGHT,
    SECOND,
    WIDTH,
    Camera,
    Listener,
    camera_info,
    colour_image,
    depth_image,
    header,
    picture,
    wait_until,
)
from support.ros_messages import cloud, xyz
from support.ros_processes import Process, node_with_stand_in, status_of
from support.static_pose import QUATERNION, TRANSLATION
from visualization_msgs.msg import Marker, MarkerArray
from zsris_ros.msg import RequestResult

from zsris_ros.camera.conversions import to_array, to_rgb
from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.ros.client.service_client import Client

NODE = "/refer_segment_node"
INSTALLED = importlib.util.find_spec("tf2_ros") is not None
VISION_MSGS = importlib.util.find_spec("vision_msgs") is not None

LEFT, DEPTH = 30, 1.5
CENTRE = (33.5 - WIDTH / 2) / FOCAL * DEPTH, (23.5 - HEIGHT / 2) / FOCAL * DEPTH, DEPTH
SIDE = 7 / FOCAL * DEPTH
"""From the centre of the first pixel to that of the last."""

OUTPUTS = {
    "mask": Image,
    "label_mask": Image,
    "overlay": Image,
    "centroid": PointStamped,
    "pose": PoseStamped,
    "segmented_points": PointCloud2,
}
METRES = "centroid", "pose", "segmented_points", "markers"


@pytest.fixture(scope="module")
def stamps() -> Iterator[int]:
    return iter(range(1000 * SECOND, 2000 * SECOND, 10 * SECOND))


def named(name: str) -> dict[str, str]:
    """Return remappings for the topics and the service of a second node."""
    return {"__node": name, "refer_segment": f"/{name}"}


def listen(here: Node, node: str = NODE) -> dict[str, Listener]:
    listeners = {name: Listener(here, kind, f"{node}/{name}") for name, kind in OUTPUTS.items()}
    listeners["markers"] = Listener(here, MarkerArray, f"{node}/markers")
    for each in listeners.values():
        each.wait_until_matched()
    return listeners


def ask(
    client: Client,
    camera: Camera,
    stamp: int,
    listeners: dict[str, Listener],
    fits: Callable[[RequestResult], bool] = lambda answer: bool(answer.has_depth),
) -> tuple[RequestResult, dict[str, Any]]:
    """Return the outcome about the frame of ``stamp`` and the messages of the topics.

    Their header is the image's, or the centroid's for metric ones.
    """
    camera.wait_until_matched()
    camera.send(stamp, left=LEFT)
    camera.ask_about(client, stamp, fits)
    for each in listeners.values():
        each.messages.clear()
    answer = camera.ask_about(client, stamp, fits)
    messages = {}
    for name, each in listeners.items():
        expected = answer.centroid.header if name in METRES else answer.header
        messages[name] = each.wait(lambda message, at=expected: header_of(message) == at)
    return answer, messages


def header_of(message: Any) -> Header:
    return message.markers[0].header if isinstance(message, MarkerArray) else message.header


def test_every_output_carries_the_image_s_header_and_the_same_object(
    here: Node, client: Client, stamps: Iterator[int], process: Process
) -> None:
    stamp = next(stamps)
    response, messages = ask(client, Camera(here), stamp, listen(here))
    assert all(header_of(message) == header(stamp) for message in messages.values())
    assert response.centroid.header == response.pose.header == header(stamp)
    rgb, mask = picture(LEFT)
    assert np.array_equal(to_array(messages["mask"]), mask * 255)
    assert np.any(to_rgb(messages["overlay"]) != rgb)
    assert np.array_equal(to_array(messages["label_mask"]), mask.astype(np.uint8))
    first, second = response.candidates[:2]
    inside = int(first.inside_pixel.x), int(first.inside_pixel.y)
    assert mask[inside[1] - 3 : inside[1] + 4, inside[0] - 3 : inside[0] + 4].all()
    assert first.valid_depth == 1.0 and not response.on_support
    assert xyz(response.pose.pose.position) == pytest.approx(CENTRE, abs=0.005)
    assert xyz(response.size) == pytest.approx((SIDE, 0.0, SIDE), abs=0.005)
    assert messages["pose"].pose == response.pose.pose
    assert first.pose == response.pose.pose and first.size == response.size
    assert first.selected and not second.selected and second.valid_depth == 0.0
    points, colours = cloud(messages["segmented_points"])
    assert len(points) == 64 and (colours == (250, 10, 10)).all()
    np.testing.assert_allclose(points.mean(axis=0), CENTRE, atol=1e-5)


def test_an_expression_by_topic_is_answered_on_the_topics(
    here: Node, client: Client, stamps: Iterator[int], process: Process
) -> None:
    listeners = listen(here)
    ask(client, Camera(here), next(stamps), listeners)
    expressions = here.create_publisher(String, "expression", 10)
    wait_until(lambda: expressions.get_subscription_count() > 0, 10.0, "no subscriber")
    for each in listeners.values():
        each.messages.clear()
    expressions.publish(String(data="red"))
    assert listeners["mask"].wait() and listeners["centroid"].wait().point.z == pytest.approx(1.5)


def test_markers_are_box_centroid_and_text_and_are_deleted(
    here: Node, client: Client, stamps: Iterator[int], process: Process
) -> None:
    stamp = next(stamps)
    listeners = {"markers": Listener(here, MarkerArray, f"{NODE}/markers")}
    listeners["markers"].wait_until_matched()
    response, _ = ask(client, Camera(here), stamp, listeners)
    # A message about the image without its depth may precede it.
    complete = listeners["markers"].wait(lambda message: len(message.markers) > 1)
    removal, box, ball, text = complete.markers
    assert removal.action == Marker.DELETEALL
    assert (box.type, ball.type, text.type) == (
        Marker.CUBE,
        Marker.SPHERE,
        Marker.TEXT_VIEW_FACING,
    )
    assert box.pose == response.pose.pose and box.scale.x == response.size.x
    assert box.scale.y > 0, "RViz draws nothing flat"
    assert ball.pose.position == response.centroid.point
    assert text.text.startswith("red") and text.pose.position.y < ball.pose.position.y, "above"
    listeners["markers"].messages.clear()
    client.ask("nothing")
    (only,) = listeners["markers"].wait(lambda message: len(message.markers) == 1).markers
    assert only.action == Marker.DELETEALL


def test_without_depth_there_are_no_metric_outputs(
    here: Node, client: Client, stamps: Iterator[int], process: Process
) -> None:
    listeners = listen(here)
    camera = Camera(here)
    camera.wait_until_matched()
    stamp = next(stamps)
    camera.send(stamp, depth_mm=None)
    response = camera.ask_about(client, stamp)
    assert not response.has_depth and response.candidates[0].valid_depth == 0.0
    assert xyz(response.size) == (0, 0, 0)
    assert response.candidates[0].inside_pixel.x > 0

    def about_it(message: Any) -> bool:
        return bool(header_of(message) == header(stamp))

    assert to_array(listeners["label_mask"].wait(about_it)).any()
    assert len(listeners["markers"].wait(about_it).markers) == 1
    assert not any(about_it(message) for name in METRES[:3] for message in listeners[name].messages)


@pytest.mark.parametrize(
    ("expression", "status"), [("either", "AMBIGUOUS"), ("nothing", "NOT_FOUND")]
)
def test_only_a_found_object_has_metric_outputs(
    here: Node,
    client: Client,
    stamps: Iterator[int],
    process: Process,
    expression: str,
    status: str,
) -> None:
    """An arm that follows ~/pose stands still, and ~/result has the reason."""
    listeners = listen(here)
    expected = {name: 1 if name in METRES else 2 for name in OUTPUTS}
    results = Listener(here, RequestResult, f"{NODE}/result")
    results.wait_until_matched()
    stamp = next(stamps)
    found, messages = ask(client, Camera(here), stamp, listeners)

    def result_of(response: RequestResult) -> RequestResult:
        return results.wait(lambda result: result.request_id == response.request_id)

    assert result_of(found) == found, "the same message"
    assert (found.header, found.expression) == (header(stamp), "red")
    assert found.has_depth and found.centroid == messages["centroid"]
    for each in listeners.values():
        each.messages.clear()
    response = client.ask(expression)
    assert status_of(response) == status and response.header == header(stamp)
    assert response.request_id > found.request_id
    assert result_of(response) == response and response.expression == expression
    assert not response.has_depth and response.pose.pose == PoseMessage()
    assert xyz(response.centroid.point) == (0, 0, 0) == xyz(response.size)
    assert len(response.candidates) == (2 if status == "AMBIGUOUS" else 0)
    assert all(each.has_depth for each in response.candidates), "metres of guesses are theirs"
    listeners["mask"].wait()
    # Answers are published in order on each topic: those of the next request come last.
    again = client.ask("red")
    result_of(again)
    for name, count in expected.items():
        received = listeners[name].messages
        listeners[name].wait(lambda _, r=received, c=count: len(r) >= c)
    assert {name: len(listeners[name].messages) for name in OUTPUTS} == expected


def test_a_refusal_is_a_result_with_its_request(
    here: Node, client: Client, process: Process
) -> None:
    results = Listener(here, RequestResult, f"{NODE}/result")
    results.wait_until_matched()
    response = client.ask(" ")
    result = results.wait(lambda result: result.request_id == response.request_id)
    assert result == response and result.header == Header()
    assert result.status == RequestResult.INVALID_REQUEST and "empty" in result.message
    expressions = here.create_publisher(String, "expression", 10)
    wait_until(lambda: expressions.get_subscription_count() > 0, 10.0, "no subscriber")
    expressions.publish(String(data="refuse"))
    result = results.wait(lambda result: result.expression == "refuse")
    assert result.request_id == response.request_id + 1
    assert "cannot be used" in result.message


def test_candidates_bring_their_masks_where_asked(
    here: Node, client: Client, stamps: Iterator[int], process: Process
) -> None:
    stamp = next(stamps)
    response, _ = ask(client, Camera(here), stamp, {})
    assert not any(each.mask.data for each in response.candidates)
    response = client.ask("red", return_candidate_masks=True)
    assert not response.mask.data
    for each in (response.candidates[0], response.steps[0].targets[0]):
        assert each.mask.header == header(stamp) and each.mask.encoding == "mono8"
        assert (to_array(each.mask) == np.full((8, 8), 255)).all(), "cropped to the box"
    assert (each.box.x_offset, each.box.y_offset) == (LEFT, 20)


def test_a_request_brings_an_image_with_depth(client: Client, process: Process) -> None:
    own = {
        "image": colour_image(SECOND, LEFT, "wrist_optical_frame"),
        "depth": depth_image(SECOND, 1200, "wrist_optical_frame"),
        "camera_info": camera_info(SECOND),
    }
    response = client.ask("red", **own)
    assert status_of(response) == "FOUND" and response.has_depth, response.message
    assert response.centroid.header == header(SECOND, "wrist_optical_frame") == response.header
    expected = np.array(CENTRE) / DEPTH * 1.2
    assert xyz(response.centroid.point) == pytest.approx(expected, abs=1e-6)
    own["camera_info"].k[0] = 2 * FOCAL
    other = client.ask("red", **own)
    assert not other.cache_hit, "another calibration is another scene"
    assert other.centroid.point.x == pytest.approx(expected[0] / 2, abs=1e-6)
    assert client.ask("red", **own).cache_hit
    placed = client.ask("red", **own, target_frame="base_link")
    assert status_of(placed) == "NO_TRANSFORM" and not placed.has_depth
    uncalibrated = client.ask("red", image=own["image"], depth=own["depth"])
    assert status_of(uncalibrated) == "FOUND" and not uncalibrated.has_depth
    assert "camera_info is not calibrated" in uncalibrated.message
    alone = client.ask("red", depth=own["depth"])
    assert status_of(alone) == "INVALID_REQUEST" and "send its image" in alone.message


@pytest.mark.skipif(VISION_MSGS, reason="vision_msgs is installed here")
def test_without_vision_msgs_the_log_says_so_once(process: Process) -> None:
    process.wait_for_log("vision_msgs is not installed")
    assert process.log().count("vision_msgs is not installed") == 1


# What the messages hold is tested without vision_msgs in test_labels.
@pytest.mark.skipif(not VISION_MSGS, reason="vision_msgs is not installed")
def test_vision_msgs_are_published_where_they_are_installed(
    here: Node, client: Client, stamps: Iterator[int], process: Process
) -> None:
    from vision_msgs.msg import Detection2DArray, LabelInfo

    listeners = {"detections": Listener(here, Detection2DArray, f"{NODE}/detections")}
    listeners["detections"].wait_until_matched()
    stamp = next(stamps)
    _, messages = ask(client, Camera(here), stamp, listeners)
    (detection,) = messages["detections"].detections
    assert detection.header == header(stamp)
    assert (detection.bbox.size_x, detection.bbox.center.position.x) == (8.0, 33.5)
    assert detection.results[0].hypothesis.class_id == "red"
    info = Listener(here, LabelInfo, f"{NODE}/label_info", latched=True).wait()
    assert [each.class_name for each in info.class_map] == ["background", "red"]
    listeners["detections"].messages.clear()
    client.ask("either")
    both = listeners["detections"].wait(lambda message: len(message.detections) == 2)
    assert all(each.results[0].pose.pose == PoseMessage() for each in both.detections)


def test_metric_outputs_are_in_the_target_frame_once_tf2_has_the_transform(
    here: Node, stamps: Iterator[int], tf2: None
) -> None:
    remaps = named("placed")
    with (
        node_with_stand_in(remaps, target_frame="base_link") as running,
        Client("/placed") as client,
    ):
        running.wait_for_log("the model is ready")
        listeners = listen(here, "/placed")
        camera = Camera(here)
        stamp = next(stamps)
        camera.wait_until_matched()
        camera.send(stamp, left=LEFT)
        why = "there is no transform from 'camera_optical_frame' to 'base_link'"
        response = camera.ask_about(client, stamp, lambda answer: why in answer.message)
        assert status_of(response) == "NO_TRANSFORM" and not response.has_depth
        assert xyz(response.centroid.point) == (0, 0, 0) == xyz(response.pose.pose.position)
        assert response.candidates[0].box.width == 8, "the pixels are there"
        assert not any(each.has_depth for each in response.candidates)
        client.ask("red")
        listeners["mask"].wait()
        assert not listeners["pose"].messages and not listeners["segmented_points"].messages
        here_again = client.ask("red", target_frame=f"/{FRAME}")
        assert status_of(here_again) == "FOUND", "the request names the camera's own frame"
        assert xyz(here_again.centroid.point) == pytest.approx(CENTRE, abs=1e-6)
        with Process("-m", "support.static_pose", FRAME):
            response, messages = ask(
                client,
                camera,
                stamp,
                listeners,
                lambda a: a.centroid.header.frame_id == "base_link",
            )
    assert "metres" not in response.message
    assert response.header == header(stamp), "the image's own frame"
    placed = header(stamp, "base_link")
    assert response.centroid.header == response.pose.header == placed
    camera_pose = Pose.from_quaternion(TRANSLATION, QUATERNION)
    expected = camera_pose.transform_points(np.array(CENTRE))
    assert expected == pytest.approx((DEPTH + 0.1, 0.2 - CENTRE[0], 1.0 - CENTRE[1]))
    assert xyz(response.centroid.point) == pytest.approx(expected, abs=1e-6)
    assert xyz(response.candidates[0].centroid) == pytest.approx(expected, abs=1e-6)
    assert xyz(response.pose.pose.position) == pytest.approx(expected, abs=0.005)
    assert xyz(response.size) == pytest.approx((SIDE, 0.0, SIDE), abs=0.005)
    turn = response.pose.pose.orientation
    axes = Pose.from_quaternion((0.0, 0.0, 0.0), (turn.x, turn.y, turn.z, turn.w)).axes
    np.testing.assert_allclose(axes[:, 2], (0, 0, 1), atol=1e-6, err_msg="up is up")
    np.testing.assert_allclose(
        cloud(messages["segmented_points"])[0].mean(axis=0), expected, atol=1e-5
    )


def test_a_request_can_name_its_target_frame(
    here: Node, client: Client, stamps: Iterator[int], tf2: None
) -> None:
    with node_with_stand_in(named("asked")) as running, Client("/asked") as caller:
        running.wait_for_log("the model is ready")
        camera = Camera(here)
        stamp = next(stamps)
        response, _ = ask(caller, camera, stamp, {})
        assert response.centroid.header.frame_id == FRAME
        with Process("-m", "support.static_pose", FRAME):
            wait_until(
                lambda: status_of(caller.ask("red", target_frame="base_link")) == "FOUND",
                40.0,
                "no transform",
            )
        response = caller.ask("red", target_frame="base_link")
    assert response.centroid.header == header(stamp, "base_link")
    camera_pose = Pose.from_quaternion(TRANSLATION, QUATERNION)
    expected = camera_pose.transform_points(np.array(CENTRE))
    assert xyz(response.centroid.point) == pytest.approx(expected, abs=1e-6)


def test_a_cached_scene_keeps_the_transform_that_tf2_has_forgotten(
    here: Node, stamps: Iterator[int], tf2: None
) -> None:
    stamp, depths = next(stamps), iter(range(1000, 5000))
    later = stamp + 100 * SECOND  # more than the node has tf2 keep
    with node_with_stand_in(named("kept")) as running, Client("/kept") as client:
        running.wait_for_log("the model is ready")
        camera = Camera(here)
        camera.wait_until_matched()
        camera.send(stamp, left=LEFT)

        def another_image() -> str:
            """Ask about another image with the same stamp, whose scene is not cached."""
            own = {"depth": depth_image(stamp, next(depths)), "camera_info": camera_info(stamp)}
            image = colour_image(stamp)
            return status_of(client.ask("red", image=image, target_frame="base_link", **own))

        def forgotten() -> bool:
            assert status_of(again()) == "FOUND"
            return another_image() == "NO_TRANSFORM"

        def again() -> RequestResult:
            return client.ask("red", stamp=header(stamp).stamp, target_frame="base_link")

        with Process("-m", "support.moving_pose", FRAME, str(stamp)):
            found = camera.ask_about(
                client, stamp, lambda answer: bool(answer.has_depth), target_frame="base_link"
            )
            assert another_image() == "FOUND"
        with Process("-m", "support.moving_pose", FRAME, str(later), str(later + SECOND)):
            wait_until(forgotten, 40.0, "tf2 forgets nothing")
        response = again()
    assert response.cache_hit and response.pose == found.pose
    assert response.centroid.header == header(stamp, "base_link")
    camera_pose = Pose.from_quaternion(translation_at(stamp), QUATERNION)
    expected = camera_pose.transform_points(np.array(CENTRE))
    assert xyz(response.centroid.point) == pytest.approx(expected, abs=1e-6)


@pytest.mark.skipif(INSTALLED, reason="tf2_ros is installed here")
def test_without_tf2_there_are_no_metres_in_another_frame(
    here: Node, stamps: Iterator[int]
) -> None:
    remaps, parameters = named("unplaced"), {"target_frame": "base_link", "transform_timeout": 30.0}
    with node_with_stand_in(remaps, **parameters) as running, Client("/unplaced") as client:
        running.wait_for_log("tf2_ros is not installed")
        running.wait_for_log("the model is ready")
        start = time.monotonic()
        camera, stamp = Camera(here), next(stamps)
        camera.wait_until_matched()
        camera.send(stamp)
        why = "to 'base_link': tf2_ros is not installed"
        response = camera.ask_about(client, stamp, lambda answer: why in answer.message)
    assert time.monotonic() - start < 20, "no wait for a transform"
    assert status_of(response) == "NO_TRANSFORM" and not response.has_depth

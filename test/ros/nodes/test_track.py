"""``~/track`` and ``~/tracked`` over DDS: start, tracking, loss, recovery, stop.

The model is the stand-in of support/stand_in_model.py; the tracker is real.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image
from support.ros_camera import SECOND, Camera, Listener, colour_image, header, picture
from support.ros_processes import Process, node_with_stand_in, status_of
from support.service_discovery import discovered_client
from zsris_ros.msg import TrackedObject
from zsris_ros.srv import Track

from zsris_ros.camera.conversions import to_array
from zsris_ros.ros.client.service_client import Client
from zsris_ros.ros.publishers.image_conversions import to_image

Response = Track.Response
NODE = "/refer_segment_node"


@pytest.fixture(scope="module")
def process(ros: None) -> Iterator[Process]:
    with node_with_stand_in(max_pending=1) as running:
        running.wait_for_log("the model is ready")
        yield running


class Scene:
    """A camera and the clients of the tracking interfaces."""

    def __init__(self, node: Node, client: Client) -> None:
        self.camera = Camera(node)
        self.camera.wait_until_matched()
        self._tracked = Listener(node, TrackedObject, f"{NODE}/tracked")
        self._tracked.wait_until_matched()
        self._client, self._node = client, node
        self._track = discovered_client(node, Track, f"{NODE}/track", Track.Request(stop=True))
        self.now = 1000 * SECOND

    def show(self, left: int | None = None) -> int:
        """Send an image with or without a red square and return its stamp."""
        self.now += SECOND // 10
        if left is None:
            grey = np.full_like(picture(0)[0], 90)
            self.camera.send_image(to_image(grey, "rgb8", header(self.now)))
        else:
            self.camera.send(self.now, left)
        return self.now

    def show_until_answered(self, left: int) -> None:
        """Send an image with depth until it is the last answer."""
        self.camera.ask_about(self._client, self.show(left), lambda answer: answer.has_depth)

    def track(self, expression: str = "", stop: bool = False) -> Response:
        request = Track.Request(expression=expression, stop=stop)
        future = self._track.call_async(request)
        executor = SingleThreadedExecutor()
        executor.add_node(self._node)
        executor.spin_until_future_complete(future, 120.0)  # it may import torch
        executor.remove_node(self._node)
        assert future.done(), "no answer of ~/track"
        return future.result()

    def follow(self, left: int | None, status: int) -> TrackedObject:
        """Send images until a message about one of them has ``status``; return it."""
        stamps = set()
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            stamps.add(self.show(left))
            try:
                return self._tracked.wait(
                    lambda each: (
                        each.status == status
                        and each.header.stamp.sec * SECOND + each.header.stamp.nanosec in stamps
                    ),
                    timeout=1.0,
                )
            except AssertionError:
                continue
        raise AssertionError(f"nothing with status {status}: {self.states()}")

    def states(self) -> list[int]:
        """Return the states of all messages."""
        return [each.status for each in self._tracked.messages]

    def wait(self, status: int) -> TrackedObject:
        return self._tracked.wait(lambda each: each.status == status)

    def forget(self) -> None:
        self._tracked.messages.clear()


@pytest.fixture(scope="module")
def scene(here: Node, client: Client) -> Scene:
    return Scene(here, client)


# First, before there is an image or an answer.
def test_without_an_image_or_an_answer_tracking_is_refused(scene: Scene) -> None:
    response = scene.track()
    assert status_of(response) == "INVALID_REQUEST" and "send an expression" in response.message
    assert status_of(scene.track("red")) == "NO_IMAGE"
    assert status_of(scene.track(stop=True)) == "STOPPED"


def test_an_object_is_tracked_lost_found_again_and_released(scene: Scene, client: Client) -> None:
    scene.show_until_answered(20)
    response = scene.track("red")
    assert status_of(response) == "FOUND" and "red" in response.message
    first = scene.wait(TrackedObject.TRACKING)
    assert first.score == 1.0 and first.expression == "red"
    for left in (24, 28):
        seen = scene.follow(left, TrackedObject.TRACKING)
        assert np.array_equal(to_array(seen.mask), picture(left)[1] * 255)
        assert (seen.box.x_offset, seen.box.width) == (left, 8)
        assert seen.centroid_pixel.x == left + 3.5
        assert seen.mask.header == seen.header
        assert seen.score == pytest.approx(1.0, abs=1e-3) and not seen.why
    lost = scene.follow(None, TrackedObject.LOST)
    assert lost.why and not lost.mask.data and lost.box.width == 0
    again = scene.follow(40, TrackedObject.TRACKING)
    assert again.box.x_offset == 40
    scene.forget()
    response = scene.track(stop=True)
    assert status_of(response) == "STOPPED" and "'red'" in response.message
    assert scene.wait(TrackedObject.STOPPED).why == "as requested"
    scene.forget()
    scene.show_until_answered(44)
    assert scene.states() == []


def test_the_last_answer_is_tracked_and_requests_are_served(scene: Scene, client: Client) -> None:
    scene.show_until_answered(10)
    scene.show(12)
    response = scene.track()
    assert status_of(response) == "FOUND", response.message
    followed = scene.follow(16, TrackedObject.TRACKING)
    assert followed.expression == "red"
    assert status_of(client.ask("red")) == "FOUND"
    assert scene.follow(18, TrackedObject.TRACKING).box.x_offset == 18
    scene.track(stop=True)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("nothing", "NOT_FOUND"), ("refuse", "INVALID_REQUEST"), ("crash", "FAILED")],
)
def test_a_refused_start_keeps_the_tracked_object(
    scene: Scene, expression: str, expected: str
) -> None:
    scene.show_until_answered(20)
    assert status_of(scene.track("red")) == "FOUND"
    response = scene.track(expression)
    assert status_of(response) == expected and response.message
    scene.forget()
    assert scene.follow(22, TrackedObject.TRACKING).expression == "red"
    scene.track(stop=True)


def test_an_unreadable_image_is_logged_and_the_next_one_tracked(
    scene: Scene, process: Process
) -> None:
    scene.show_until_answered(20)
    scene.track("red")
    scene.now += 2 * SECOND  # beyond the wait for its depth
    broken: Image = colour_image(scene.now, 22)
    broken.encoding = "yuv999"
    scene.camera.send_image(broken)
    process.wait_for_log("an image was not followed")
    assert scene.follow(22, TrackedObject.TRACKING).box.x_offset == 22
    scene.track(stop=True)


# Last, because it turns time back.
def test_a_time_jump_stops_tracking(scene: Scene) -> None:
    scene.show_until_answered(20)
    scene.track("red")
    scene.forget()
    scene.camera.send(5 * SECOND, 20)
    assert "time" in scene.wait(TrackedObject.STOPPED).why

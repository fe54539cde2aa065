"""Frame selection and cache hits while the camera runs."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from support.ros_camera import camera_info, colour_image, depth_image
from support.stand_in_model import StandIn
from zsris_ros.srv import ReferSegment

from zsris_ros.camera.frame_buffer import FrameBuffer
from zsris_ros.camera.image_messages import SECOND, stamp_ns
from zsris_ros.ros.inputs.serialized import CameraBuffer
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.answer import Answer
from zsris_ros.ros.requests.frame_selection import to_query
from zsris_ros.ros.requests.request_handler import Query, RequestHandler

PERIOD = SECOND // 30


class Camera:
    """An RGB-D camera at 30 Hz with the node's buffer, and a request handler."""

    def __init__(self) -> None:
        self._buffer: CameraBuffer = FrameBuffer(30, SECOND // 20, memory_ns=10 * SECOND)
        self._handler = RequestHandler(StandIn(), 4)
        self.now = 100 * SECOND

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 30)):
            self.now += PERIOD
            self.send_info()
            self.send_image()
            self.send_depth()

    def send_info(self) -> None:
        self._buffer.add_info(self.now, camera_info(self.now))

    def send_image(self) -> None:
        self._buffer.add_image(self.now, colour_image(self.now, self.now // PERIOD % 40))

    def send_depth(self) -> None:
        self._buffer.add_depth(self.now, depth_image(self.now))

    def ask(self, about: Answer | None = None) -> Answer:
        """Answer about the newest frame, or the frame of an answer."""
        request = ReferSegment.Request(expression="red")
        if about is not None:
            request.stamp = about.header.stamp
        return self._handler.answer(self.query(request))

    def look_ahead(self) -> None:
        """Prepare the newest frame."""
        self._handler.prepare(self.query(ReferSegment.Request(expression="red")))

    def query(self, request: ReferSegment.Request) -> Query:
        return to_query(
            request,
            self._buffer,
            "image",
            Parameters(look_ahead=1.0),
            prepared=self._handler.prepared,
            cached=self._handler.cached,
        )


@pytest.fixture
def camera() -> Camera:
    made = Camera()
    made.run(1)
    return made


@pytest.mark.parametrize("seconds", [0.1, 0.9, 1.1, 3, 12])
def test_a_request_about_an_answered_frame_hits_the_cache(camera: Camera, seconds: float) -> None:
    first = camera.ask()
    assert not first.cache_hit
    camera.run(seconds)
    again = camera.ask(about=first)
    assert again.cache_hit and again.header == first.header
    assert np.array_equal(again.result.mask, first.result.mask)
    assert camera.ask().header != first.header, "the newest frame differs"


def test_a_prepared_frame_does_not_replace_an_answered_one(camera: Camera) -> None:
    first = camera.ask()
    camera.run(0.3)
    camera.look_ahead()
    assert camera.ask(about=first).header == first.header
    newest = camera.ask()
    assert newest.header != first.header and newest.cache_hit


def test_a_frame_whose_scene_was_dropped_is_taken_from_the_buffer(camera: Camera) -> None:
    first = camera.ask()
    for _ in range(4):
        camera.run(0.1)
        camera.ask()
    again = camera.ask(about=first)
    assert not again.cache_hit and again.header == first.header


def test_a_repeated_camera_info_keeps_the_cache(camera: Camera) -> None:
    first = camera.ask()
    camera.send_info()
    assert camera.ask(about=first).cache_hit and camera.ask().cache_hit


def test_late_depth_invalidates_the_cache(camera: Camera) -> None:
    camera.now += SECOND
    camera.send_image()
    before = camera.ask()
    assert before.extents[0].valid_depth == 0
    camera.send_depth()
    after = camera.ask(about=before)
    assert stamp_ns(after.header) == stamp_ns(before.header) == camera.now
    assert after.extents[0].valid_depth == 1 and not after.cache_hit
    assert camera.ask(about=before).cache_hit


def test_images_with_equal_stamps_are_different_frames() -> None:
    camera = Camera()
    for _ in range(2):
        camera.send_info()
        camera.send_image()
        assert not camera.ask().cache_hit
    assert camera.ask().cache_hit

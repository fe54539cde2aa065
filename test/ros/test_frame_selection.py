"""Which frame a question is about while the camera goes on, and whether it was looked at before."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from sensor_msgs.msg import CameraInfo
from support.ros_camera import FOCAL, HEIGHT, WIDTH, header, picture
from support.stand_in_model import StandIn
from zsris_ros.srv import ReferSegment

from zsris_ros.camera.frame_buffer import FrameBuffer
from zsris_ros.camera.image_messages import SECOND, AnyImage, stamp_ns
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.ros.requests.frame_selection import to_question
from zsris_ros.ros.requests.request_handler import Answer, Answerer, Question

PERIOD = SECOND // 30


class Camera:
    """RGB-D at 30 Hz into a buffer like the node's, and somebody who asks."""

    def __init__(self) -> None:
        self._buffer: FrameBuffer[AnyImage, CameraInfo] = FrameBuffer(
            30, SECOND // 20, memory_ns=10 * SECOND
        )
        self._answerer = Answerer(StandIn(), 4)
        self.now = 100 * SECOND

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 30)):
            self.now += PERIOD
            self.send_info()
            self.send_image()
            self.send_depth()

    def send_info(self) -> None:
        made = CameraInfo(width=WIDTH, height=HEIGHT, header=header(self.now))
        made.k = [FOCAL, 0.0, WIDTH / 2, 0.0, FOCAL, HEIGHT / 2, 0.0, 0.0, 1.0]
        self._buffer.add_info(self.now, made)

    def send_image(self) -> None:
        place = self.now // PERIOD % 40
        image = to_image(picture(place)[0], "rgb8", header(self.now))
        self._buffer.add_image(self.now, image)

    def send_depth(self) -> None:
        depth = np.full((HEIGHT, WIDTH), 1500, np.uint16)
        self._buffer.add_depth(self.now, to_image(depth, "16UC1", header(self.now)))

    def ask(self, about: Answer | None = None) -> Answer:
        """About the newest frame, or the one of an answer."""
        request = ReferSegment.Request(expression="red")
        if about is not None:
            request.stamp = about.header.stamp
        return self._answerer.answer(self.question(request))

    def look_ahead(self) -> None:
        """The newest frame is made ready before anybody asks."""
        self._answerer.prepare(self.question(ReferSegment.Request(expression="red")))

    def question(self, request: ReferSegment.Request) -> Question:
        return to_question(
            request,
            self._buffer,
            "image",
            Parameters(look_ahead=1.0),
            ready=self._answerer.ready,
            looked_at=self._answerer.looked_at,
        )


@pytest.fixture
def camera() -> Camera:
    made = Camera()
    made.run(1)
    return made


@pytest.mark.parametrize("seconds", [0.1, 0.9, 1.1, 3, 12])
def test_a_question_about_an_answered_frame_is_about_that_frame(
    camera: Camera, seconds: float
) -> None:
    first = camera.ask()
    assert not first.cache_hit
    camera.run(seconds)
    again = camera.ask(about=first)
    assert again.cache_hit and again.header == first.header
    assert np.array_equal(again.referral.mask, first.referral.mask)
    assert camera.ask().header != first.header, "the newest is another one"


def test_what_is_ready_does_not_take_the_place_of_what_was_answered_about(camera: Camera) -> None:
    first = camera.ask()
    camera.run(0.3)
    camera.look_ahead()
    assert camera.ask(about=first).header == first.header
    newest = camera.ask()
    assert newest.header != first.header and newest.cache_hit


def test_scenes_that_were_dropped_are_looked_for_in_the_buffer(camera: Camera) -> None:
    first = camera.ask()
    for _ in range(4):
        camera.run(0.1)
        camera.ask()
    again = camera.ask(about=first)
    assert not again.cache_hit and again.header == first.header


def test_calibration_that_comes_again_changes_nothing(camera: Camera) -> None:
    first = camera.ask()
    camera.send_info()
    assert camera.ask(about=first).cache_hit and camera.ask().cache_hit


def test_depth_that_comes_late_counts(camera: Camera) -> None:
    camera.now += SECOND
    camera.send_image()
    before = camera.ask()
    assert before.extents[0].valid_depth == 0
    camera.send_depth()
    after = camera.ask(about=before)
    assert stamp_ns(after.header) == stamp_ns(before.header) == camera.now
    assert after.extents[0].valid_depth == 1 and not after.cache_hit
    assert camera.ask(about=before).cache_hit


def test_images_that_are_all_stamped_alike_are_different_frames() -> None:
    camera = Camera()
    for _ in range(2):
        camera.send_info()
        camera.send_image()
        assert not camera.ask().cache_hit
    assert camera.ask().cache_hit

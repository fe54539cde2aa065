"""A frame that is ready costs its question nothing, and getting it ready costs others nothing."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from sensor_msgs.msg import CameraInfo, Image
from support.ros_camera import header, picture
from support.stand_in_model import StandIn
from zsris_ros.srv import ReferSegment

from zsris_ros.camera.frame_buffer import FrameBuffer
from zsris_ros.camera.image_messages import SECOND, AnyImage
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.ros.requests.frame_selection import to_question
from zsris_ros.ros.requests.look_ahead import LookAhead
from zsris_ros.ros.requests.request_handler import Answerer, Question
from zsris_ros.ros.requests.worker import Worker
from zsris_ros.tracing.stages import stage
from zsris_ros.types import Frame, Scene

CHOSEN = Parameters(look_ahead=1.0)


class Slow(StandIn):
    """Looks in stages; between two of them it waits to be let on."""

    def __init__(self) -> None:
        self.looks, self.stages = 0, 0
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def look(self, frame: Frame) -> Scene:
        self.looks += 1
        for _ in range(3):
            with stage("features"):
                self.stages += 1
            self.begun.set()
            assert self.go_on.wait(10)
        return super().look(frame)


class Camera:
    """A buffer that is filled by hand."""

    def __init__(self) -> None:
        self.buffer: FrameBuffer[AnyImage, CameraInfo] = FrameBuffer(10, SECOND // 20)

    def take(self, seconds: float) -> None:
        image: Image = to_image(picture(10)[0], "rgb8", header(1, "colour"))
        self.buffer.add_image(round(seconds * SECOND), image)

    def ask(self, answerer: Answerer, seconds: float = 0.0) -> Question:
        request = ReferSegment.Request(expression="red")
        request.stamp.sec, rest = divmod(round(seconds * SECOND), SECOND)
        request.stamp.nanosec = rest
        return to_question(request, self.buffer, "image", CHOSEN, ready=answerer.ready)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def settle(worker: Worker) -> None:
    """Until what was offered has been done."""
    done = threading.Event()
    deadline = time.monotonic() + 10
    while worker._spare is not None and time.monotonic() < deadline:
        time.sleep(0.005)
    worker.submit(done.set, beyond_limit=True).result(10)


def test_what_is_ready_is_not_looked_at_again(worker: Worker) -> None:
    model, camera = Slow(), Camera()
    answerer, ahead = Answerer(model, 1), LookAhead(worker)
    camera.take(1.0)
    ahead.heard(camera.buffer, CHOSEN, answerer)
    settle(worker)
    camera.take(1.4)
    camera.take(1.9)
    for seconds in (0.0, 1.4, 1.9):
        answer = answerer.answer(camera.ask(answerer, seconds))
        assert answer.cache_hit and answer.referral.mask.any()
    assert (model.looks, len(answerer)) == (1, 1)
    camera.take(2.1)  # the frame that is ready is too old for it
    assert not answerer.answer(camera.ask(answerer)).cache_hit


def test_a_new_frame_is_looked_at_when_the_one_that_is_ready_ages(worker: Worker) -> None:
    model, camera = Slow(), Camera()
    answerer, ahead = Answerer(model, 4), LookAhead(worker)
    looks = []
    for seconds in (1.0, 1.3, 1.6, 1.9, 2.2):
        camera.take(seconds)
        ahead.heard(camera.buffer, CHOSEN, answerer)
        settle(worker)
        looks.append(model.looks)
    assert looks == [1, 1, 2, 2, 3]
    assert len(answerer) == 0, "what nobody asked about takes no other frame's place"
    assert answerer.ready == camera.buffer.newest()
    answerer.forget()
    assert answerer.ready is None


def test_nothing_is_looked_at_unless_wanted(worker: Worker) -> None:
    model, camera = Slow(), Camera()
    camera.take(1.0)
    LookAhead(worker).heard(camera.buffer, Parameters(), Answerer(model, 1))
    settle(worker)
    assert model.looks == 0


@pytest.mark.parametrize("same_frame", [False, True])
def test_a_request_interrupts_unless_it_is_about_that_very_frame(
    worker: Worker, same_frame: bool
) -> None:
    model, camera = Slow(), Camera()
    model.go_on.clear()
    answerer, ahead = Answerer(model, 1), LookAhead(worker)
    camera.take(1.0)
    ahead.heard(camera.buffer, CHOSEN, answerer)
    assert model.begun.wait(10)
    if not same_frame:
        camera.take(5.0)
    question = camera.ask(answerer)
    ahead.wanted = question.key
    future = worker.submit(lambda: answerer.answer(question))
    model.go_on.set()
    answer = future.result(10)
    assert np.any(answer.referral.mask)
    assert answer.cache_hit == same_frame
    # The rest of the first look was left undone, where somebody had to wait for it.
    assert (model.looks, model.stages) == ((1, 3) if same_frame else (2, 4))

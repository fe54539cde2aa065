"""Look-ahead: a prepared frame is not processed again, and other requests are not delayed."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from support.ros_camera import colour_image
from support.stand_in_model import StandIn
from zsris_ros.srv import ReferSegment

from zsris_ros.camera.frame_buffer import FrameBuffer
from zsris_ros.camera.image_messages import SECOND
from zsris_ros.ros.inputs.serialized import CameraBuffer
from zsris_ros.ros.lifecycle.worker import Worker
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.requests.frame_selection import to_query
from zsris_ros.ros.requests.look_ahead import LookAhead
from zsris_ros.ros.requests.request_handler import Query, RequestHandler
from zsris_ros.tracing.stages import stage
from zsris_ros.types import Frame, Scene

CHOSEN = Parameters(look_ahead=1.0)


class Slow(StandIn):
    """Works in stages and waits for ``go_on`` between them."""

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
    """A camera with a frame buffer."""

    def __init__(self) -> None:
        self.buffer: CameraBuffer = FrameBuffer(10, SECOND // 20)

    def take(self, seconds: float) -> None:
        self.buffer.add_image(round(seconds * SECOND), colour_image(1))

    def query(self, handler: RequestHandler, seconds: float = 0.0) -> Query:
        request = ReferSegment.Request(expression="red")
        request.stamp.sec, rest = divmod(round(seconds * SECOND), SECOND)
        request.stamp.nanosec = rest
        return to_query(request, self.buffer, "image", CHOSEN, prepared=handler.prepared)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def settle(worker: Worker) -> None:
    """Wait for the idle job."""
    done = threading.Event()
    deadline = time.monotonic() + 10
    while worker._idle_job is not None and time.monotonic() < deadline:
        time.sleep(0.005)
    worker.submit(done.set, beyond_limit=True).result(10)


def test_a_prepared_frame_is_not_processed_again(worker: Worker) -> None:
    model, camera = Slow(), Camera()
    handler, ahead = RequestHandler(model, 1), LookAhead(worker)
    camera.take(1.0)
    ahead.on_frame(camera.buffer, CHOSEN, handler)
    settle(worker)
    camera.take(1.4)
    camera.take(1.9)
    for seconds in (0.0, 1.4, 1.9):
        answer = handler.answer(camera.query(handler, seconds))
        assert answer.cache_hit and answer.result.mask.any()
    assert (model.looks, len(handler)) == (1, 1)
    camera.take(2.1)  # too far from the prepared frame
    assert not handler.answer(camera.query(handler)).cache_hit


def test_a_new_frame_is_prepared_when_the_prepared_one_ages(worker: Worker) -> None:
    model, camera = Slow(), Camera()
    handler, ahead = RequestHandler(model, 4), LookAhead(worker)
    looks = []
    for seconds in (1.0, 1.3, 1.6, 1.9, 2.2):
        camera.take(seconds)
        ahead.on_frame(camera.buffer, CHOSEN, handler)
        settle(worker)
        looks.append(model.looks)
    assert looks == [1, 1, 2, 2, 3]
    assert len(handler) == 0, "a prepared scene takes no place in the cache"
    assert handler.prepared == camera.buffer.newest()
    handler.clear()
    assert handler.prepared is None


def test_look_ahead_is_off_by_default(worker: Worker) -> None:
    model, camera = Slow(), Camera()
    camera.take(1.0)
    LookAhead(worker).on_frame(camera.buffer, Parameters(), RequestHandler(model, 1))
    settle(worker)
    assert model.looks == 0


@pytest.mark.parametrize("same_frame", [False, True])
def test_a_request_about_another_frame_interrupts(worker: Worker, same_frame: bool) -> None:
    model, camera = Slow(), Camera()
    model.go_on.clear()
    handler, ahead = RequestHandler(model, 1), LookAhead(worker)
    camera.take(1.0)
    ahead.on_frame(camera.buffer, CHOSEN, handler)
    assert model.begun.wait(10)
    if not same_frame:
        camera.take(5.0)
    query = camera.query(handler)
    ahead.requested = query.key
    future = worker.submit(lambda: handler.answer(query))
    model.go_on.set()
    answer = future.result(10)
    assert np.any(answer.result.mask)
    assert answer.cache_hit == same_frame
    # An interrupted look omits its remaining stages.
    assert (model.looks, model.stages) == ((1, 3) if same_frame else (2, 4))

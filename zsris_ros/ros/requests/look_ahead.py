"""The camera's newest frame, looked at before anybody asks, so that an answer finds it ready.

It is done in the worker's spare time, and given up at the next boundary inside a stage as soon as a
request waits that is not about this very frame.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from sensor_msgs.msg import CameraInfo

from zsris_ros.camera.frame_buffer import FrameBuffer
from zsris_ros.camera.image_messages import AnyImage
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.requests.frame_selection import is_near
from zsris_ros.ros.requests.request_handler import Answerer, Question
from zsris_ros.ros.requests.worker import Cancelled, Worker
from zsris_ros.tracing.stages import stage_hook


class LookAhead:
    """Keeps one frame ready. ``wanted`` is the key of the question that was asked last."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.wanted: Hashable = None

    def heard(
        self, buffer: FrameBuffer[AnyImage, CameraInfo], chosen: Parameters, answerer: Answerer
    ) -> None:
        """An image, or depth, has come."""
        if chosen.look_ahead > 0:
            self._worker.offer(partial(self._look, buffer, chosen, answerer))

    # In the worker thread

    def _look(
        self, buffer: FrameBuffer[AnyImage, CameraInfo], chosen: Parameters, answerer: Answerer
    ) -> None:
        moment = buffer.newest()
        # Looked at anew before what is ready is too old, not for every frame.
        ready = answerer.ready
        fresh = ready and moment and is_near(ready, moment, chosen.look_ahead / 2)
        if moment is None or fresh:
            return
        question = Question("", moment, "the image", ("camera", *moment.key))
        with stage_hook(partial(self._watch, question.key)):
            answerer.prepare(question, chosen.assume_registered, chosen.max_pixels)

    def _watch(self, key: Hashable, stage: str) -> AbstractContextManager[None]:
        if self._worker.waiting and self.wanted != key:
            raise Cancelled("a request has come")
        return nullcontext()

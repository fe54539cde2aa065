"""The model of a node: its states, its answers, and the refusals without an answer."""

from __future__ import annotations

import gc
import time
from concurrent.futures import CancelledError
from dataclasses import replace

from rclpy.node import Node

from zsris_ros.ros.lifecycle import process
from zsris_ros.ros.lifecycle.model_holder import Model, ModelLoader
from zsris_ros.ros.lifecycle.worker import JobCancelled
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers import diagnostics
from zsris_ros.ros.publishers.answer import Answer, Refusal, Status
from zsris_ros.ros.requests.request_handler import PoseLookup, Query, RequestHandler
from zsris_ros.ros.requests.track_requests import StartTracking
from zsris_ros.ros.requests.tracked_objects import Track
from zsris_ros.tracing.stages import StageHook, no_hook, stage_hook
from zsris_ros.types import InputError, Verdict

TRIM_PERIOD = 60.0
"""Seconds after which an answer also returns freed memory to the system, in some 3 ms. Freed images
leave gaps in the heap, by which main memory rises."""


class NodeModel:
    """The model of ``node`` with the request handler of its active state.

    The worker thread changes states and answers. Other threads read ``handler`` once for each use,
    because the worker may reset it.

    Attributes:
        handler: The request handler; None unless the node is active.
        statistics: The counts of requests and the state of the model.
        device_error: Why the device is lost; "" for a device that works.
    """

    def __init__(self, node: Node, load_model: ModelLoader, look_up: PoseLookup) -> None:
        self.handler: RequestHandler | None = None
        self.statistics = diagnostics.RequestStatistics()
        self.device_error = ""
        self._node, self._load_model, self._look_up = node, load_model, look_up
        self._model: Model | None = None
        self._trimmed = time.monotonic()

    @property
    def is_configured(self) -> bool:
        """Whether the model is loaded, or being loaded."""
        return self.statistics.model != diagnostics.UNLOADED

    def read_gpu_memory(self) -> str:
        """Return the use of GPU memory as text; set ``device_error`` if it cannot be read.

        Of a lost device every call fails, also this one. A node that is not active has nothing on
        the device, and its next activation reports the error.
        """
        model = self._model
        if model is None:
            return "not used"
        try:
            return model.gpu_memory()
        except Exception as error:
            if self.handler is not None:
                self._lose_device(error)
            return f"unknown: {_first_line(error)}"

    def load(self, parameters: Parameters) -> None:
        """Load the model into main memory."""
        self.statistics.model = diagnostics.LOADING
        self._model = self._load_model(parameters)
        # Else garbage collections traverse all of torch, which delays an answer by 0.1 s.
        gc.collect()
        gc.freeze()
        self.statistics.model = diagnostics.IN_MEMORY

    def activate(self, max_scenes: int) -> None:
        """Move the model to its device and accept requests."""
        assert self._model is not None, "loaded before it is activated"
        self._model.to_device()
        self.handler = RequestHandler(self._model, max_scenes, self._look_up)
        self.statistics.model = diagnostics.READY

    def deactivate(self) -> None:
        """Drop the scenes and move the model to main memory."""
        self.handler = None
        if self._model is not None:
            self._model.to_memory()
            self.statistics.model = diagnostics.IN_MEMORY
        process.trim_memory()

    def unload(self) -> None:
        """Drop the model."""
        self._model = None
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # the other objects, because another node of the process may be active
        process.trim_memory()
        self.statistics.model = diagnostics.UNLOADED

    def answer(self, query: Query, arrival: float, hook: StageHook) -> Answer:
        """Answer a query; ``arrival`` is the time of the request by time.monotonic.

        Raises:
            Refusal: The node is not active, or the image or the expression is unusable.
            JobCancelled: By ``hook``.
        """
        if self.handler is None:  # deactivated since the request was queued
            raise self.inactive()
        with stage_hook(hook):
            answer = self.handler.answer(query)
        seconds = time.monotonic() - arrival
        self.statistics.count_answer(seconds * 1e3, answer.timings, answer.cache_hit)
        if time.monotonic() - self._trimmed > TRIM_PERIOD:
            process.trim_memory()
            self._trimmed = time.monotonic()
        return replace(answer, seconds=seconds)

    def track(self, query: Query | None, start: StartTracking, needs_transform: bool) -> Track:
        """Track the object of ``query``, or of the last answer.

        Raises:
            Refusal: The node is not active, or the object was not found, or not with metres that
                are needed.
        """
        if query is not None:
            answer = self.answer(query, time.monotonic(), no_hook)
            if answer.result.verdict is not Verdict.FOUND or (
                needs_transform and answer.status != Status.FOUND
            ):
                raise Refusal(answer.status, answer.sentence)
        if self.handler is None or self._model is None:
            raise self.inactive()
        if self.handler.last_found is None:
            raise Refusal(Status.INVALID_REQUEST, "nothing was found so far; send an expression")
        return start(self._model.look_for_tracking, self.handler.last_found)

    def inactive(self) -> Refusal:
        """Return the refusal of a node that is not active, with the steps that activate it."""
        steps = "activate" if self._model is not None else "configure, then activate"
        return Refusal(
            Status.FAILED,
            f"this node is not active (model {self.statistics.model}): "
            f"`ros2 lifecycle set {self._node.get_fully_qualified_name()}` {steps}",
        )

    def to_refusal(self, error: BaseException) -> Refusal:
        """Convert an exception to a refusal; log and count it."""
        if isinstance(error, JobCancelled):
            return Refusal(Status.CANCELED, str(error))
        if isinstance(error, CancelledError):  # a job that waited when the worker was stopped
            return Refusal(Status.FAILED, "the node is shutting down")
        if isinstance(error, Refusal):
            self.statistics.count_refusal()
            return error
        self._node.get_logger().error(process.format_traceback(error))
        reason = _first_line(error) or "no reason given"
        sentence = f"the model failed: {type(error).__name__}: {reason}"
        self.statistics.count_failure(sentence)
        return Refusal(Status.FAILED, sentence)

    def check_device(self, job_error: Exception) -> None:
        """Set ``device_error`` if a job has failed because the device is lost."""
        expected = isinstance(job_error, Refusal | JobCancelled | InputError)
        if expected or self._model is None:
            return
        try:
            self._model.check_device()
        except Exception as error:
            self._lose_device(error)

    def _lose_device(self, error: Exception) -> None:
        """Set ``device_error``: only a new process gets the device back."""
        self.device_error = f"the device is lost, which ends the process: {_first_line(error)}"


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]

"""refer_segment_node: camera frames and referring expressions in, masks and points to grasp out.

Callbacks never block. The service's callback is a coroutine: it picks the frame, hands the question
to the worker thread and awaits an rclpy future. That works with the single-threaded executor of
every rclpy from Humble on, so no thread is spent on a caller that waits, and images, parameters and
further callers are served meanwhile. Such an executor looks at a waiting coroutine only when
something wakes it; the worker does so with a guard condition.

Transitions are jobs of the same worker (``managed``); what each state holds in memory stands in
docs/node.md. The camera's topics are subscribed to while the node is active, and while
``autostart`` makes it so: requests that wait for the models have their frame.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile

from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.ros.client.service_client import CALLS
from zsris_ros.ros.inputs.camera_inputs import Inputs
from zsris_ros.ros.lifecycle import logs, process
from zsris_ros.ros.lifecycle.lifecycle_node import ManagedNode
from zsris_ros.ros.lifecycle.model_holder import Model, ModelLoader, TorchModel
from zsris_ros.ros.parameters import node_parameters
from zsris_ros.ros.publishers import diagnostics, result_messages
from zsris_ros.ros.publishers.result_publishers import Outputs, publisher
from zsris_ros.ros.publishers.transforms import TargetFrame
from zsris_ros.ros.requests.action_server import Goal, ReferSegmentServer
from zsris_ros.ros.requests.frame_selection import Request, candidates_wanted, to_question
from zsris_ros.ros.requests.look_ahead import LookAhead
from zsris_ros.ros.requests.request_handler import (
    STATUS_OF,
    Answer,
    Answerer,
    Question,
    Refusal,
    Status,
)
from zsris_ros.ros.requests.topic_requests import TopicCallers
from zsris_ros.ros.requests.track_requests import Tracking
from zsris_ros.ros.requests.worker import Cancelled, QueueFull, Stopped
from zsris_ros.srv import ReferSegment
from zsris_ros.tracing.stages import StageHook, no_hook, stage_hook
from zsris_ros.types import Verdict

NAME = "refer_segment_node"

T = TypeVar("T")


class ReferSegmentNode(ManagedNode):
    """Serves ``refer_segment`` about the frames on ``image``, ``depth`` and ``camera_info``.

    ``load_model`` builds the model in the worker thread, so that the node answers its parameters
    meanwhile; requests that arrive while ``autostart`` loads it wait for it.

    Raises ParameterError when a parameter cannot be used.
    """

    def __init__(self, load_model: ModelLoader, **node_options: Any) -> None:
        super().__init__(NAME, **node_options)
        logs.forward(self)
        self._chosen = node_parameters.declare(self)
        self._worker.max_pending = self._chosen.max_pending
        self._load_model = load_model
        self._model: Model | None = None
        self._answerer: Answerer | None = None
        self._inputs: Inputs | None = None
        self._record = diagnostics.Record()
        self._outputs = Outputs(self)
        self._target = TargetFrame(self)
        self._target.set(self._chosen.target_frame)
        self._tracking = Tracking(self, self._worker, self._begin_tracking, self._refusal)
        self._ahead = LookAhead(self._worker)
        self._serve()
        if self._chosen.autostart:
            self._inputs = self._listen()
            self.start()  # last, because a failure shuts the context down

    def _serve(self) -> None:
        """What there is in every state."""
        self.add_on_set_parameters_callback(self._on_parameters)
        self.create_service(
            ReferSegment,
            "refer_segment",
            self._on_request,
            qos_profile=CALLS,
            callback_group=ReentrantCallbackGroup(),  # the next caller need not wait for this one
        )
        self._action = ReferSegmentServer(self, self._on_goal, self._worker.withdraw)
        self._topics = TopicCallers(self, self._ask, self._refusal, self._outputs.say)
        self._diagnostics = publisher(self, DiagnosticArray, "/diagnostics", QoSProfile(depth=1))
        # A clock of its own, because simulated time may stand still when a camera falls silent.
        self.create_timer(1.0, self._on_second, clock=Clock(clock_type=ClockType.STEADY_TIME))

    # Lifecycle, in the worker thread

    def configure(self) -> None:
        """Loads the models into main memory."""
        self._record.model = diagnostics.LOADING
        self._model = self._load_model(self._chosen)
        # Else Python would look through all of torch's objects for garbage now and then, which
        # adds 0.1 s to the answer that is being made.
        gc.collect()
        gc.freeze()
        self._record.model = diagnostics.IN_MEMORY

    def activate(self) -> None:
        """Moves the models to their device and answers."""
        assert self._model is not None, "configured before it is activated"
        self._model.to_device()
        self._answerer = Answerer(self._model, self._chosen.max_scenes)
        self._record.model = diagnostics.READY
        self.get_logger().info(
            f"the model is ready; serving {self.resolve_service_name('refer_segment')} about the "
            f"images on {self.resolve_topic_name('image')}"
        )

    def deactivate(self) -> None:
        """Drops the scenes, and moves the models off their device."""
        self._tracking.stop("the node is not active any more")
        self._answerer = None
        if self._model is not None:
            self._model.to_memory()
            self._record.model = diagnostics.IN_MEMORY
        process.give_memory_back()

    def cleanup(self) -> None:
        """Drops the models."""
        self._model = None
        gc.unfreeze()
        gc.collect()
        process.give_memory_back()
        self._record.model = diagnostics.UNLOADED

    def settle(self) -> None:
        """Listens to the camera while active, and keeps no frames otherwise."""
        if self._answerer is None and self._inputs is not None:
            self._inputs.close()
            self._inputs = None
        elif self._answerer is not None and self._inputs is None:
            self._inputs = self._listen()

    def _listen(self) -> Inputs:
        return Inputs(self, self._chosen, self._on_jump, self._on_frame)

    # Requests

    async def _on_request(
        self, request: ReferSegment.Request, response: ReferSegment.Response
    ) -> ReferSegment.Response:
        await self._respond(request, response)
        return response

    async def _on_goal(self, goal: Goal) -> None:
        await self._respond(goal.request, goal.result, goal)

    async def _respond(
        self, request: Request, response: result_messages.Response, goal: Goal | None = None
    ) -> None:
        """Fills ``response``; with a ``goal`` that one is told how it goes, and may cancel."""
        arrived = time.monotonic()
        try:
            future = self._submit(request, arrived, no_hook if goal is None else goal.watch)
            if goal is not None:
                goal.queued(future)
            done = self.when_done(future)
            # After the caller has been woken: nobody who waits should wait for the drawing.
            future.add_done_callback(self._publish)
            await done
            wanted = candidates_wanted(request, self._chosen)
            result_messages.fill(response, future.result(), wanted, request.return_mask)
        except Exception as error:
            result_messages.refuse(response, self._refusal(error))
        response.total_ms = (time.monotonic() - arrived) * 1e3

    def _ask(self, request: Request) -> Future[Answer]:
        """A request without a response. Raises as ``_submit``."""
        future = self._submit(request, time.monotonic())
        future.add_done_callback(self._publish)
        return future

    def _submit(
        self, request: Request, arrived: float, watch: StageHook = no_hook
    ) -> Future[Answer]:
        """Hands the question to the worker. Raises Refusal when there is none, or no room."""
        return self._queue(partial(self._answer, self._question(request), arrived, watch))

    def _begin_tracking(self, expression: str) -> Future[str]:
        """As Tracking wants it. Raises as ``_submit``."""
        asked = ReferSegment.Request(expression=expression)
        return self._queue(partial(self._track, self._question(asked) if expression else None))

    def _question(self, request: Request) -> Question:
        if self._inputs is None:
            raise self._inactive()
        buffer, silence = self._inputs.buffer, self._inputs.silence
        stale = silence.stale(self._chosen.image_timeout)
        answerer = self._answerer  # the worker may take it away
        question = to_question(
            request,
            buffer,
            silence.topic,
            self._chosen,
            stale=stale,
            ready=None if answerer is None else answerer.ready,
            looked_at=[] if answerer is None else answerer.looked_at,
        )
        self._ahead.wanted = question.key
        return question

    def _queue(self, job: Callable[[], T]) -> Future[T]:
        try:
            return self._worker.submit(job)
        except QueueFull as error:
            raise Refusal(Status.BUSY, f"{error}; ask again in a second") from error
        except Stopped as error:
            raise Refusal(Status.FAILED, str(error)) from error

    def _inactive(self) -> Refusal:
        steps = "activate" if self._model is not None else "configure, then activate"
        return Refusal(
            Status.FAILED,
            f"this node is not active (model {self._record.model}): "
            f"`ros2 lifecycle set {self.get_fully_qualified_name()}` {steps}",
        )

    def _refusal(self, error: BaseException) -> Refusal:
        """What a caller is told about ``error``; what is not a refusal is logged in full."""
        if isinstance(error, Cancelled):
            return Refusal(ReferSegmentAction.Result.CANCELED, str(error))
        self._record.refuse(failed=not isinstance(error, Refusal))
        if isinstance(error, Refusal):
            return error
        self.get_logger().error(process.traceback_of(error))
        reason = str(error).strip().partition("\n")[0] or "it gave no reason"
        return Refusal(Status.FAILED, f"the model failed: {type(error).__name__}: {reason}")

    # In the worker thread

    def _answer(self, question: Question, arrived: float, watch: StageHook) -> Answer:
        if self._answerer is None:  # deactivated since the question was asked
            raise self._inactive()
        chosen = self._chosen
        with stage_hook(watch):
            answer = self._answerer.answer(question, chosen.assume_registered, chosen.max_pixels)
        answer = self._target.place(answer, arrived + chosen.transform_timeout)
        total_ms = (time.monotonic() - arrived) * 1e3
        self._record.answer(total_ms, answer.timings, answer.cache_hit)
        return answer

    def _track(self, question: Question | None) -> str:
        """Follows what ``question`` means, or the last answer; returns a sentence."""
        if question is not None:
            referral = self._answer(question, time.monotonic(), no_hook).referral
            if referral.verdict is not Verdict.FOUND:
                raise Refusal(STATUS_OF[referral.verdict], referral.message)
        if self._answerer is None or self._model is None:
            raise self._inactive()
        if self._answerer.last is None:
            raise Refusal(Status.INVALID_REQUEST, "nothing was found so far; send an expression")
        return self._tracking.start(self._model.look_for_tracking, self._answerer.last)

    def _publish(self, future: Future[Answer]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        try:
            self._outputs.publish(future.result(), self._chosen.publish_overlay)
        except Exception as error:
            self.get_logger().error(process.traceback_of(error))

    # Housekeeping

    def _on_frame(self) -> None:
        inputs, answerer = self._inputs, self._answerer  # the worker may take the latter away
        if inputs is None or answerer is None:
            return
        if self._tracking.followed:
            self._tracking.heard(inputs.buffer, self._chosen)
        else:
            self._ahead.heard(inputs.buffer, self._chosen, answerer)

    def _on_jump(self) -> None:
        """Scenes of another time serve nobody any more."""
        self._target.forget()
        self._tracking.stop("time has jumped back")
        answerer = self._answerer  # the worker may take it away
        if answerer is not None:
            answerer.forget()

    def _on_parameters(self, changes: list[Parameter[Any]]) -> SetParametersResult:
        configured = self._record.model != diagnostics.UNLOADED
        self._chosen, result = node_parameters.update(self._chosen, changes, configured)
        self._worker.max_pending = self._chosen.max_pending
        self._target.set(self._chosen.target_frame)
        answerer = self._answerer  # the worker may take it away
        if answerer is not None:
            answerer.capacity = self._chosen.max_scenes
        if self._inputs is not None:
            self._inputs.set(self._chosen)
        return result

    def _on_second(self) -> None:
        # The worker may take the latter two away.
        inputs, model, answerer = self._inputs, self._model, self._answerer
        state = {
            "GPU memory": "not used" if model is None else model.gpu_memory(),
            "requests waiting": self._worker.waiting,
            "followed": self._tracking.followed or "nothing",
            "frames kept": 0 if inputs is None else len(inputs.buffer),
            "scenes kept": 0 if answerer is None else len(answerer),
        }
        silence = "" if inputs is None else inputs.silence.explain(self._chosen.image_timeout)
        report = diagnostics.report(self, self._record, state, silence, self.reason)
        self._diagnostics.publish(report)


def main(args: Sequence[str] | None = None) -> int:
    """Entry point of the executable refer_segment_node; returns the exit code."""
    return process.run(lambda: ReferSegmentNode(TorchModel), NAME, args)


if __name__ == "__main__":
    sys.exit(main())

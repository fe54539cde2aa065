"""``refer_segment`` as an action, with feedback for each stage and cancellation.

A goal is handled as a request to the service: same queue, limits, refusals and result fields. It is
always accepted, because a rejection cannot carry a reason. The stages of ``zsris_ros.tracing`` are
sent as feedback and are the points at which a running goal can be cancelled; a waiting goal leaves
the queue at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from zsris_ros.action import ReferSegment
from zsris_ros.ros.lifecycle.worker import JobCancelled, Worker
from zsris_ros.ros.publishers.answer import STATUS_OF
from zsris_ros.ros.qos import SERVICE
from zsris_ros.ros.requests.request_handler import STAGES

WAITING = "waiting"
FEEDBACK_STAGES = (WAITING, *STAGES)

RESULT_TIMEOUT = 60
"""Seconds for which a result is kept until its client fetches it; it may contain a mask."""


class Goal:
    """A goal and its job in the worker's queue."""

    def __init__(self, handle: ServerGoalHandle, worker: Worker) -> None:
        self.request: ReferSegment.Goal = handle.request
        self.result = ReferSegment.Result()
        self._handle, self._worker = handle, worker
        self._future: Future[Any] | None = None
        self._stage = ""

    def set_future(self, future: Future[Any]) -> None:
        """Set the future of the goal's job."""
        self._future = future
        if self._handle.is_cancel_requested:
            self.cancel()

    def cancel(self) -> None:
        """Leave the queue; a running job ends at its next stage."""
        if self._future is not None:
            self._worker.cancel(self._future)

    def on_stage(self, stage: str) -> AbstractContextManager[None]:
        """Publish feedback; a hook for ``zsris_ros.tracing``. Raises JobCancelled."""
        if self._handle.is_cancel_requested:
            raise JobCancelled(f"cancelled after the stage {self._stage}")
        if stage in FEEDBACK_STAGES and stage != self._stage:  # other stages are nested in these
            self.publish_feedback(stage)
        return nullcontext()

    def publish_feedback(self, stage: str) -> None:
        """Publish the stage that begins."""
        self._stage = stage
        fraction = FEEDBACK_STAGES.index(stage) / len(FEEDBACK_STAGES)
        self._handle.publish_feedback(ReferSegment.Feedback(stage=stage, fraction=fraction))


class ReferSegmentServer:
    """The action server, with the name of the service; ``respond`` fills the result of a goal."""

    def __init__(
        self, node: Node, respond: Callable[[Goal], Awaitable[None]], worker: Worker
    ) -> None:
        self._respond, self._worker = respond, worker
        self._goals: dict[bytes, Goal] = {}
        self._server: ActionServer = ActionServer(
            node,
            ReferSegment,
            node.resolve_service_name("refer_segment"),  # remapped together with the service
            self._execute,
            cancel_callback=self._cancel,
            callback_group=ReentrantCallbackGroup(),
            goal_service_qos_profile=SERVICE,
            result_service_qos_profile=SERVICE,
            cancel_service_qos_profile=SERVICE,
            result_timeout=RESULT_TIMEOUT,
        )

    async def _execute(self, handle: ServerGoalHandle) -> ReferSegment.Result:
        goal = Goal(handle, self._worker)
        key = bytes(handle.goal_id.uuid)
        self._goals[key] = goal
        try:
            goal.publish_feedback(WAITING)
            await self._respond(goal)
        finally:
            del self._goals[key]
        if goal.result.status == ReferSegment.Result.CANCELED:
            handle.canceled()
        elif goal.result.status in STATUS_OF.values():
            handle.succeed()
        else:
            handle.abort()
        return goal.result

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        goal = self._goals.get(bytes(handle.goal_id.uuid))
        if goal is not None:  # None before _execute; set_future cancels such a goal
            goal.cancel()
        return CancelResponse.ACCEPT

"""Actions whose goals are jobs of the worker, with feedback for each stage and cancellation.

A goal is handled as a request to the service: same queue, limits and refusals. It is always
accepted, because a rejection cannot carry a reason. The stages of ``zsris_ros.tracing`` are sent as
feedback and are the points at which a running goal can be cancelled; a waiting goal leaves the
queue at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from zsris_ros.ros.lifecycle.worker import JobCancelled, Worker
from zsris_ros.ros.qos import SERVICE

WAITING = "waiting"

RESULT_TIMEOUT = 60
"""Seconds for which a result is kept until its client fetches it; it may contain a mask."""


class Goal:
    """A goal of ``action`` and its job in the worker's queue; ``stages`` are sent as feedback."""

    def __init__(
        self, action: Any, handle: ServerGoalHandle, worker: Worker, stages: Sequence[str]
    ) -> None:
        self.request: Any = handle.request
        self.result: Any = action.Result()
        self._action, self._handle, self._worker = action, handle, worker
        self._stages = (WAITING, *stages)
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
        if stage in self._stages and stage != self._stage:  # other stages are nested in these
            self.publish_feedback(stage)
        return nullcontext()

    def publish_feedback(self, stage: str) -> None:
        """Publish the stage that begins."""
        self._stage = stage
        fraction = self._stages.index(stage) / len(self._stages)
        self._handle.publish_feedback(self._action.Feedback(stage=stage, fraction=fraction))


class WorkerActionServer:
    """A server of ``action``; ``respond`` fills the result of a goal.

    ``action`` has a status with CANCELED in its result, and ``stage`` and ``fraction`` as feedback.
    A goal whose status is in ``succeeded`` ends SUCCEEDED.
    """

    def __init__(
        self,
        node: Node,
        action: Any,
        name: str,
        respond: Callable[[Goal], Awaitable[None]],
        worker: Worker,
        stages: Sequence[str],
        succeeded: Collection[int],
    ) -> None:
        self._action, self._respond, self._worker = action, respond, worker
        self._stages, self._succeeded = stages, succeeded
        self._goals: dict[bytes, Goal] = {}
        self._server: ActionServer = ActionServer(
            node,
            action,
            node.resolve_service_name(name),  # remapped together with a service of this name
            self._execute,
            cancel_callback=self._cancel,
            callback_group=ReentrantCallbackGroup(),
            goal_service_qos_profile=SERVICE,
            result_service_qos_profile=SERVICE,
            cancel_service_qos_profile=SERVICE,
            result_timeout=RESULT_TIMEOUT,
        )

    async def _execute(self, handle: ServerGoalHandle) -> Any:
        goal = Goal(self._action, handle, self._worker, self._stages)
        key = bytes(handle.goal_id.uuid)
        self._goals[key] = goal
        try:
            goal.publish_feedback(WAITING)
            await self._respond(goal)
        finally:
            del self._goals[key]
        if goal.result.status == self._action.Result.CANCELED:
            handle.canceled()
        elif goal.result.status in self._succeeded:
            handle.succeed()
        else:
            handle.abort()
        return goal.result

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        goal = self._goals.get(bytes(handle.goal_id.uuid))
        if goal is not None:  # None before _execute; set_future cancels such a goal
            goal.cancel()
        return CancelResponse.ACCEPT

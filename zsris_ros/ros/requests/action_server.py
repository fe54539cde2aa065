"""Actions whose goals are jobs of the worker, with feedback for each stage and cancellation.

A goal is handled as a request to the service: same queue, limits and refusals. It is always
accepted, because a rejection cannot carry a reason. The stages of ``zsris_ros.tracing`` are sent as
feedback and are the points at which a running goal can be cancelled; a waiting goal leaves the
queue at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from zsris_ros.ros.lifecycle.worker import JobCancelled
from zsris_ros.ros.qos import SERVICE

WAITING = "waiting"

RESULT_TIMEOUT = 60
"""Seconds for which a result is kept until its client fetches it; it may contain a mask."""


class Goal:
    """A goal of ``action`` and its job in the worker's queue; ``stages`` are sent as feedback."""

    def __init__(self, action: Any, handle: ServerGoalHandle, stages: Sequence[str]) -> None:
        self.request: Any = handle.request
        self.result: Any = action.Result()
        self._action, self._handle = action, handle
        self._stages = (WAITING, *stages)
        self._cancel: Callable[[], object] | None = None
        self._stage = ""

    def on_cancel(self, cancel: Callable[[], object]) -> None:
        """Call ``cancel`` on a request of the goal's client to end, also on an earlier one.

        To leave the queue is enough for a job with ``on_stage`` as hook: a running one ends at its
        next stage.
        """
        self._cancel = cancel
        if self._handle.is_cancel_requested:
            cancel()

    def cancel(self) -> None:
        """Call the function of ``on_cancel``."""
        if self._cancel is not None:
            self._cancel()

    def publish(self, feedback: Any) -> None:
        """Publish feedback of the goal; no other goal's client gets it."""
        self._handle.publish_feedback(feedback)

    def on_stage(self, stage: str) -> AbstractContextManager[None]:
        """Publish feedback; a hook for ``zsris_ros.tracing``. Raises JobCancelled."""
        if self._handle.is_cancel_requested:
            raise JobCancelled(f"cancelled after the stage {self._stage}")
        if stage in self._stages and stage != self._stage:  # other stages are nested in these
            self.publish_stage(stage)
        return nullcontext()

    def publish_stage(self, stage: str) -> None:
        """Publish the stage that begins."""
        self._stage = stage
        fraction = self._stages.index(stage) / len(self._stages)
        self.publish(self._action.Feedback(stage=stage, fraction=fraction))


class WorkerActionServer:
    """A server of ``action``; ``respond`` fills the result of a goal.

    ``action`` has a status with CANCELED in its result. A goal whose status is in ``succeeded``
    ends SUCCEEDED. With ``stages`` the action has ``stage`` and ``fraction`` as feedback.
    """

    def __init__(
        self,
        node: Node,
        action: Any,
        name: str,
        respond: Callable[[Goal], Awaitable[None]],
        stages: Sequence[str] = (),
        succeeded: Collection[int] = (),
    ) -> None:
        self._action, self._respond = action, respond
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
        goal = Goal(self._action, handle, self._stages)
        key = bytes(handle.goal_id.uuid)
        self._goals[key] = goal
        try:
            if self._stages:
                goal.publish_stage(WAITING)
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
        if goal is not None:  # None before _execute; on_cancel cancels such a goal
            goal.cancel()
        return CancelResponse.ACCEPT

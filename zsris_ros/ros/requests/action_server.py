"""``refer_segment`` as an action: feedback for each stage, and a goal can be cancelled.

A goal takes the way of a request to the service: the same queue, limits and refusals, and a result
with the same fields. It is always accepted, because a rejection could not say why. What the core
announces as a stage (``zsris_ros.tracing.stages``) is what the caller hears of, and where a
cancelled goal ends that runs already; one that waits leaves the queue at once.
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
from zsris_ros.ros.client.service_client import CALLS
from zsris_ros.ros.requests.request_handler import STAGES, STATUS_OF
from zsris_ros.ros.requests.worker import Cancelled

WAITING = "waiting"
ORDER = (WAITING, *STAGES)

RESULT_TIMEOUT = 60
"""Seconds for which a result is kept for a caller that has not fetched it; it may hold a mask."""


class Goal:
    """One goal on its way through the worker."""

    def __init__(self, handle: ServerGoalHandle, withdraw: Callable[[Future[Any]], bool]) -> None:
        self.result = ReferSegment.Result()
        self._handle, self._withdraw = handle, withdraw
        self._future: Future[Any] | None = None
        self._stage = ""

    @property
    def request(self) -> ReferSegment.Goal:
        """What is asked."""
        return self._handle.request

    def queued(self, future: Future[Any]) -> None:
        """The goal's job has entered the queue."""
        self._future = future
        if self._handle.is_cancel_requested:
            self.cancel()

    def cancel(self) -> None:
        """Leaves the queue; a job that runs already ends at its next stage."""
        if self._future is not None:
            self._withdraw(self._future)

    def watch(self, stage: str) -> AbstractContextManager[None]:
        """For ``zsris_ros.tracing.stages``; raises Cancelled when the goal has been cancelled."""
        if self._handle.is_cancel_requested:
            raise Cancelled(f"cancelled after the stage {self._stage}")
        if stage in ORDER and stage != self._stage:  # others lie within one of ours
            self.tell(stage)
        return nullcontext()

    def tell(self, stage: str) -> None:
        """Sends the caller the stage that begins."""
        self._stage = stage
        fraction = ORDER.index(stage) / len(ORDER)
        self._handle.publish_feedback(ReferSegment.Feedback(stage=stage, fraction=fraction))


class ReferSegmentServer:
    """Serves the action beside the service, under the same name.

    ``respond`` fills the result of a goal as it fills the response of a request; ``withdraw`` takes
    a job out of the queue.
    """

    def __init__(
        self,
        node: Node,
        respond: Callable[[Goal], Awaitable[None]],
        withdraw: Callable[[Future[Any]], bool],
    ) -> None:
        self._respond, self._withdraw = respond, withdraw
        self._goals: dict[bytes, Goal] = {}
        self._server: ActionServer = ActionServer(
            node,
            ReferSegment,
            node.resolve_service_name("refer_segment"),  # so that both are remapped together
            self._execute,
            cancel_callback=self._cancel,
            callback_group=ReentrantCallbackGroup(),
            goal_service_qos_profile=CALLS,
            result_service_qos_profile=CALLS,
            cancel_service_qos_profile=CALLS,
            result_timeout=RESULT_TIMEOUT,
        )

    async def _execute(self, handle: ServerGoalHandle) -> ReferSegment.Result:
        goal = Goal(handle, self._withdraw)
        key = bytes(handle.goal_id.uuid)
        self._goals[key] = goal
        try:
            goal.tell(WAITING)
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
        if goal is not None:  # else its turn to be executed has not come yet
            goal.cancel()
        return CancelResponse.ACCEPT

"""The action ``plan_grasp``, and the grasps after answers that the parameter ``grasp`` asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from zsris_ros.action import PlanGrasp
from zsris_ros.ros.grasping.grasp_messages import fill_plan
from zsris_ros.ros.grasping.grasp_planning import (
    PLAN_STAGES,
    PlannedGrasp,
    choose_gripper,
    plan_for,
)
from zsris_ros.ros.grasping.grasp_publishers import GraspPublishers
from zsris_ros.ros.lifecycle.lifecycle_node import WorkerLifecycleNode
from zsris_ros.ros.lifecycle.process import format_traceback
from zsris_ros.ros.lifecycle.worker import Worker
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.answer import Answer, Refusal
from zsris_ros.ros.publishers.result_messages import fill_refusal, to_refusal_result
from zsris_ros.ros.publishers.result_publishers import ResultPublishers
from zsris_ros.ros.requests.action_server import Goal, WorkerActionServer
from zsris_ros.tracing.stages import StageHook
from zsris_ros.types import InputError

LOG_PERIOD = 5.0
"""Seconds between two warnings about grasps that could not be planned."""


@dataclass
class PlanRequest:
    """A goal with its number and the time of its arrival.

    ``hook`` gets the stages. ``is_answered`` is True once ``~/result`` has the goal's outcome.
    """

    goal: PlanGrasp.Goal
    request_id: int
    arrival: float
    hook: StageHook
    is_answered: bool = False


class GraspRequests:
    """Plans grasps for goals and after answers.

    ``queue`` queues the plan of a goal and raises Refusal, and ``to_refusal`` converts its
    exceptions. ``results`` publishes the refusals of goals, which have their numbers from
    ``request_ids``.
    """

    def __init__(
        self,
        node: WorkerLifecycleNode,
        worker: Worker,
        queue: Callable[[PlanRequest], Future[PlannedGrasp]],
        to_refusal: Callable[[BaseException], Refusal],
        results: ResultPublishers,
        request_ids: Iterator[int],
    ) -> None:
        self._node, self._worker, self._queue, self._to_refusal = node, worker, queue, to_refusal
        self._results, self._request_ids = results, request_ids
        self._publishers = GraspPublishers(node)
        self._server = WorkerActionServer(
            node,
            PlanGrasp,
            "plan_grasp",
            self._on_goal,
            PLAN_STAGES,
            succeeded=(PlanGrasp.Result.FOUND,),
        )

    async def _on_goal(self, goal: Goal) -> None:
        arrival, request_id = time.monotonic(), next(self._request_ids)
        request = PlanRequest(goal.request, request_id, arrival, goal.on_stage)
        try:
            future = self._queue(request)
            goal.on_cancel(partial(self._worker.cancel, future))
            done = self._node.wait_for(future)
            future.add_done_callback(self._publish)
            await done
            fill_plan(goal.result, future.result(), goal.request.max_candidates)
        except Exception as error:
            refusal, seconds = self._to_refusal(error), time.monotonic() - arrival
            fill_refusal(goal.result, refusal)
            if not request.is_answered:
                self._results.publish_outcome(
                    to_refusal_result(refusal, request_id, goal.request.expression, seconds)
                )
        goal.result.request_id = request_id
        goal.result.total_seconds = time.monotonic() - arrival
        goal.result.total_ms = goal.result.total_seconds * 1e3

    # In the worker thread

    def plan_after(self, answer: Answer, parameters: Parameters) -> None:
        """Queue a plan for an answer, if ``grasp`` is set and a topic has a subscriber.

        The answer has been sent by then. The plan waits behind the jobs in the worker's queue.
        """
        if parameters.grasp and self._publishers.wanted:
            job = partial(self._plan_and_publish, answer, parameters.gripper)
            self._worker.submit(job, beyond_limit=True)

    def _plan_and_publish(self, answer: Answer, gripper: str) -> None:
        try:
            planned = plan_for(answer, choose_gripper("", gripper))
            self._node.get_logger().info(planned.message)
            self._publishers.publish(planned)
        except InputError as error:
            self._node.get_logger().warning(f"no grasp: {error}", throttle_duration_sec=LOG_PERIOD)
        except Exception as error:
            self._node.get_logger().error(format_traceback(error))
            raise  # the worker reports it

    def _publish(self, future: Future[PlannedGrasp]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        try:
            self._publishers.publish(future.result())
        except Exception as error:
            self._node.get_logger().error(format_traceback(error))

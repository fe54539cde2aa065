"""The action ``plan_grasp``, and the grasps after answers that the parameter ``grasp`` asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
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
from zsris_ros.ros.publishers.result_messages import fill_refusal
from zsris_ros.ros.requests.action_server import Goal, WorkerActionServer
from zsris_ros.tracing.stages import StageHook
from zsris_ros.types import InputError

LOG_PERIOD = 5.0
"""Seconds between two warnings about grasps that could not be planned."""

BeginPlan = Callable[[PlanGrasp.Goal, float, StageHook], Future[PlannedGrasp]]


class GraspRequests:
    """Plans grasps for goals and after answers.

    ``begin`` queues the plan of a goal that has arrived at a time and raises Refusal, and
    ``to_refusal`` converts its exceptions.
    """

    def __init__(
        self,
        node: WorkerLifecycleNode,
        worker: Worker,
        begin: BeginPlan,
        to_refusal: Callable[[BaseException], Refusal],
    ) -> None:
        self._node, self._worker, self._begin, self._to_refusal = node, worker, begin, to_refusal
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
        arrival = time.monotonic()
        try:
            future = self._begin(goal.request, arrival, goal.on_stage)
            goal.on_cancel(partial(self._worker.cancel, future))
            done = self._node.wait_for(future)
            future.add_done_callback(self._publish)
            await done
            fill_plan(goal.result, future.result(), goal.request.max_candidates)
        except Exception as error:
            fill_refusal(goal.result, self._to_refusal(error))
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

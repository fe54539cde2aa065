"""Requests as jobs of the worker: queued in the executor's thread, answered in the worker's.

A request that cannot become a job, because it is unusable, the queue is full or the node is not
active, raises Refusal.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from zsris_ros.action import PlanGrasp
from zsris_ros.grasping import Gripper
from zsris_ros.ros.grasping.grasp_planning import PlannedGrasp, choose_gripper, plan_for
from zsris_ros.ros.grasping.grasp_requests import PlanRequest
from zsris_ros.ros.grasping.verify_requests import CheckedFrame, RememberedObject, check
from zsris_ros.ros.inputs.subscriptions import CameraSubscriptions
from zsris_ros.ros.lifecycle.worker import QueueFull, Worker, WorkerStopped
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.answer import Refusal, Reply, ReplyOptions, Status
from zsris_ros.ros.publishers.result_messages import to_result
from zsris_ros.ros.publishers.transforms import TransformLookup
from zsris_ros.ros.requests.frame_selection import Request, reply_options, to_query
from zsris_ros.ros.requests.look_ahead import LookAhead
from zsris_ros.ros.requests.node_model import NodeModel
from zsris_ros.ros.requests.request_handler import Query
from zsris_ros.ros.requests.track_requests import StartTracking
from zsris_ros.ros.requests.tracked_objects import Track
from zsris_ros.srv import ReferSegment
from zsris_ros.tracing.stages import StageHook, no_hook, stage_hook
from zsris_ros.types import InputError

T = TypeVar("T")


@dataclass
class NodeInputs:
    """The current parameters of a node, and its camera (None without subscriptions)."""

    parameters: Parameters
    camera: CameraSubscriptions | None = None

    def take_images(self) -> None:
        """Move the images that have arrived to the buffer."""
        if self.camera is not None:
            self.camera.take()


class RequestJobs:
    """Queues the jobs of requests about the frames of ``inputs``.

    ``publish`` is called in the worker thread with the answer about the object of a plan.
    """

    def __init__(
        self,
        inputs: NodeInputs,
        worker: Worker,
        model: NodeModel,
        transforms: TransformLookup,
        look_ahead: LookAhead,
        publish: Callable[[Reply], None],
    ) -> None:
        self._inputs, self._worker, self._model = inputs, worker, model
        self._transforms, self._look_ahead, self._publish = transforms, look_ahead, publish

    # In the executor's thread

    def answer(
        self, request: Request, request_id: int, arrival: float, hook: StageHook = no_hook
    ) -> Future[Reply]:
        """Queue the answer to a request."""
        query = self._to_query(request, request_id, arrival)
        options = reply_options(request, self._inputs.parameters)
        return self._queue(partial(self._reply, query, options, arrival, hook))

    def track(self, request: ReferSegment.Request, start: StartTracking) -> Future[Track]:
        """Queue the search for an object to track: of an expression, or of the last answer."""
        query = self._to_query(request, 0, time.monotonic()) if request.expression else None
        return self._queue(partial(self._model.track, query, start, bool(request.target_frame)))

    def plan(self, request: PlanRequest) -> Future[PlannedGrasp]:
        """Queue the answer to a goal and the grasps for its object."""
        try:
            gripper = choose_gripper(request.goal.gripper, self._inputs.parameters.gripper)
        except InputError as error:
            raise Refusal(Status.INVALID_REQUEST, str(error)) from error
        query = self._to_query(request.goal, request.request_id, request.arrival)
        return self._queue(partial(self._plan, query, request, gripper))

    def check(self, known: RememberedObject) -> Future[CheckedFrame]:
        """Queue the comparison of an object's place with the newest frame."""
        newest = self._camera().buffer.newest()
        if newest is None or newest.image.stamp_ns <= known.stamp_ns:
            raise Refusal(Status.NO_IMAGE, "no image has arrived since that of the request")
        return self._queue(partial(check, known, newest, self._inputs.parameters))

    def _camera(self) -> CameraSubscriptions:
        """Return the camera, with the images that have arrived in its buffer."""
        if self._inputs.camera is None:
            raise self._model.inactive()
        self._inputs.camera.take()
        return self._inputs.camera

    def _to_query(self, request: Request, request_id: int, arrival: float) -> Query:
        camera, parameters, handler = self._camera(), self._inputs.parameters, self._model.handler
        if request.target_frame:
            self._transforms.listen()
        query = to_query(
            request,
            camera.buffer,
            camera.watchdog.topic,
            parameters,
            age_note=camera.watchdog.age_note(parameters.image_timeout),
            prepared=None if handler is None else handler.prepared,
            cached=[] if handler is None else handler.cached,
            deadline=arrival + parameters.transform_timeout,
            request_id=request_id,
        )
        self._look_ahead.requested = query.key
        return query

    def _queue(self, job: Callable[[], T]) -> Future[T]:
        try:
            return self._worker.submit(job)
        except QueueFull as error:
            raise Refusal(Status.BUSY, f"{error}; ask again in a second") from error
        except WorkerStopped as error:
            raise Refusal(Status.FAILED, str(error)) from error

    # In the worker thread

    def _reply(self, query: Query, options: ReplyOptions, arrival: float, hook: StageHook) -> Reply:
        answer = self._model.answer(query, arrival, hook)
        return Reply(answer, to_result(answer, options))

    def _plan(self, query: Query, request: PlanRequest, gripper: Gripper) -> PlannedGrasp:
        """Answer a query and plan grasps for its object; the answer is published as any other."""
        options = ReplyOptions(self._inputs.parameters.max_candidates)
        reply = self._reply(query, options, request.arrival, request.hook)
        answer = reply.answer
        request.is_answered = True
        self._publish(reply)
        if answer.status == Status.NO_TRANSFORM:
            raise Refusal(PlanGrasp.Result.NO_TRANSFORM, answer.sentence)
        with stage_hook(request.hook):
            return plan_for(answer, gripper, request.goal.max_candidates)

"""refer_segment_node: camera frames and referring expressions in, masks and grasp points out.

Callbacks never block. The service callback is a coroutine: it selects the frame, submits the query
to the worker thread and awaits an rclpy future. This works with the single-threaded executor of
every rclpy since Humble, so images, parameters and further requests are served meanwhile. Such an
executor resumes a coroutine only when woken up; the worker does so with a guard condition.

Lifecycle transitions are jobs of the same worker. docs/node.md lists the resources of each state.
The node subscribes to the camera while it is active, and already while ``autostart`` activates it,
so that a request that waits for the models has its frame.

``--cameras front,wrist`` makes one node for each camera, below its name, with one model and one
worker thread for all. The node can also share a process and its executor with other nodes.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import count
from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.utilities import remove_ros_args

from zsris_ros.action import PlanGrasp
from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.grasping import Gripper
from zsris_ros.ros.grasping.grasp_planning import (
    PlannedGrasp,
    choose_gripper,
    plan_for,
)
from zsris_ros.ros.grasping.grasp_requests import GraspRequests, PlanRequest
from zsris_ros.ros.grasping.verify_requests import CheckedFrame, Known, VerifyRequests, check
from zsris_ros.ros.inputs.subscriptions import CameraSubscriptions
from zsris_ros.ros.lifecycle import process
from zsris_ros.ros.lifecycle.lifecycle_node import WorkerLifecycleNode
from zsris_ros.ros.lifecycle.model_holder import ModelLoader, SharedModel, TorchModel
from zsris_ros.ros.lifecycle.worker import QueueFull, WorkerStopped, WorkerThread
from zsris_ros.ros.parameters import parameter_declaration
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers import diagnostics
from zsris_ros.ros.publishers.answer import STATUS_OF, Refusal, Reply, ReplyOptions, Status
from zsris_ros.ros.publishers.result_messages import (
    Response,
    fill_response,
    to_refusal_result,
    to_result,
)
from zsris_ros.ros.publishers.result_publishers import ResultPublishers
from zsris_ros.ros.publishers.transforms import TransformLookup
from zsris_ros.ros.qos import SERVICE, create_publisher
from zsris_ros.ros.requests.action_server import Goal, WorkerActionServer
from zsris_ros.ros.requests.frame_selection import (
    Request,
    reply_options,
    target_frame_of,
    to_query,
)
from zsris_ros.ros.requests.look_ahead import LookAhead
from zsris_ros.ros.requests.node_model import NodeModel
from zsris_ros.ros.requests.request_handler import STAGES, Query
from zsris_ros.ros.requests.topic_requests import TopicRequests
from zsris_ros.ros.requests.track_requests import Start, TrackActions, TrackServices
from zsris_ros.ros.requests.tracked_objects import Track, TrackedObjects
from zsris_ros.srv import ReferSegment
from zsris_ros.tracing.stages import StageHook, no_hook, stage_hook
from zsris_ros.types import InputError

NAME = "refer_segment_node"

T = TypeVar("T")


class ReferSegmentNode(WorkerLifecycleNode):
    """Serves ``refer_segment`` about the frames on ``image``, ``depth`` and ``camera_info``.

    ``load_model`` is called in the worker thread, ``thread`` or one of its own. With an
    ``exit_error`` the node serves no more: end its process, or destroy the node.

    Raises:
        ParameterError: A parameter is invalid.
    """

    def __init__(
        self, load_model: ModelLoader, thread: WorkerThread | None = None, **node_options: Any
    ) -> None:
        super().__init__(NAME, thread, **node_options)
        process.forward_logging(self)
        self._settings = parameter_declaration.declare(self, Parameters)
        self._worker.max_pending = self._settings.max_pending
        self._camera: CameraSubscriptions | None = None
        self._results = ResultPublishers(self)
        self._transforms = TransformLookup(self)
        self._model = NodeModel(self, load_model, self._transforms)
        self._worker.on_error = self._model.check_device
        if self._settings.target_frame:
            self._transforms.listen()
        self._request_ids = count(1)
        self._tracking = TrackedObjects(self, self._worker)
        self._grasping = GraspRequests(
            self,
            self._worker,
            self._begin_plan,
            self._model.to_refusal,
            self._results,
            self._request_ids,
        )
        self._verifying = VerifyRequests(self, self._begin_check, self._model.to_refusal)
        self._look_ahead = LookAhead(self._worker)
        self._create_interfaces()
        if self._settings.autostart:
            self._camera = self._subscribe()
            self.autostart()

    def _create_interfaces(self) -> None:
        """Create the interfaces that exist in every state."""
        self.add_on_set_parameters_callback(self._on_parameters)
        self.create_service(
            ReferSegment,
            "refer_segment",
            self._on_request,
            qos_profile=SERVICE,
            callback_group=ReentrantCallbackGroup(),  # requests must not wait for each other
        )
        self._action = WorkerActionServer(
            self,
            ReferSegmentAction,
            "refer_segment",
            self._on_goal,
            STAGES,
            succeeded=STATUS_OF.values(),
        )
        begin, refuse, on_start = self._begin_tracking, self._model.to_refusal, self._take_images
        self._track_services = TrackServices(self, self._tracking, begin, refuse, on_start)
        self._track_actions = TrackActions(
            self,
            self._worker,
            self._tracking,
            begin,
            refuse,
            on_start,
            lambda request: target_frame_of(request, self._settings),
            self._transforms,
        )
        self._topics = TopicRequests(
            self, self._submit_and_publish, self._model.to_refusal, self._results, self._request_ids
        )
        self._diagnostics = create_publisher(
            self, DiagnosticArray, "/diagnostics", QoSProfile(depth=1)
        )
        # A steady clock, because simulated time may stop together with the camera.
        self.create_timer(1.0, self._on_timer, clock=Clock(clock_type=ClockType.STEADY_TIME))

    # Lifecycle, in the worker thread

    def configure(self) -> None:
        """Load the models into main memory."""
        self._model.load(self._settings)

    def activate(self) -> None:
        """Move the models to their device and accept requests."""
        self._model.activate(self._settings.max_scenes)
        self.get_logger().info(
            f"the model is ready; serving {self.resolve_service_name('refer_segment')} about the "
            f"images on {self.resolve_topic_name('image')}"
        )

    def deactivate(self) -> None:
        """Drop the scenes and move the models to main memory."""
        self._tracking.end_all("the node is not active any more")
        self._model.deactivate()

    def cleanup(self) -> None:
        """Drop the models."""
        self._model.unload()

    def update_subscriptions(self) -> None:
        """Subscribe to the camera in the active state only; in the executor's thread."""
        is_active = self._model.handler is not None
        if not is_active and self._camera is not None:
            self._camera.close()
            self._camera = None
        elif is_active and self._camera is None:
            self._camera = self._subscribe()

    def _subscribe(self) -> CameraSubscriptions:
        return CameraSubscriptions(
            self, self._settings, self._on_time_jump, self._on_frame, self._uses_each_frame
        )

    # Requests, in the executor's thread

    async def _on_request(
        self, request: ReferSegment.Request, response: ReferSegment.Response
    ) -> ReferSegment.Response:
        await self._respond(request, response)
        return response

    async def _on_goal(self, goal: Goal) -> None:
        await self._respond(goal.request, goal.result, goal)

    async def _respond(
        self, request: Request, response: Response, goal: Goal | None = None
    ) -> None:
        """Fill ``response``; a ``goal`` gets feedback and can be cancelled."""
        arrival, request_id = time.monotonic(), next(self._request_ids)
        try:
            hook = no_hook if goal is None else goal.on_stage
            future = self._submit(request, request_id, arrival, hook)
            if goal is not None:
                goal.on_cancel(partial(self._worker.cancel, future))
            done = self.wait_for(future)
            # Added second, so that the client's coroutine is woken up before messages are made.
            future.add_done_callback(self._publish)
            await done
            outcome = future.result().outcome
        except Exception as error:
            refusal, seconds = self._model.to_refusal(error), time.monotonic() - arrival
            outcome = to_refusal_result(refusal, request_id, request.expression, seconds)
            self._results.publish_outcome(outcome)
        fill_response(response, outcome)

    def _submit_and_publish(self, request: Request, request_id: int) -> Future[Reply]:
        """Submit a request without a response. Raises Refusal."""
        future = self._submit(request, request_id, time.monotonic())
        future.add_done_callback(self._publish)
        return future

    def _begin_tracking(self, request: ReferSegment.Request, start: Start) -> Future[Track]:
        """Submit the search for an object to track. Raises Refusal."""
        query = self._to_query(request, 0, time.monotonic()) if request.expression else None
        needs_transform = bool(request.target_frame)
        return self._queue(lambda: self._model.track(query, self._settings, start, needs_transform))

    def _take_images(self) -> None:
        if self._camera is not None:
            self._camera.take()

    def _begin_plan(self, request: PlanRequest) -> Future[PlannedGrasp]:
        """Submit the plan of a goal. Raises Refusal."""
        try:
            gripper = choose_gripper(request.goal.gripper, self._settings.gripper)
        except InputError as error:
            raise Refusal(Status.INVALID_REQUEST, str(error)) from error
        query = self._to_query(request.goal, request.request_id, request.arrival)
        return self._queue(partial(self._plan, query, request, gripper))

    def _begin_check(self, known: Known) -> Future[CheckedFrame]:
        """Submit the comparison of an object's place with the newest frame. Raises Refusal."""
        if self._camera is None:
            raise self._model.inactive()
        self._camera.take()  # so that the newest frame is the camera's newest
        newest = self._camera.buffer.newest()
        if newest is None or newest.image.stamp_ns <= known.stamp_ns:
            raise Refusal(Status.NO_IMAGE, "no image has arrived since that of the request")
        return self._queue(partial(check, known, newest, self._settings))

    def _submit(
        self, request: Request, request_id: int, arrival: float, hook: StageHook = no_hook
    ) -> Future[Reply]:
        """Submit a request to the worker. Raises Refusal."""
        query = self._to_query(request, request_id, arrival)
        options = reply_options(request, self._settings)
        return self._queue(partial(self._reply, query, options, arrival, hook))

    def _to_query(self, request: Request, request_id: int, arrival: float) -> Query:
        if self._camera is None:
            raise self._model.inactive()
        if request.target_frame:
            self._transforms.listen()
        self._camera.take()  # so that the newest frame is the camera's newest
        buffer, watchdog = self._camera.buffer, self._camera.watchdog
        handler = self._model.handler
        query = to_query(
            request,
            buffer,
            watchdog.topic,
            self._settings,
            age_note=watchdog.age_note(self._settings.image_timeout),
            prepared=None if handler is None else handler.prepared,
            cached=[] if handler is None else handler.cached,
            deadline=arrival + self._settings.transform_timeout,
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

    # Requests, in the worker thread

    def _reply(self, query: Query, options: ReplyOptions, arrival: float, hook: StageHook) -> Reply:
        answer = self._model.answer(query, self._settings, arrival, hook)
        return Reply(answer, to_result(answer, options))

    def _plan(self, query: Query, request: PlanRequest, gripper: Gripper) -> PlannedGrasp:
        """Answer a query and plan grasps for its object; the answer is published as any other."""
        options = ReplyOptions(self._settings.max_candidates)
        reply = self._reply(query, options, request.arrival, request.hook)
        answer = reply.answer
        request.is_answered = True
        self._publish_reply(reply)
        if answer.status == Status.NO_TRANSFORM:
            raise Refusal(PlanGrasp.Result.NO_TRANSFORM, answer.sentence)
        with stage_hook(request.hook):
            return plan_for(answer, gripper, request.goal.max_candidates)

    def _publish(self, future: Future[Reply]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        self._publish_reply(future.result())
        self._grasping.plan_after(future.result().answer, self._settings)

    def _publish_reply(self, reply: Reply) -> None:
        try:
            self._verifying.remember(reply.answer)
            self._results.publish(reply, self._settings.publish_overlay)
        except Exception as error:
            self.get_logger().error(process.format_traceback(error))

    # Events

    def _uses_each_frame(self) -> bool:
        return bool(self._tracking.expressions) or self._settings.look_ahead > 0

    def _on_frame(self) -> None:
        camera, handler = self._camera, self._model.handler
        if camera is None or handler is None:
            return
        if self._tracking.expressions:
            self._tracking.on_frame(camera.buffer, self._settings)
        else:
            self._look_ahead.on_frame(camera.buffer, self._settings, handler)

    def _on_time_jump(self) -> None:
        handler = self._model.handler
        self._transforms.clear()
        self._verifying.clear()
        self._tracking.end_all("time has jumped back")
        if handler is not None:
            handler.clear()

    def _on_parameters(self, changes: list[Parameter[Any]]) -> SetParametersResult:
        self._settings, result = parameter_declaration.update(
            self._settings, changes, self._model.is_configured
        )
        self._worker.max_pending = self._settings.max_pending
        if self._settings.target_frame:
            self._transforms.listen()
        handler = self._model.handler
        if handler is not None:
            handler.capacity = self._settings.max_scenes
        if self._camera is not None:
            self._camera.update(self._settings)
        return result

    def _on_timer(self) -> None:
        gpu_memory = self._model.read_gpu_memory()  # first: it may notice a lost device
        if self._model.device_error:
            self.exit_code, self.exit_error = process.DEVICE_LOST, self._model.device_error
            return
        camera, handler = self._camera, self._model.handler
        state = {
            "GPU memory": gpu_memory,
            "requests waiting": self._worker.pending,
            "followed": ", ".join(self._tracking.expressions) or "nothing",
            "frames kept": 0 if camera is None else len(camera.buffer),
            "scenes kept": 0 if handler is None else len(handler),
        }
        warning, is_stale = "", False
        if camera is not None:
            inputs, warning, is_stale = camera.diagnose(self._settings.image_timeout)
            state |= inputs
        self._diagnostics.publish(
            diagnostics.diagnostic_array(
                self, self._model.statistics, state, warning, self.transition_error, is_stale
            )
        )

    def destroy_node(self) -> None:
        """Stop the worker and destroy the node."""
        super().destroy_node()
        process.end_forwarding(self)


def main(args: Sequence[str] | None = None, load_model: ModelLoader = TorchModel) -> int:
    """Run a node for each of ``--cameras``, or one without a camera's name; return the exit code.

    ``args`` are those of the process, with its name first.
    """
    given = sys.argv if args is None else list(args)
    parser = argparse.ArgumentParser(prog=NAME, description=main.__doc__)
    parser.add_argument(
        "--cameras",
        type=_camera_names,
        default=[],
        metavar="NAME,NAME",
        help="one node for each name, in the namespace of that name",
    )
    cameras = parser.parse_args(remove_ros_args(given)[1:]).cameras
    load, thread = SharedModel(load_model).load, WorkerThread()
    make = partial(ReferSegmentNode, load, thread)
    base = next((each[len("__ns:=") :] for each in given if each.startswith("__ns:=")), "")
    makers = [
        partial(make, cli_args=["--ros-args", "-r", f"__ns:={base.rstrip('/')}/{camera}"])
        for camera in cameras
    ]
    return process.run(makers or [make], NAME, args)


def _camera_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise argparse.ArgumentTypeError(
                f"{name!r} cannot be a namespace: use letters, digits and underscores"
            )
    if len(set(names)) < len(names):
        raise argparse.ArgumentTypeError("two cameras have the same name")
    return names


if __name__ == "__main__":
    sys.exit(main())

"""The node behind refer_segment_node: its interfaces, lifecycle and events.

Callbacks never block. The service callback is a coroutine: it submits the request to the worker
thread (``request_jobs``) and awaits an rclpy future. This works with the single-threaded
executor of every rclpy since Humble, so images, parameters and further requests are served
meanwhile. Such an executor resumes a coroutine only when woken up; the worker does so with a guard
condition.

Lifecycle transitions are jobs of the same worker. docs/node.md lists the resources of each state.
The node subscribes to the camera while it is active, and already while ``autostart`` activates it,
so that a request that waits for the models has its frame.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from functools import partial
from itertools import count
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile

from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.ros.grasping.grasp_requests import GraspRequests
from zsris_ros.ros.grasping.verify_requests import VerifyRequests
from zsris_ros.ros.inputs.subscriptions import CameraSubscriptions
from zsris_ros.ros.lifecycle import process
from zsris_ros.ros.lifecycle.lifecycle_node import WorkerLifecycleNode
from zsris_ros.ros.lifecycle.model_holder import ModelLoader
from zsris_ros.ros.lifecycle.worker import WorkerThread
from zsris_ros.ros.parameters import parameter_declaration
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers import diagnostics
from zsris_ros.ros.publishers.answer import STATUS_OF, Reply
from zsris_ros.ros.publishers.result_messages import Response, fill_response, to_refusal_result
from zsris_ros.ros.publishers.result_publishers import ResultPublishers
from zsris_ros.ros.publishers.transforms import TransformLookup
from zsris_ros.ros.qos import SERVICE, create_publisher
from zsris_ros.ros.request_jobs import NodeInputs, RequestJobs
from zsris_ros.ros.requests.action_server import Goal, WorkerActionServer
from zsris_ros.ros.requests.frame_selection import Request, target_frame_of
from zsris_ros.ros.requests.look_ahead import LookAhead
from zsris_ros.ros.requests.node_model import NodeModel
from zsris_ros.ros.requests.request_handler import STAGES
from zsris_ros.ros.requests.topic_requests import TopicRequests
from zsris_ros.ros.requests.track_requests import TrackActionServer, TrackServiceServer
from zsris_ros.ros.requests.tracked_objects import TrackedObjects
from zsris_ros.srv import ReferSegment
from zsris_ros.tracing.stages import no_hook

NAME = "refer_segment_node"


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
        self._inputs = NodeInputs(parameter_declaration.declare(self, Parameters))
        self._worker.max_pending = self._inputs.parameters.max_pending
        self._results = ResultPublishers(self)
        self._transforms = TransformLookup(self)
        self._model = NodeModel(self, load_model, self._transforms)
        self._worker.on_error = self._model.check_device
        if self._inputs.parameters.target_frame:
            self._transforms.listen()
        self._request_ids = count(1)
        self._tracking = TrackedObjects(self, self._worker)
        self._look_ahead = LookAhead(self._worker)
        self._jobs = RequestJobs(
            self._inputs,
            self._worker,
            self._model,
            self._transforms,
            self._look_ahead,
            self._publish_reply,
        )
        self._grasping = GraspRequests(
            self,
            self._worker,
            self._jobs.plan,
            self._model.to_refusal,
            self._results,
            self._request_ids,
        )
        self._verifying = VerifyRequests(self, self._jobs.check, self._model.to_refusal)
        self._create_interfaces()
        if self._inputs.parameters.autostart:
            self._inputs.camera = self._subscribe()
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
        queue, refuse, on_start = self._jobs.track, self._model.to_refusal, self._inputs.take_images
        self._track_service = TrackServiceServer(self, self._tracking, queue, refuse, on_start)
        self._track_action = TrackActionServer(
            self,
            self._worker,
            self._tracking,
            queue,
            refuse,
            on_start,
            lambda request: target_frame_of(request, self._inputs.parameters),
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
        self._model.load(self._inputs.parameters)

    def activate(self) -> None:
        """Move the models to their device and accept requests."""
        self._model.activate(self._inputs.parameters.max_scenes)
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
        if not is_active and self._inputs.camera is not None:
            self._inputs.camera.close()
            self._inputs.camera = None
        elif is_active and self._inputs.camera is None:
            self._inputs.camera = self._subscribe()

    def _subscribe(self) -> CameraSubscriptions:
        return CameraSubscriptions(
            self, self._inputs.parameters, self._on_time_jump, self._on_frame, self._uses_each_frame
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
            future = self._jobs.answer(request, request_id, arrival, hook)
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
        future = self._jobs.answer(request, request_id, time.monotonic())
        future.add_done_callback(self._publish)
        return future

    # Answers, in the worker thread

    def _publish(self, future: Future[Reply]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        self._publish_reply(future.result())
        self._grasping.plan_after(future.result().answer, self._inputs.parameters)

    def _publish_reply(self, reply: Reply) -> None:
        try:
            self._verifying.remember(reply.answer)
            self._results.publish(reply, self._inputs.parameters.publish_overlay)
        except Exception as error:
            self.get_logger().error(process.format_traceback(error))

    # Events

    def _uses_each_frame(self) -> bool:
        return bool(self._tracking.expressions) or self._inputs.parameters.look_ahead > 0

    def _on_frame(self) -> None:
        camera, handler = self._inputs.camera, self._model.handler
        if camera is None or handler is None:
            return
        if self._tracking.expressions:
            self._tracking.on_frame(camera.buffer, self._inputs.parameters)
        else:
            self._look_ahead.on_frame(camera.buffer, self._inputs.parameters, handler)

    def _on_time_jump(self) -> None:
        handler = self._model.handler
        self._transforms.clear()
        self._verifying.clear()
        self._tracking.end_all("time has jumped back")
        if handler is not None:
            handler.clear()

    def _on_parameters(self, changes: list[Parameter[Any]]) -> SetParametersResult:
        self._inputs.parameters, result = parameter_declaration.update(
            self._inputs.parameters, changes, self._model.is_configured
        )
        self._worker.max_pending = self._inputs.parameters.max_pending
        if self._inputs.parameters.target_frame:
            self._transforms.listen()
        handler = self._model.handler
        if handler is not None:
            handler.capacity = self._inputs.parameters.max_scenes
        if self._inputs.camera is not None:
            self._inputs.camera.update(self._inputs.parameters)
        return result

    def _on_timer(self) -> None:
        gpu_memory = self._model.read_gpu_memory()  # first: it may notice a lost device
        if self._model.device_error:
            self.exit_code, self.exit_error = process.DEVICE_LOST, self._model.device_error
            return
        camera, handler = self._inputs.camera, self._model.handler
        state = {
            "GPU memory": gpu_memory,
            "requests waiting": self._worker.pending,
            "followed": ", ".join(self._tracking.expressions) or "nothing",
            "frames kept": 0 if camera is None else len(camera.buffer),
            "scenes kept": 0 if handler is None else len(handler),
        }
        warning, is_stale = "", False
        if camera is not None:
            inputs, warning, is_stale = camera.diagnose(self._inputs.parameters.image_timeout)
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

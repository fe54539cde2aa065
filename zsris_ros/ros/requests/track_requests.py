"""Tracking by the action ``track``, and by the service ``~/track`` with the topic ``~/tracked``.

Each goal of the action tracks an object of its own. The service, which stays for one release,
tracks one object, which every client can stop.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.impl.rcutils_logger import RcutilsLogger
from std_msgs.msg import Header

from zsris_ros.action import Track as TrackAction
from zsris_ros.geometry.masks import mask_box
from zsris_ros.geometry.oriented_box import CAMERA_UP, upright_box
from zsris_ros.msg import TrackedObject as TrackedMessage
from zsris_ros.referring.objects.object_geometry import up_direction
from zsris_ros.ros.lifecycle.lifecycle_node import WorkerLifecycleNode
from zsris_ros.ros.lifecycle.worker import Worker
from zsris_ros.ros.publishers.answer import Refusal
from zsris_ros.ros.publishers.pose_conversions import to_point, to_pose, to_size
from zsris_ros.ros.publishers.result_messages import fill_refusal, to_mask, to_pixel, to_region
from zsris_ros.ros.qos import create_publisher
from zsris_ros.ros.requests.action_server import Goal, WorkerActionServer
from zsris_ros.ros.requests.request_handler import FoundResult, PoseLookup
from zsris_ros.ros.requests.tracked_objects import Track, TrackedObjects, TrackEnd, TrackState
from zsris_ros.srv import ReferSegment
from zsris_ros.srv import Track as TrackService
from zsris_ros.tracking.tracker import LookFunction

Result, Feedback = TrackAction.Result, TrackAction.Feedback

StartTracking = Callable[[LookFunction, FoundResult], Track]
"""Starts to track the object of a result; called in the worker thread."""

QueueTracking = Callable[[ReferSegment.Request, StartTracking], "Future[Track]"]
"""Queues the search for the object of a request ("": of the last answer) and its StartTracking.
Raises Refusal."""

AS_REQUESTED = TrackEnd("as requested")
LOST = TrackEnd("the object is lost")


class TrackActionServer:
    """Serves the action ``track``.

    ``look_up`` finds the camera's pose in the frame that ``target_frame`` returns for a request's.
    ``on_start`` is called in the executor's thread after each start.
    """

    def __init__(
        self,
        node: WorkerLifecycleNode,
        worker: Worker,
        objects: TrackedObjects,
        queue: QueueTracking,
        to_refusal: Callable[[BaseException], Refusal],
        on_start: Callable[[], None],
        target_frame: Callable[[ReferSegment.Request], str],
        look_up: PoseLookup,
    ) -> None:
        self._node, self._worker, self._objects = node, worker, objects
        self._queue, self._to_refusal, self._on_start = queue, to_refusal, on_start
        self._target_frame, self._look_up = target_frame, look_up
        self._server = WorkerActionServer(node, TrackAction, "track", self._on_goal)

    async def _on_goal(self, goal: Goal) -> None:
        wanted = goal.request
        request = ReferSegment.Request(
            expression=wanted.expression or " ",  # refused as empty, not the last answer's object
            target_frame=wanted.target_frame,
        )
        convert = partial(feedback_of, target=self._target_frame(request), look_up=self._look_up)
        publish = _LostTimer(goal.publish, wanted.lost_timeout)
        try:
            future = self._queue(
                request, partial(self._objects.start, convert=convert, publish=publish)
            )
            goal.on_cancel(partial(self._worker.cancel, future))
            await self._node.wait_for(future)
            track = future.result()
            publish.on_lost = partial(self._objects.end, track, LOST)
            goal.on_cancel(partial(self._objects.end, track, AS_REQUESTED))
            self._on_start()
            await self._node.wait_for(track.ended)
            fill_end(goal.result, track.expression, track.ended.result())
        except Exception as error:
            fill_refusal(goal.result, self._to_refusal(error))


class _LostTimer:
    """Publishes feedback and calls ``on_lost`` after ``timeout`` seconds of LOST (0: never)."""

    def __init__(self, publish: Callable[[TrackAction.Feedback], None], timeout: float) -> None:
        self._publish, self._timeout = publish, timeout
        self._last_seen = 0.0
        self.on_lost: Callable[[], None] = lambda: None

    def __call__(self, feedback: TrackAction.Feedback) -> None:
        self._publish(feedback)
        now = feedback.header.stamp.sec + feedback.header.stamp.nanosec * 1e-9
        if feedback.status == Feedback.TRACKING:
            self._last_seen = now
        elif self._timeout > 0 and now - self._last_seen >= self._timeout:
            self.on_lost()


def fill_end(result: TrackAction.Result, expression: str, end: TrackEnd) -> None:
    """Fill the result of a goal that has tracked an object."""
    if end is AS_REQUESTED:
        result.status = Result.CANCELED
    elif end is LOST:
        result.status = Result.LOST
    else:
        result.status = Result.FAILED if end.is_failure else Result.ENDED
    result.message = f"'{expression}' is not followed any more: {end.reason}"


def feedback_of(state: TrackState, target: str, look_up: PoseLookup) -> TrackAction.Feedback:
    """Convert a state to feedback with the pose in ``target`` ("": the optical frame)."""
    tracked, frame = state.tracked, state.frame
    message = Feedback(
        header=state.header,
        status=Feedback.TRACKING if tracked.tracking else Feedback.LOST,
        why=tracked.reason,
        score=tracked.score,
    )
    if not tracked.tracking:
        return message
    message.box = to_region(mask_box(tracked.mask))
    message.centroid_pixel = to_pixel(tracked.pixel)
    if frame.depth is None or frame.intrinsics is None:
        message.why = "no pose without depth and camera_info"
        return message
    up = up_direction(frame) or CAMERA_UP
    box = upright_box(tracked.mask, frame.depth, frame.intrinsics, up)
    if box is None:
        message.why = "no pose, because the object has no valid depth"
        return message
    camera_pose, source = None, state.header.frame_id.lstrip("/")
    if target and target != source:
        try:
            camera_pose = look_up(target, state.header, 0.0)
        except LookupError as error:
            message.why = f"no pose, because there is no transform to '{target}': {error}"
            return message
    message.has_pose = True
    message.pose.header = Header(stamp=state.header.stamp, frame_id=target or source)
    message.pose.pose, message.size = to_pose(box.pose, camera_pose), to_size(box)
    return message


class TrackServiceServer:
    """Serves ``~/track`` and publishes ``~/tracked``: the service before the action."""

    def __init__(
        self,
        node: WorkerLifecycleNode,
        objects: TrackedObjects,
        queue: QueueTracking,
        to_refusal: Callable[[BaseException], Refusal],
        on_start: Callable[[], None],
    ) -> None:
        self._node, self._objects = node, objects
        self._queue, self._to_refusal, self._on_start = queue, to_refusal, on_start
        self._logger: RcutilsLogger = node.get_logger()
        group = ReentrantCallbackGroup()  # a stop must not wait for a start
        node.create_service(TrackService, "~/track", self._on_track, callback_group=group)
        self._publisher = create_publisher(node, TrackedMessage, "~/tracked")
        self._track: Track | None = None

    async def _on_track(
        self, request: TrackService.Request, response: TrackService.Response
    ) -> TrackService.Response:
        self._logger.warning(
            "~/track will be removed: use the action track, whose goals end by their own clients",
            once=True,
        )
        try:
            if request.stop:
                response.status = TrackService.Response.STOPPED
                response.message = self._stop()
                return response
            wanted = ReferSegment.Request(expression=request.expression)
            future = self._queue(wanted, self._start)
            await self._node.wait_for(future)
            self._on_start()
            response.status = TrackService.Response.FOUND
            response.message = f"following '{future.result().expression}'"
        except Exception as error:
            fill_refusal(response, self._to_refusal(error))
        return response

    def _stop(self) -> str:
        track = self._track
        if track is None or track.ended.done():
            return "no object was followed"
        self._objects.end(track, AS_REQUESTED)
        return f"'{track.expression}' is not followed any more: {AS_REQUESTED.reason}"

    def _start(self, look: LookFunction, found: FoundResult) -> Track:
        """Replace the tracked object; in the worker thread."""
        expression = found.result.expression.text
        convert = partial(tracked_message, expression=expression)
        before, publish = self._track, self._publisher.publish
        track = self._objects.start(look, found, convert, publish)
        self._track = track
        if before is not None:
            self._objects.end(before, TrackEnd("another object is followed"))
        track.ended.add_done_callback(partial(self._on_end, track))
        return track

    def _on_end(self, track: Track, ended: Future[TrackEnd]) -> None:
        if track is not self._track:  # replaced: ~/tracked has the state of the other object
            return
        message = TrackedMessage(
            header=track.header, status=TrackedMessage.STOPPED, expression=track.expression
        )
        message.why = ended.result().reason
        self._publisher.publish(message)


def tracked_message(state: TrackState, expression: str) -> TrackedMessage:
    """Convert a state to the message of ``~/tracked``, with metres in the optical frame."""
    tracked = state.tracked
    message = TrackedMessage(
        header=state.header,
        status=TrackedMessage.TRACKING if tracked.tracking else TrackedMessage.LOST,
        why=tracked.reason,
        expression=expression,
        score=tracked.score,
    )
    if tracked.tracking:
        message.mask = to_mask(tracked.mask, message.header)
        message.box = to_region(mask_box(tracked.mask))
        message.centroid_pixel = to_pixel(tracked.pixel)
        message.has_depth = tracked.point is not None
        message.centroid = to_point(tracked.point)
    return message

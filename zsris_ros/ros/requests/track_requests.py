"""Tracking of one object: the service ``~/track`` and the topic ``~/tracked``.

Frames are tracked while the worker is idle, so a request waits for at most one of them, and of the
frames that arrive meanwhile only the newest is tracked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from rclpy.callback_groups import ReentrantCallbackGroup
from std_msgs.msg import Header

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.image_messages import SECOND
from zsris_ros.geometry.masks import mask_box
from zsris_ros.msg import TrackedObject as TrackedMessage
from zsris_ros.ros.inputs.serialized import CameraBuffer, CameraMessages, deserialized
from zsris_ros.ros.lifecycle.lifecycle_node import WorkerLifecycleNode
from zsris_ros.ros.lifecycle.process import format_traceback
from zsris_ros.ros.lifecycle.worker import Worker
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.answer import Refusal, Status
from zsris_ros.ros.publishers.pose_conversions import to_point
from zsris_ros.ros.publishers.result_messages import fill_refusal, to_mask, to_pixel, to_region
from zsris_ros.ros.qos import create_publisher
from zsris_ros.ros.requests.request_handler import FoundResult
from zsris_ros.srv import Track
from zsris_ros.tracking.tracker import LookFunction, TrackedObject, Tracker
from zsris_ros.types import InputError

LOG_PERIOD = 5.0
"""Seconds between two warnings about unusable images."""

DEPTH_TIMEOUT = 1.0
"""Seconds without depth, after images with depth, before images without it are tracked."""


class TrackRequests:
    """Tracks at most one object in the frames of a node's camera.

    ``begin`` queues a search for the object of an expression ("": of the last answer), which ends
    with ``start``. ``start`` belongs to the worker thread; ``stop`` can be called in any.
    """

    def __init__(
        self,
        node: WorkerLifecycleNode,
        worker: Worker,
        begin: Callable[[str], Future[str]],
        to_refusal: Callable[[BaseException], Refusal],
    ) -> None:
        self._node, self._worker, self._begin, self._to_refusal = node, worker, begin, to_refusal
        group = ReentrantCallbackGroup()  # a stop must not wait for a start
        node.create_service(Track, "~/track", self._on_track, callback_group=group)
        self._publisher = create_publisher(node, TrackedMessage, "~/tracked")
        self._lock = threading.Lock()  # orders messages: none follows STOPPED
        self._tracker: Tracker | None = None
        self._messages: CameraMessages | None = None
        self._header = Header()
        self._expression = ""

    @property
    def expression(self) -> str:
        """The expression of the tracked object; "" without one."""
        return "" if self._tracker is None else self._expression

    def start(self, look: LookFunction, found: FoundResult) -> str:
        """Track the object of a result and return a sentence.

        Raises:
            Refusal: The result has not exactly one object.
        """
        tracker = Tracker(look)
        try:
            tracked = tracker.start(found.scene, found.result)
        except InputError as error:
            raise Refusal(Status.INVALID_REQUEST, str(error)) from error
        expression = found.result.expression.text
        with self._lock:
            self._tracker, self._messages, self._expression = tracker, found.messages, expression
            self._header = found.header
        self._publish(tracker, tracked)
        return f"following '{expression}'"

    def stop(self, reason: str) -> str:
        """Stop tracking and return a sentence."""
        with self._lock:
            if self._tracker is None:
                return "no object was followed"
            self._tracker = None
            message = self._message(TrackedMessage.STOPPED)
            message.why = reason
            self._publisher.publish(message)
        return f"'{self._expression}' is not followed any more: {reason}"

    def on_frame(self, buffer: CameraBuffer, parameters: Parameters) -> None:
        """Schedule the newest frame; called when images have arrived."""
        if self._tracker is not None:
            self._worker.submit_idle(partial(self._track_newest, buffer, parameters))

    async def _on_track(self, request: Track.Request, response: Track.Response) -> Track.Response:
        try:
            if request.stop:
                response.status = Track.Response.STOPPED
                response.message = self.stop("as requested")
                return response
            future = self._begin(request.expression)
            await self._node.wait_for(future)
            response.status, response.message = Track.Response.FOUND, future.result()
        except Exception as error:
            fill_refusal(response, self._to_refusal(error))
        return response

    # In the worker thread

    def _track_newest(self, buffer: CameraBuffer, parameters: Parameters) -> None:
        tracker, last, newest = self._tracker, self._messages, buffer.newest()
        if tracker is None or last is None or newest is None:
            return
        if newest.image.serial == last.image.serial:
            return
        elapsed = newest.image.stamp_ns - last.image.stamp_ns
        if last.depth is not None and newest.depth is None and elapsed < DEPTH_TIMEOUT * SECOND:
            return  # its depth has not arrived yet
        self._messages = newest
        try:
            messages = deserialized(newest)
            self._header = messages.image.message.header
            frame, _ = assemble_frame(messages, parameters.assume_registered, parameters.max_pixels)
            self._publish(tracker, tracker.follow(frame))
        except InputError as error:
            self._node.get_logger().warning(
                f"an image was not followed: {error}", throttle_duration_sec=LOG_PERIOD
            )
        except Exception as error:
            self._node.get_logger().error(format_traceback(error))
            self.stop(f"the model failed: {type(error).__name__}")

    def _publish(self, tracker: Tracker, tracked: TrackedObject) -> None:
        message = self._message(
            TrackedMessage.TRACKING if tracked.tracking else TrackedMessage.LOST
        )
        message.why, message.score = tracked.reason, tracked.score
        if tracked.tracking:
            message.mask = to_mask(tracked.mask, message.header)
            message.box = to_region(mask_box(tracked.mask))
            message.centroid_pixel = to_pixel(tracked.pixel)
            message.has_depth = tracked.point is not None
            message.centroid = to_point(tracked.point)
        with self._lock:
            if tracker is self._tracker:
                self._publisher.publish(message)

    def _message(self, status: int) -> TrackedMessage:
        return TrackedMessage(header=self._header, status=status, expression=self._expression)

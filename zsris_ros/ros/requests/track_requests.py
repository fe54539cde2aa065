"""One object followed over the camera's images: ``~/tracked``, and what ``~/track`` starts.

Frames are followed in the worker's spare time: a request never waits for more than the one that is
being followed, and of those that came meanwhile only the newest is looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from rclpy.callback_groups import ReentrantCallbackGroup
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.frame_buffer import FrameBuffer, SyncedMessages
from zsris_ros.camera.image_messages import SECOND, AnyImage
from zsris_ros.geometry.masks import mask_box
from zsris_ros.msg import TrackedObject as TrackedMessage
from zsris_ros.ros.lifecycle.lifecycle_node import ManagedNode
from zsris_ros.ros.lifecycle.process import traceback_of
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.pose_conversions import to_point
from zsris_ros.ros.publishers.result_messages import refuse, to_mask, to_pixel, to_region
from zsris_ros.ros.publishers.result_publishers import publisher
from zsris_ros.ros.requests.request_handler import Found, Refusal, Status
from zsris_ros.ros.requests.worker import Worker
from zsris_ros.srv import Track
from zsris_ros.tracking.tracker import LookFunction, TrackedObject, Tracker
from zsris_ros.types import InputError

Buffer = FrameBuffer[AnyImage, CameraInfo]
COMPLAINT_PERIOD = 5.0
"""Seconds between two complaints about images that cannot be used."""


DEPTH_PATIENCE = 1.0
"""Seconds without depth, where there was some, after which images are followed without."""


class Tracking:
    """Follows at most one object of ``node``'s camera in the spare time of ``worker``.

    ``begin`` queues a search for what an expression means, or the last answer where it is empty,
    and ends with ``start``. ``refusal`` tells what a caller learns of an error. ``start`` is for
    the worker's thread, ``stop`` for any.
    """

    def __init__(
        self,
        node: ManagedNode,
        worker: Worker,
        begin: Callable[[str], Future[str]],
        refusal: Callable[[BaseException], Refusal],
    ) -> None:
        self._node, self._worker, self._begin, self._refusal = node, worker, begin, refusal
        group = ReentrantCallbackGroup()  # whoever stops need not wait for whoever starts
        node.create_service(Track, "~/track", self._on_track, callback_group=group)
        self._tracked = publisher(node, TrackedMessage, "~/tracked")
        self._lock = threading.Lock()  # nothing is published about what has been stopped
        self._tracker: Tracker | None = None
        self._moment: SyncedMessages[AnyImage, CameraInfo] | None = None
        self._expression = ""

    @property
    def followed(self) -> str:
        """What is followed, in the words that found it; empty when nothing is."""
        return "" if self._tracker is None else self._expression

    def start(self, look: LookFunction, found: Found) -> str:
        """Follows the object that was found instead of another; returns a sentence.

        Raises Refusal when it was not one object.
        """
        tracker = Tracker(look)
        try:
            tracked = tracker.start(found.scene, found.referral)
        except InputError as error:
            raise Refusal(Status.INVALID_REQUEST, str(error)) from error
        expression = found.referral.expression.text
        with self._lock:
            self._tracker, self._moment, self._expression = tracker, found.moment, expression
        self._publish(tracker, tracked)
        return f"following '{expression}'"

    def stop(self, why: str) -> str:
        """Follows nothing any more; returns a sentence."""
        with self._lock:
            if self._tracker is None:
                return "nothing was followed"
            self._tracker = None
            message = self._message(TrackedMessage.STOPPED)
            message.why = why
            self._tracked.publish(message)
        return f"'{self._expression}' is not followed any more: {why}"

    def heard(self, buffer: Buffer, chosen: Parameters) -> None:
        """An image, or depth, has come."""
        if self._tracker is not None:
            self._worker.offer(partial(self._follow, buffer, chosen))

    async def _on_track(self, request: Track.Request, response: Track.Response) -> Track.Response:
        try:
            if request.stop:
                response.status, response.message = Track.Response.STOPPED, self.stop("as asked")
                return response
            future = self._begin(request.expression)
            await self._node.when_done(future)
            response.status, response.message = Track.Response.FOUND, future.result()
        except Exception as error:
            refuse(response, self._refusal(error))
        return response

    # In the worker thread

    def _follow(self, buffer: Buffer, chosen: Parameters) -> None:
        tracker, last, moment = self._tracker, self._moment, buffer.newest()
        if tracker is None or last is None or moment is None:
            return
        if moment.image.serial == last.image.serial:
            return
        late = moment.image.stamp_ns - last.image.stamp_ns
        if last.depth is not None and moment.depth is None and late < DEPTH_PATIENCE * SECOND:
            return  # its depth is still to come
        self._moment = moment
        try:
            frame, _ = assemble_frame(moment, chosen.assume_registered, chosen.max_pixels)
            self._publish(tracker, tracker.follow(frame))
        except InputError as error:
            self._node.get_logger().warning(
                f"an image was not followed: {error}", throttle_duration_sec=COMPLAINT_PERIOD
            )
        except Exception as error:
            self._node.get_logger().error(traceback_of(error))
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
                self._tracked.publish(message)

    def _message(self, status: int) -> TrackedMessage:
        header = Header() if self._moment is None else self._moment.image.message.header
        return TrackedMessage(header=header, status=status, expression=self._expression)

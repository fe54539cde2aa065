"""The service ``~/verify_grasp``: was the object of an earlier request taken?"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from rclpy.callback_groups import ReentrantCallbackGroup
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.frame_buffer import SyncedMessages
from zsris_ros.camera.image_messages import SECOND, AnyImage, format_seconds, stamp_ns
from zsris_ros.grasping.verification import ObjectView, Taken, TakenCheck, check_taken
from zsris_ros.ros.inputs.serialized import CameraMessages, deserialized
from zsris_ros.ros.lifecycle.lifecycle_node import WorkerLifecycleNode
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.answer import Answer, Refusal, Status
from zsris_ros.ros.publishers.result_messages import fill_refusal
from zsris_ros.srv import VerifyGrasp
from zsris_ros.types import InputError, Verdict

Response = VerifyGrasp.Response
STATUS_OF = {
    Taken.TAKEN: Response.TAKEN,
    Taken.STILL_THERE: Response.STILL_THERE,
    Taken.CANNOT_TELL: Response.CANNOT_TELL,
}

CAPACITY = 16
"""Answers whose objects can be verified."""


@dataclass(frozen=True, eq=False)
class RememberedObject:
    """An object that was found: the stamp of its image, its expression, and its place."""

    stamp_ns: int
    text: str
    frame_id: str
    view: ObjectView


@dataclass(frozen=True)
class CheckedFrame:
    """A comparison, and the header of the image that it is about."""

    header: Header
    check: TakenCheck


class VerifyRequests:
    """Keeps the places of objects that were found, and compares one with the newest frame.

    ``queue`` queues ``check`` for a known object in the newest frame, and raises Refusal;
    ``to_refusal`` converts exceptions. ``remember`` can be called in any thread.
    """

    def __init__(
        self,
        node: WorkerLifecycleNode,
        queue: Callable[[RememberedObject], Future[CheckedFrame]],
        to_refusal: Callable[[BaseException], Refusal],
    ) -> None:
        self._node, self._queue, self._to_refusal = node, queue, to_refusal
        self._known: OrderedDict[tuple[int, str], RememberedObject] = OrderedDict()
        self._lock = threading.Lock()
        group = ReentrantCallbackGroup()  # calls must not wait for each other
        node.create_service(VerifyGrasp, "~/verify_grasp", self._on_call, callback_group=group)

    def remember(self, answer: Answer) -> None:
        """Keep the place of an answer's object, if it was found and there is depth."""
        if answer.result.verdict is not Verdict.FOUND:
            return
        view = ObjectView.of(answer.frame, answer.result.mask)
        if view is None:
            return
        stamp, text = stamp_ns(answer.header), answer.text
        with self._lock:
            self._known.pop((stamp, text), None)
            self._known[stamp, text] = RememberedObject(stamp, text, answer.header.frame_id, view)
            while len(self._known) > CAPACITY:
                self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget all objects, after time has jumped back."""
        with self._lock:
            self._known.clear()

    async def _on_call(
        self, request: VerifyGrasp.Request, response: VerifyGrasp.Response
    ) -> VerifyGrasp.Response:
        try:
            future = self._queue(self._find(request))
            await self._node.wait_for(future)
            check = future.result().check
            response.header = future.result().header
            response.status, response.message = STATUS_OF[check.taken], check.reason
            response.gone, response.same = check.gone, check.same
        except Exception as error:
            fill_refusal(response, self._to_refusal(error))
        return response

    def _find(self, request: VerifyGrasp.Request) -> RememberedObject:
        """Return the newest object that the request means. Raises Refusal."""
        stamp = int(request.stamp.sec) * SECOND + int(request.stamp.nanosec)
        text = request.expression.strip()
        with self._lock:
            known = list(self._known.values())
        for each in reversed(known):
            if stamp in (0, each.stamp_ns) and text in ("", each.text):
                return each
        about = f" about '{text}'" if text else ""
        at = f" at {format_seconds(stamp)}" if stamp else ""
        raise Refusal(
            Status.INVALID_REQUEST,
            f"no answer{about}{at} with FOUND and depth is known; the last {CAPACITY} are kept",
        )


def check(
    known: RememberedObject, messages: CameraMessages, parameters: Parameters
) -> CheckedFrame:
    """Compare the place of a known object with a later frame; in the worker thread.

    Raises:
        Refusal: NO_IMAGE for an unusable image.
    """
    try:
        read = deserialized(messages)
    except InputError as error:
        raise Refusal(Status.NO_IMAGE, f"the newest image cannot be used: {error}") from error
    return CheckedFrame(read.image.message.header, _check(known, read, parameters))


def _check(
    known: RememberedObject, messages: SyncedMessages[AnyImage, CameraInfo], parameters: Parameters
) -> TakenCheck:
    header = messages.image.message.header
    if header.frame_id != known.frame_id:
        reason = f"the images are in '{header.frame_id}' now, and were in '{known.frame_id}'"
        return TakenCheck(Taken.CANNOT_TELL, f"It cannot be told: {reason}.")
    try:
        frame, note = assemble_frame(messages, parameters.assume_registered, parameters.max_pixels)
    except InputError as error:
        raise Refusal(Status.NO_IMAGE, f"the newest image cannot be used: {error}") from error
    if frame.depth is None and note:
        return TakenCheck(Taken.CANNOT_TELL, f"It cannot be told: {note}.")
    return check_taken(known.view, frame)

"""The tracked objects of a camera; each new frame is processed for all of them.

Frames are processed while the worker is idle, one object a job, so a request waits for at most one
object's. Of the frames that arrive meanwhile only the newest is processed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from rclpy.node import Node
from std_msgs.msg import Header

from zsris_ros.camera.frame_assembly import assemble_frame
from zsris_ros.camera.image_messages import SECOND
from zsris_ros.ros.inputs.serialized import CameraBuffer, CameraMessages, deserialized
from zsris_ros.ros.lifecycle.process import format_traceback
from zsris_ros.ros.lifecycle.worker import Worker
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.answer import Refusal, Status
from zsris_ros.ros.requests.request_handler import FoundResult
from zsris_ros.tracking.tracker import LookFunction, TrackedObject, Tracker
from zsris_ros.types import Frame, InputError

MAX_OBJECTS = 8
"""Objects that are tracked at the same time; each frame is processed once for each."""

LOG_PERIOD = 5.0
"""Seconds between two warnings about unusable images."""

DEPTH_TIMEOUT = 1.0
"""Seconds without depth, after images with depth, before images without it are tracked."""


@dataclass(frozen=True, eq=False)
class TrackState:
    """An object in one frame; ``header`` is the image's."""

    header: Header
    frame: Frame
    tracked: TrackedObject


@dataclass(frozen=True)
class TrackEnd:
    """Why an object is not tracked any more.

    ``is_failure`` is True for an error of the model, False after a request, a time jump or a
    transition.
    """

    reason: str
    is_failure: bool = False


class Track:
    """One tracked object and its client.

    ``convert`` makes a message of a state and ``publish`` sends it; none follows ``ended``.
    """

    def __init__(
        self,
        tracker: Tracker,
        found: FoundResult,
        convert: Callable[[TrackState], Any],
        publish: Callable[[Any], None],
    ) -> None:
        self.tracker, self.convert, self.publish = tracker, convert, publish
        self.expression = found.result.expression.text
        self.messages: CameraMessages = found.messages
        self.header: Header = found.header
        self.ended: Future[TrackEnd] = Future()


class TrackedObjects:
    """All tracks of a node's camera.

    ``start`` belongs to the worker thread; ``end`` and ``end_all`` can be called in any.
    """

    def __init__(self, node: Node, worker: Worker) -> None:
        self._node, self._worker = node, worker
        self._lock = threading.RLock()  # orders messages: none follows the end
        self._tracks: list[Track] = []  # in the order of their turns

    @property
    def expressions(self) -> list[str]:
        """The expressions of the tracked objects."""
        return [track.expression for track in tuple(self._tracks)]

    def start(
        self,
        look: LookFunction,
        found: FoundResult,
        convert: Callable[[TrackState], Any],
        publish: Callable[[Any], None],
    ) -> Track:
        """Track the object of a result.

        Raises:
            Refusal: The result has not exactly one object, or MAX_OBJECTS are tracked.
        """
        if len(self._tracks) >= MAX_OBJECTS:
            raise Refusal(Status.BUSY, f"{MAX_OBJECTS} objects are tracked already")
        tracker = Tracker(look)
        try:
            tracked = tracker.start(found.scene, found.result)
        except InputError as error:
            raise Refusal(Status.INVALID_REQUEST, str(error)) from error
        track = Track(tracker, found, convert, publish)
        with self._lock:
            self._tracks.append(track)
        self._report(track, TrackState(found.header, found.scene.frame, tracked))
        return track

    def end(self, track: Track, end: TrackEnd) -> None:
        """End a track, unless it has ended."""
        with self._lock:
            if track in self._tracks:
                self._tracks.remove(track)
                track.ended.set_result(end)

    def end_all(self, reason: str) -> None:
        """End all tracks."""
        for track in tuple(self._tracks):
            self.end(track, TrackEnd(reason))

    def on_frame(self, buffer: CameraBuffer, parameters: Parameters) -> None:
        """Schedule the newest frame; called when images have arrived."""
        if self._tracks:
            self._worker.submit_idle(partial(self._track_newest, buffer, parameters))

    # In the worker thread

    def _track_newest(self, buffer: CameraBuffer, parameters: Parameters) -> None:
        """Process the newest frame for the object whose turn is the longest ago."""
        newest = buffer.newest()
        if newest is None:
            return
        with self._lock:
            due = [track for track in self._tracks if _is_due(track.messages, newest)]
            if not due:
                return
            track = due[0]
            self._tracks.remove(track)
            self._tracks.append(track)
        if len(due) > 1:
            self._worker.submit_idle(partial(self._track_newest, buffer, parameters))
        track.messages = newest
        try:
            messages = deserialized(newest)
            track.header = messages.image.message.header
            frame, _ = assemble_frame(messages, parameters.assume_registered, parameters.max_pixels)
            self._report(track, TrackState(track.header, frame, track.tracker.follow(frame)))
        except InputError as error:
            self._node.get_logger().warning(
                f"an image was not followed: {error}", throttle_duration_sec=LOG_PERIOD
            )
        except Exception as error:
            self._node.get_logger().error(format_traceback(error))
            reason = f"the model failed: {type(error).__name__}"
            self.end(track, TrackEnd(reason, is_failure=True))
            raise  # the worker reports it

    def _report(self, track: Track, state: TrackState) -> None:
        message = track.convert(state)
        with self._lock:
            if track in self._tracks:
                track.publish(message)


def _is_due(last: CameraMessages, newest: CameraMessages) -> bool:
    """Return whether ``newest`` is a frame after ``last``, with depth if depth is expected."""
    if newest.image.serial == last.image.serial:
        return False
    elapsed = newest.image.stamp_ns - last.image.stamp_ns
    late = last.depth is not None and newest.depth is None
    return not late or elapsed >= DEPTH_TIMEOUT * SECOND

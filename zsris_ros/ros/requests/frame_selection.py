"""From a request to a question: is the expression usable, and which frame is meant?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

from sensor_msgs.msg import CameraInfo, Image

from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.camera.frame_buffer import FrameBuffer, Stamped, SyncedMessages
from zsris_ros.camera.image_messages import SECOND, AnyImage, format_seconds, stamp_ns
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.requests.request_handler import Question, Refusal, Status
from zsris_ros.srv import ReferSegment

Request: TypeAlias = ReferSegment.Request | ReferSegmentAction.Goal
"""Of the service and of the action: the same fields."""


def to_question(
    request: Request,
    buffer: FrameBuffer[AnyImage, CameraInfo],
    topic: str,
    parameters: Parameters,
    stale: str = "",
    ready: SyncedMessages[AnyImage, CameraInfo] | None = None,
    looked_at: Sequence[SyncedMessages[AnyImage, CameraInfo]] = (),
) -> Question:
    """The question that ``request`` asks; ``topic`` is where the buffered images came from.

    ``stale`` is what has to be said of the newest of them, such as that it is old; mostly empty.
    ``ready`` has been looked at already and is taken for an image near it. ``looked_at`` are frames
    of earlier answers: a question about one of them is about the same messages, also when the
    buffer has let go of them.

    Raises Refusal with INVALID_REQUEST for the expression and NO_IMAGE for the frame.
    """
    expression = _expression(request.expression, parameters.max_expression_length)
    # Any field of an image means that one was meant, so that a broken one is refused, not ignored.
    if request.image.data or request.image.width or request.image.height or request.image.encoding:
        return _about_given(request.image, expression)
    stamp = int(request.stamp.sec) * SECOND + int(request.stamp.nanosec)
    moment = buffer.nearest(stamp) if stamp else buffer.newest()
    seen = _same(looked_at, moment, stamp)
    moment = seen or moment
    if moment is None:
        raise Refusal(
            Status.NO_IMAGE,
            f"no image has arrived on '{topic}' yet; start the camera, remap `image` to its topic, "
            "or send an image in the request",
        )
    if stamp:
        _check_near(stamp, moment, buffer, parameters.stamp_tolerance)
    if seen is None and ready is not None and is_near(ready, moment, parameters.look_ahead):
        moment = ready
    key = ("camera", *moment.key)
    note = "" if stamp else stale
    return Question(expression, moment, f"the image on '{topic}'", key, note=note)


def _same(
    looked_at: Sequence[SyncedMessages[AnyImage, CameraInfo]],
    moment: SyncedMessages[AnyImage, CameraInfo] | None,
    stamp: int,
) -> SyncedMessages[AnyImage, CameraInfo] | None:
    """Of ``looked_at`` the frame that ``moment`` holds, or the one of ``stamp`` (0: the newest).

    What the buffer has of exactly that time goes before: some cameras stamp all images alike. None
    as well where depth or camera_info of the frame have only come since it was looked at.
    """
    for seen in reversed(looked_at):
        if moment is not None and stamp in (0, moment.image.stamp_ns):
            late_depth = seen.depth is None and moment.depth is not None
            late_info = seen.info is None and moment.info is not None
            if seen.image.serial == moment.image.serial and not (late_depth or late_info):
                return seen
        elif stamp and seen.image.stamp_ns == stamp:
            return seen
    return None


def is_near(
    one: SyncedMessages[AnyImage, CameraInfo],
    other: SyncedMessages[AnyImage, CameraInfo],
    seconds: float,
) -> bool:
    """Whether two images were taken within ``seconds`` of each other."""
    return abs(one.image.stamp_ns - other.image.stamp_ns) <= seconds * SECOND


def candidates_wanted(request: Request, parameters: Parameters) -> int:
    """How many candidates the response carries: what was asked for, within the node's limit."""
    return min(request.max_candidates or parameters.max_candidates, parameters.max_candidates)


def _expression(text: str, longest: int) -> str:
    if len(text) > longest:
        raise Refusal(
            Status.INVALID_REQUEST,
            f"the expression has {len(text)} characters and may have {longest} "
            "(parameter max_expression_length)",
        )
    if not text.strip():
        raise Refusal(
            Status.INVALID_REQUEST,
            "the expression is empty; say what to look for, such as 'the red mug'",
        )
    return text.strip()


def _about_given(image: Image, expression: str) -> Question:
    """A question about the request's own image; the same image has the same key."""
    digest = hashlib.blake2b(memoryview(image.data), digest_size=16).hexdigest()
    shape = image.width, image.height, image.step, image.encoding, image.is_bigendian
    stamp = stamp_ns(image.header)
    moment: SyncedMessages[AnyImage, CameraInfo] = SyncedMessages(Stamped(stamp, image, 0))
    key = ("given", digest, *shape, stamp, image.header.frame_id)
    return Question(expression, moment, "the request's image", key, given=True)


def _check_near(
    stamp: int,
    moment: SyncedMessages[AnyImage, CameraInfo],
    buffer: FrameBuffer[AnyImage, CameraInfo],
    tolerance: float,
) -> None:
    if abs(moment.image.stamp_ns - stamp) <= tolerance * SECOND:
        return
    oldest, newest = buffer.span_ns() or (moment.image.stamp_ns, moment.image.stamp_ns)
    raise Refusal(
        Status.NO_IMAGE,
        f"no image is kept within {tolerance:g} s of the stamp {format_seconds(stamp)}; the buffer "
        f"spans {format_seconds(oldest)} to {format_seconds(newest)} with {len(buffer)} images",
    )

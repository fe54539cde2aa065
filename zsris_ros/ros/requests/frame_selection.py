"""Selection of the frame of a request: conversion of a request to a query."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from functools import partial
from typing import TypeAlias

from sensor_msgs.msg import CameraInfo, Image

from zsris_ros.action import PlanGrasp
from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.camera.frame_buffer import Stamped
from zsris_ros.camera.image_messages import SECOND, format_seconds, rectified_info, stamp_ns
from zsris_ros.ros.inputs.serialized import CameraBuffer, CameraMessages
from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.publishers.answer import Refusal, ReplyOptions, Status
from zsris_ros.ros.requests.request_handler import Query
from zsris_ros.srv import ReferSegment

Request: TypeAlias = ReferSegment.Request | ReferSegmentAction.Goal | PlanGrasp.Goal
"""The fields that select a frame are the same."""


def to_query(
    request: Request,
    buffer: CameraBuffer,
    topic: str,
    parameters: Parameters,
    age_note: str = "",
    prepared: CameraMessages | None = None,
    cached: Sequence[CameraMessages] = (),
    deadline: float = 0.0,
    request_id: int = 0,
) -> Query:
    """Convert a request to a query about the frame that it refers to.

    Args:
        request: Of the service or the action.
        buffer: The recent frames of the camera.
        topic: Topic of the buffered images.
        parameters: Limits and tolerances.
        age_note: Note for an answer about the newest image; "" for a recent one.
        prepared: Frame with a prepared scene, for requests within ``look_ahead`` of it.
        cached: Frames with cached scenes; may have left the buffer.
        deadline: Until when (time.monotonic) the transform to the target frame may arrive.
        request_id: The number of the request.

    Raises:
        Refusal: INVALID_REQUEST for the expression, NO_IMAGE for the frame.
    """
    make = partial(
        Query,
        _checked_expression(request.expression, parameters.max_expression_length),
        target_frame=target_frame_of(request, parameters),
        deadline=deadline,
        request_id=request_id,
        assume_registered=parameters.assume_registered,
        max_pixels=parameters.max_pixels,
    )
    # Any filled field denotes an image, so that an invalid image is refused and not ignored.
    if request.image.data or request.image.width or request.image.height or request.image.encoding:
        messages, key = _own_frame(request, parameters.rectified)
        return make(messages, "the request's image", key, from_request=True)
    if request.depth.data:
        raise Refusal(
            Status.INVALID_REQUEST, "the request has depth without an image; send its image as well"
        )
    stamp = int(request.stamp.sec) * SECOND + int(request.stamp.nanosec)
    buffered = buffer.nearest(stamp) if stamp else buffer.newest()
    hit = _find_cached(cached, buffered, stamp)
    found = hit or buffered
    if found is None:
        raise Refusal(
            Status.NO_IMAGE,
            f"no image has arrived on '{topic}' yet; start the camera, remap `image` to its topic, "
            "or send an image in the request",
        )
    if stamp:
        _check_tolerance(stamp, found, buffer, parameters.stamp_tolerance)
    if hit is None and prepared and is_near(prepared, found, parameters.look_ahead):
        found = prepared
    key, note = ("camera", *found.key), "" if stamp else age_note
    return make(found, f"the image on '{topic}'", key, note=note)


def target_frame_of(request: Request, parameters: Parameters) -> str:
    """Return the frame of the metric values; "" for the optical frame."""
    # tf2 rejects a leading slash.
    return (request.target_frame or parameters.target_frame).lstrip("/")


def is_near(one: CameraMessages, other: CameraMessages, seconds: float) -> bool:
    """Return whether the stamps of two images differ by at most ``seconds``."""
    return abs(one.image.stamp_ns - other.image.stamp_ns) <= seconds * SECOND


def reply_options(
    request: ReferSegment.Request | ReferSegmentAction.Goal, parameters: Parameters
) -> ReplyOptions:
    """Return the requested parts of the answer, with the candidates within the node's limit."""
    limit = parameters.max_candidates
    return ReplyOptions(
        min(request.max_candidates or limit, limit),
        request.return_mask,
        request.return_candidate_masks,
    )


def _find_cached(
    cached: Sequence[CameraMessages], buffered: CameraMessages | None, stamp: int
) -> CameraMessages | None:
    """Return the cached frame of the image in ``buffered``, or of ``stamp`` (0: the newest).

    A buffered image with exactly this stamp has priority: some cameras repeat stamps. A cached
    frame without depth or camera_info that have arrived since does not count.
    """
    for frame in reversed(cached):
        if buffered is not None and stamp in (0, buffered.image.stamp_ns):
            late_depth = frame.depth is None and buffered.depth is not None
            late_info = frame.info is None and buffered.info is not None
            if frame.image.serial == buffered.image.serial and not (late_depth or late_info):
                return frame
        elif stamp and frame.image.stamp_ns == stamp:
            return frame
    return None


def _checked_expression(text: str, max_length: int) -> str:
    if len(text) > max_length:
        raise Refusal(
            Status.INVALID_REQUEST,
            f"the expression has {len(text)} characters and may have {max_length} "
            "(parameter max_expression_length)",
        )
    if not text.strip():
        raise Refusal(
            Status.INVALID_REQUEST,
            "the expression is empty; name an object, such as 'the red mug'",
        )
    return text.strip()


def _own_frame(request: Request, rectified: bool) -> tuple[CameraMessages, tuple[Hashable, ...]]:
    """Return the messages of the request's frame and their cache key, equal for equal frames."""
    image, stamp = request.image, stamp_ns(request.image.header)
    depth = request.depth if request.depth.data else None
    info = rectified_info(request.camera_info) if rectified else request.camera_info
    messages = CameraMessages(
        Stamped(stamp, image, 0),
        None if depth is None else Stamped(stamp, depth, 0),
        Stamped(stamp, info, 0),
    )
    parts = [_digest(each) for each in (image, depth) if each is not None]
    return messages, ("request", *parts, _calibration(info), stamp)


def _calibration(info: CameraInfo) -> tuple[Hashable, ...]:
    shape = info.width, info.height, info.binning_x, info.binning_y, info.distortion_model
    roi = info.roi.x_offset, info.roi.y_offset
    return *shape, *roi, *info.k, *info.d, *info.r, *info.p


def _digest(image: Image) -> tuple[Hashable, ...]:
    digest = hashlib.blake2b(memoryview(image.data), digest_size=16).hexdigest()
    layout = image.width, image.height, image.step, image.encoding, image.is_bigendian
    return digest, *layout, image.header.frame_id


def _check_tolerance(
    stamp: int, messages: CameraMessages, buffer: CameraBuffer, tolerance: float
) -> None:
    if abs(messages.image.stamp_ns - stamp) <= tolerance * SECOND:
        return
    oldest, newest = buffer.span_ns() or (messages.image.stamp_ns, messages.image.stamp_ns)
    raise Refusal(
        Status.NO_IMAGE,
        f"no image is kept within {tolerance:g} s of the stamp {format_seconds(stamp)}; the buffer "
        f"spans {format_seconds(oldest)} to {format_seconds(newest)} with {len(buffer)} images",
    )

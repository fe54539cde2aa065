"""Conversion of answers to the response, the mask and the overlay."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from geometry_msgs.msg import Point
from sensor_msgs.msg import Image, RegionOfInterest
from std_msgs.msg import Header

from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.msg import Candidate as CandidateMessage
from zsris_ros.msg import RequestResult
from zsris_ros.ros.publishers.answer import Answer, Refusal
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.ros.publishers.pose_conversions import (
    box_of,
    box_pose,
    centroid_point,
    metric_header,
    to_point,
    to_pose,
    to_size,
)
from zsris_ros.srv import ReferSegment, Track
from zsris_ros.types import BoolArray, Candidate, Pixel
from zsris_ros.visualization import overlay

Response: TypeAlias = ReferSegment.Response | ReferSegmentAction.Result
"""The service and the action have the same fields."""


def fill_response(
    response: Response, answer: Answer, max_candidates: int, return_mask: bool
) -> None:
    """Fill ``response`` with ``answer`` and its best ``max_candidates`` candidates."""
    result = answer.result
    response.status, response.message = answer.status, answer.sentence
    response.header = answer.header
    response.explanation = result.explanation
    response.candidates = [
        to_candidate(each, answer) for each in result.candidates[:max_candidates]
    ]
    response.timing_stages = list(answer.timings)
    response.timing_ms = [float(value) for value in answer.timings.values()]
    response.cache_hit = answer.cache_hit
    response.centroid.header = response.pose.header = metric_header(answer)
    if not answer.objects:
        return
    best = to_candidate(answer.objects[0], answer)
    response.centroid_pixel, response.inside_pixel = best.centroid_pixel, best.inside_pixel
    response.has_depth, response.valid_depth = best.has_depth, best.valid_depth
    response.centroid.point = best.centroid
    response.pose.pose, response.size = best.pose, best.size
    response.on_support = answer.on_support
    if return_mask:
        response.mask = mask_image(answer)


def fill_refusal(response: Response | Track.Response, refusal: Refusal) -> None:
    """Fill ``response`` with status and message of ``refusal``."""
    response.status, response.message = refusal.status, str(refusal)


def result_message(answer: Answer) -> RequestResult:
    """Return the outcome of a request; its metres are those of a found object only."""
    message = RequestResult(
        header=answer.header,
        request_id=answer.request_id,
        expression=answer.result.expression.text,
        status=answer.status,
        message=answer.sentence,
    )
    centroid, pose = centroid_point(answer), box_pose(answer)
    message.has_depth = centroid is not None
    if centroid is not None:
        message.centroid = centroid
    box = box_of(answer, answer.objects[0]) if pose is not None else None
    if pose is not None and box is not None:
        message.pose, message.size = pose, to_size(box)
    return message


def refusal_message(refusal: Refusal, request_id: int, expression: str) -> RequestResult:
    """Return the outcome of a request without an answer."""
    return RequestResult(
        request_id=request_id,
        expression=expression,
        status=refusal.status,
        message=str(refusal),
    )


def to_candidate(candidate: Candidate, answer: Answer) -> CandidateMessage:
    """Convert one candidate; pose and size are those of the answer's objects only."""
    message = CandidateMessage(
        box=to_region(candidate.box),
        score=float(candidate.score),
        centroid_pixel=to_pixel(candidate.centroid_pixel),
        has_depth=candidate.centroid is not None,
        centroid=to_point(candidate.centroid, answer.camera_pose),
        source=candidate.source,
        selected=candidate.selected,
    )
    extent = answer.extents.get(candidate.index) if candidate in answer.objects else None
    if extent is not None:
        message.inside_pixel = to_pixel(extent.inside_pixel)
        message.valid_depth = float(extent.valid_depth)
        if extent.box is not None:
            message.pose = to_pose(extent.box.pose, answer.camera_pose)
            message.size = to_size(extent.box)
    return message


def mask_image(answer: Answer) -> Image:
    """Return the mask as mono8 with the image's header."""
    return to_mask(answer.result.mask, answer.header)


def overlay_image(answer: Answer) -> Image:
    """Return the image with the answer drawn into it, as rgb8 with the image's header."""
    picture = overlay.draw_result(answer.frame.rgb, answer.result, answer.result.expression.text)
    return to_image(picture, "rgb8", answer.header)


def to_mask(mask: BoolArray, header: Header) -> Image:
    """Convert a mask (bool HxW) to mono8, 255 inside and 0 elsewhere."""
    return to_image(mask * np.uint8(255), "mono8", header)


def to_region(box: tuple[float, float, float, float]) -> RegionOfInterest:
    """Convert a box (x, y, x_max - x, y_max - y) to whole pixels, both edges included."""
    x, y, width, height = box
    left, top = math.floor(x), math.floor(y)
    return RegionOfInterest(
        x_offset=max(0, left),
        y_offset=max(0, top),
        width=max(1, math.ceil(x + width) - left + 1),
        height=max(1, math.ceil(y + height) - top + 1),
    )


def to_pixel(pixel: Pixel) -> Point:
    """Convert a pixel (x, y) to a point with z = 0."""
    x, y = pixel
    return Point(x=float(x), y=float(y), z=0.0)

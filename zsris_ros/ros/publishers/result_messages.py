"""Answers as messages: the response, the mask and the overlay."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from geometry_msgs.msg import Point
from sensor_msgs.msg import Image, RegionOfInterest
from std_msgs.msg import Header

from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.msg import Candidate as CandidateMessage
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.ros.publishers.pose_conversions import metres_header, to_point, to_pose, to_size
from zsris_ros.ros.requests.request_handler import STATUS_OF, Answer, Refusal
from zsris_ros.srv import ReferSegment, Track
from zsris_ros.types import BoolArray, Candidate, Pixel
from zsris_ros.visualization import overlay

Response: TypeAlias = ReferSegment.Response | ReferSegmentAction.Result
"""Of the service and of the action: the same fields."""

MASKED = np.uint8(255)


def fill(response: Response, answer: Answer, max_candidates: int, with_mask: bool) -> Response:
    """``answer`` as a response, with its best ``max_candidates`` candidates."""
    referral = answer.referral
    response.status = STATUS_OF[referral.verdict]
    response.message = referral.message
    if answer.note:
        response.message = f"{referral.message.rstrip('.')}; {answer.note}"
    response.header = answer.header
    response.explanation = referral.explanation
    response.candidates = [
        to_candidate(each, answer) for each in referral.candidates[:max_candidates]
    ]
    response.timing_stages = list(answer.timings)
    response.timing_ms = [float(value) for value in answer.timings.values()]
    response.cache_hit = answer.cache_hit
    header = metres_header(answer)
    response.centroid.header = response.pose.header = header
    if not answer.meant:
        return response
    best = to_candidate(answer.meant[0], answer)
    response.centroid_pixel, response.inside_pixel = best.centroid_pixel, best.inside_pixel
    response.has_depth, response.valid_depth = best.has_depth, best.valid_depth
    response.centroid.point = best.centroid
    response.pose.pose, response.size = best.pose, best.size
    response.on_support = answer.on_support
    if with_mask:
        response.mask = mask_image(answer)
    return response


def refuse(response: Response | Track.Response, refusal: Refusal) -> Response | Track.Response:
    """``refusal`` as a response."""
    response.status = refusal.status
    response.message = str(refusal)
    return response


def to_candidate(candidate: Candidate, answer: Answer) -> CandidateMessage:
    """One candidate of ``answer`` as a message; its box is whole pixels, both edges included."""
    message = CandidateMessage(
        box=to_region(candidate.box),
        score=float(candidate.score),
        centroid_pixel=to_pixel(candidate.centroid_pixel),
        has_depth=candidate.centroid is not None,
        centroid=to_point(candidate.centroid, answer.camera),
        source=candidate.source,
        selected=candidate.selected,
    )
    extent = answer.extents.get(candidate.index) if candidate in answer.meant else None
    if extent is not None:
        message.inside_pixel = to_pixel(extent.inside_pixel)
        message.valid_depth = float(extent.valid_depth)
        if extent.box is not None:
            message.pose = to_pose(extent.box.pose, answer.camera)
            message.size = to_size(extent.box)
    return message


def mask_image(answer: Answer) -> Image:
    """The mask as mono8, 255 on the object and 0 elsewhere, with the source image's header."""
    return to_mask(answer.referral.mask, answer.header)


def to_mask(mask: BoolArray, header: Header) -> Image:
    """A mask (bool HxW) as mono8, 255 inside and 0 elsewhere."""
    return to_image(mask * MASKED, "mono8", header)


def to_region(box: tuple[float, float, float, float]) -> RegionOfInterest:
    """A box (x, y, w, h) as whole pixels, both edges included."""
    x, y, width, height = box
    left, top = math.floor(x), math.floor(y)
    return RegionOfInterest(
        x_offset=max(0, left),
        y_offset=max(0, top),
        # The core's width is x_max - x_min, one less than the number of columns.
        width=max(1, math.ceil(x + width) - left + 1),
        height=max(1, math.ceil(y + height) - top + 1),
    )


def overlay_image(answer: Answer) -> Image:
    """The answer drawn into the picture, as rgb8 with the source image's header."""
    picture = overlay.draw_result(
        answer.frame.rgb, answer.referral, answer.referral.expression.text
    )
    return to_image(picture, "rgb8", answer.header)


def to_pixel(pixel: Pixel) -> Point:
    """A pixel as a point; z is 0."""
    x, y = pixel
    return Point(x=float(x), y=float(y), z=0.0)

"""Answers as messages: the response, the mask, the centroid and the overlay."""

from __future__ import annotations

import math

import numpy as np
from geometry_msgs.msg import Point, PointStamped
from sensor_msgs.msg import Image, RegionOfInterest

from zsris_ros import pictures
from zsris_ros.msg import Candidate as CandidateMessage
from zsris_ros.ros.answering import STATUS_OF, Answer, Refusal
from zsris_ros.ros.conversions import to_image
from zsris_ros.srv import ReferSegment
from zsris_ros.types import Candidate, Verdict

MASKED = np.uint8(255)


def fill(
    response: ReferSegment.Response, answer: Answer, max_candidates: int, with_mask: bool
) -> ReferSegment.Response:
    """``answer`` as a response, with its best ``max_candidates`` candidates."""
    referral = answer.referral
    response.status = STATUS_OF[referral.verdict]
    response.message = referral.message
    if answer.note:
        response.message = f"{referral.message.rstrip('.')}; {answer.note}"
    response.header = answer.header
    response.explanation = referral.explanation
    response.candidates = [to_candidate(each) for each in referral.candidates[:max_candidates]]
    response.timing_stages = list(answer.timings)
    response.timing_ms = [float(value) for value in answer.timings.values()]
    response.cache_hit = answer.cache_hit
    response.centroid.header = answer.header
    best = referral.best
    if referral.verdict is Verdict.NOT_FOUND or best is None:
        return response
    response.centroid_pixel = _pixel(best)
    response.has_depth = best.centroid is not None
    response.centroid.point = _point(best)
    if with_mask:
        response.mask = mask_image(answer)
    return response


def refuse(response: ReferSegment.Response, refusal: Refusal) -> ReferSegment.Response:
    """``refusal`` as a response."""
    response.status = refusal.status
    response.message = str(refusal)
    return response


def to_candidate(candidate: Candidate) -> CandidateMessage:
    """One candidate as a message; its box becomes whole pixels, both edges included."""
    x, y, width, height = candidate.box
    left, top = math.floor(x), math.floor(y)
    return CandidateMessage(
        box=RegionOfInterest(
            x_offset=max(0, left),
            y_offset=max(0, top),
            # The core's width is x_max - x_min, one less than the number of columns.
            width=max(1, math.ceil(x + width) - left + 1),
            height=max(1, math.ceil(y + height) - top + 1),
        ),
        score=float(candidate.score),
        centroid_pixel=_pixel(candidate),
        has_depth=candidate.centroid is not None,
        centroid=_point(candidate),
        source=candidate.source,
        selected=candidate.selected,
    )


def mask_image(answer: Answer) -> Image:
    """The mask as mono8, 255 on the object and 0 elsewhere, with the source image's header."""
    return to_image(answer.referral.mask * MASKED, "mono8", answer.header)


def centroid_point(answer: Answer) -> PointStamped | None:
    """The answer's centroid in metres in the image's frame; None without one."""
    best = answer.referral.best
    if answer.referral.verdict is Verdict.NOT_FOUND or best is None or best.centroid is None:
        return None
    return PointStamped(header=answer.header, point=_point(best))


def overlay_image(answer: Answer) -> Image:
    """The answer drawn into the picture, as rgb8 with the source image's header."""
    picture = pictures.overlay(answer.frame.rgb, answer.referral, answer.referral.expression.text)
    return to_image(picture, "rgb8", answer.header)


def _pixel(candidate: Candidate) -> Point:
    x, y = candidate.centroid_pixel
    return Point(x=float(x), y=float(y), z=0.0)


def _point(candidate: Candidate) -> Point:
    x, y, z = candidate.centroid or (0.0, 0.0, 0.0)
    return Point(x=float(x), y=float(y), z=float(z))

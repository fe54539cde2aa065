"""Conversion of answers to the outcome, the response, the mask and the overlay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from geometry_msgs.msg import PointStamped, PoseStamped
from sensor_msgs.msg import Image, RegionOfInterest
from std_msgs.msg import Header

from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.language.instructions import describe_step
from zsris_ros.msg import Candidate as CandidateMessage
from zsris_ros.msg import InstructionStep, RequestResult
from zsris_ros.msg import Pixel as PixelMessage
from zsris_ros.ros.publishers.answer import (
    STATUS_OF,
    Answer,
    Refusal,
    ReplyOptions,
    Status,
    objects_of,
)
from zsris_ros.ros.publishers.image_conversions import to_image
from zsris_ros.ros.publishers.pose_conversions import (
    metric_header,
    to_normal,
    to_point,
    to_pose,
    to_size,
)
from zsris_ros.srv import ReferSegment, Track
from zsris_ros.types import (
    BoolArray,
    Candidate,
    Pixel,
    PlacePoint,
    ReferringResult,
    Verdict,
    worst,
)
from zsris_ros.visualization import overlay

Response: TypeAlias = ReferSegment.Response | ReferSegmentAction.Result
"""The service and the action have the same fields."""


def to_result(answer: Answer, options: ReplyOptions) -> RequestResult:
    """Return the outcome of a request; its metres are those of a found object only."""
    result = answer.result
    header = metric_header(answer)
    message = RequestResult(
        header=answer.header,
        request_id=answer.request_id,
        expression=answer.text,
        status=answer.status,
        message=answer.sentence,
        explanation=result.explanation,
        candidates=[
            to_candidate(each, answer, each in answer.objects, options.candidate_masks)
            for each in result.candidates[: options.max_candidates]
        ],
        centroid=PointStamped(header=header),
        pose=PoseStamped(header=header),
        on_support=answer.on_support,
        steps=to_steps(answer, options.candidate_masks),
        instruction_status=answer.instruction_status,
        cache_hit=answer.cache_hit,
        stages=list(answer.timings),
        stage_seconds=[value / 1e3 for value in answer.timings.values()],
        total_seconds=answer.seconds,
    )
    if options.mask and answer.objects:
        message.mask = mask_image(answer)
    if answer.status == RequestResult.FOUND:
        best = message.candidates[0]
        message.has_depth, message.size = best.has_depth, best.size
        message.centroid.point, message.pose.pose = best.centroid, best.pose
    return message


def to_refusal_result(
    refusal: Refusal, request_id: int, expression: str, seconds: float = 0.0
) -> RequestResult:
    """Return the outcome of a request without an answer."""
    return RequestResult(
        request_id=request_id,
        expression=expression,
        status=refusal.status,
        message=str(refusal),
        total_seconds=seconds,
    )


def fill_response(response: Response, outcome: RequestResult) -> None:
    """Fill ``response`` with the outcome, and its deprecated fields."""
    response.outcome = outcome
    for name in outcome.get_fields_and_field_types().keys() & response.get_fields_and_field_types():
        setattr(response, name, getattr(outcome, name))
    response.timing_stages = outcome.stages
    response.timing_ms = [value * 1e3 for value in outcome.stage_seconds]
    response.total_ms = outcome.total_seconds * 1e3
    if outcome.status not in (Status.FOUND, Status.AMBIGUOUS, Status.NO_TRANSFORM):
        return
    best = outcome.candidates[0]
    response.centroid_pixel, response.inside_pixel = best.centroid_pixel, best.inside_pixel
    response.has_depth, response.valid_depth = best.has_depth, best.valid_depth
    response.centroid = PointStamped(header=outcome.centroid.header, point=best.centroid)
    response.pose = PoseStamped(header=outcome.pose.header, pose=best.pose)
    response.size = best.size


def fill_refusal(response: Response | Track.Response, refusal: Refusal) -> None:
    """Fill ``response`` with status and message of ``refusal``."""
    response.status, response.message = refusal.status, str(refusal)


def to_candidate(
    candidate: Candidate, answer: Answer, is_object: bool, with_mask: bool = False
) -> CandidateMessage:
    """Convert one candidate; only objects of the answer have pose and size."""
    message = CandidateMessage(
        box=to_region(candidate.box),
        score=float(candidate.score),
        centroid_pixel=to_pixel(candidate.centroid_pixel),
        has_depth=candidate.centroid is not None,
        centroid=to_point(candidate.centroid, answer.camera_pose),
        source=candidate.source,
        selected=candidate.selected,
    )
    if with_mask:
        box, mask = message.box, answer.masks[candidate.index]
        left, top = box.x_offset, box.y_offset
        inside = mask[top : top + box.height, left : left + box.width]
        message.mask = to_mask(inside, answer.header)
    extent = answer.extents.get(candidate.index) if is_object else None
    if extent is not None:
        message.inside_pixel = to_pixel(extent.inside_pixel)
        message.valid_depth = float(extent.valid_depth)
        if extent.box is not None:
            message.pose = to_pose(extent.box.pose, answer.camera_pose)
            message.size = to_size(extent.box)
    return message


def to_steps(answer: Answer, with_masks: bool = False) -> list[InstructionStep]:
    """Convert the steps of the instruction."""
    return [_to_step(answer, index, with_masks) for index in range(len(answer.instruction.steps))]


def _to_step(answer: Answer, index: int, with_masks: bool) -> InstructionStep:
    found = answer.instruction.steps[index]
    step, destination = found.step, found.destination
    description = describe_step(step)
    message = InstructionStep(action=step.action, verb=step.verb, description=description)
    results = []
    target = answer.instruction.targets_of(index)
    if step.same_as is not None:
        message.same_as = step.same_as
    if target is not None:
        results.append(target)
        message.target_status = STATUS_OF[target.verdict]
        message.target_message = target.message
        message.targets = _objects(answer, target, with_masks)
    if destination is not None:
        message.destination_kind = destination.kind
        if destination.same_as is not None:
            message.destination_same_as = destination.same_as
        if destination.anchors:
            results += destination.anchors
            worst_one = _worst(destination.anchors)
            message.destination_status = STATUS_OF[worst_one.verdict]
            message.destination_message = worst_one.message
        for anchor in destination.anchors:
            message.destinations += _objects(answer, anchor, with_masks)
        _fill_places(message, answer, destination.places)
    unclear = _worst(results) if results else None
    if unclear is not None and unclear.verdict is not Verdict.FOUND:
        message.message = unclear.message
    elif destination is not None and destination.reason:
        message.message = f"No place point: {destination.reason}."
    else:
        message.message = description
    return message


def _objects(answer: Answer, result: ReferringResult, with_masks: bool) -> list[CandidateMessage]:
    return [to_candidate(each, answer, True, with_masks) for each in objects_of(result)]


def _worst(results: Sequence[ReferringResult]) -> ReferringResult:
    verdict = worst(result.verdict for result in results)
    return next(result for result in results if result.verdict is verdict)


def _fill_places(message: InstructionStep, answer: Answer, places: Sequence[PlacePoint]) -> None:
    if not places:
        return
    pose, first = answer.camera_pose, places[0]
    message.places = [to_point(place.point, pose) for place in places]
    message.has_place = True
    message.place.header, message.place.point = metric_header(answer), message.places[0]
    message.place_normal = to_normal(first.normal, pose)
    message.place_height, message.place_pixel = float(first.height), to_pixel(first.pixel)


def mask_image(answer: Answer) -> Image:
    """Return the mask as mono8 with the image's header."""
    return to_mask(answer.result.mask, answer.header)


def overlay_image(answer: Answer) -> Image:
    """Return the image with the answer drawn into it, as rgb8 with the image's header."""
    text = answer.instruction.instruction.text
    picture = overlay.draw_answer(answer.frame.rgb, answer.instruction, text)
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


def to_pixel(pixel: Pixel) -> PixelMessage:
    """Convert a pixel (x, y)."""
    x, y = pixel
    return PixelMessage(x=float(x), y=float(y))

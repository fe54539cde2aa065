"""The answer to a request, or its refusal, before conversion to messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from std_msgs.msg import Header

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.msg import RequestResult
from zsris_ros.referring.objects.object_geometry import Extent
from zsris_ros.types import (
    BoolArray,
    Candidate,
    Frame,
    InstructionResult,
    ReferringResult,
    Verdict,
)

Status = RequestResult
STATUS_OF = {
    Verdict.FOUND: Status.FOUND,
    Verdict.AMBIGUOUS: Status.AMBIGUOUS,
    Verdict.NOT_FOUND: Status.NOT_FOUND,
}


class Refusal(Exception):
    """A request without an answer: a status of RequestResult and the message for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class ReplyOptions:
    """The requested parts of an answer: the number of candidates, and masks."""

    max_candidates: int
    mask: bool = False
    candidate_masks: bool = False


@dataclass(frozen=True, eq=False)
class Answer:
    """The result of a request about one frame.

    Attributes:
        instruction: The steps; one for an expression.
        frame: The frame.
        masks: Masks of all proposals, bool NxHxW.
        header: Header of the frame's image message.
        cache_hit: Whether the frame's scene was cached.
        note: Why metres or fresh images are missing; "" in most cases.
        timings: Milliseconds by stage.
        extents: Extents of the objects of all steps in the optical frame, by candidate index.
        on_support: Whether the boxes are aligned with a support plane.
        frame_id: Frame of the metric values; "" for the optical frame.
        camera_pose: Pose of the optical frame in ``frame_id``; None for the optical frame.
        no_transform: Whether the metres were dropped, because ``camera_pose`` is unknown.
        request_id: The number of the request.
        seconds: From the arrival of the request to the answer.
    """

    instruction: InstructionResult
    frame: Frame
    masks: BoolArray
    header: Header
    cache_hit: bool
    note: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)
    extents: Mapping[int, Extent] = field(default_factory=dict)
    on_support: bool = False
    frame_id: str = ""
    camera_pose: Pose | None = None
    no_transform: bool = False
    request_id: int = 0
    seconds: float = 0.0

    @property
    def status(self) -> int:
        """The status of RequestResult, about the objects of the first step."""
        return self._status_of(self.result.verdict)

    @property
    def instruction_status(self) -> int:
        """The worst status of all objects of all steps."""
        return self._status_of(self.instruction.verdict)

    def _status_of(self, verdict: Verdict) -> int:
        lost = verdict is Verdict.FOUND and self.no_transform
        return Status.NO_TRANSFORM if lost else STATUS_OF[verdict]

    @property
    def sentence(self) -> str:
        """The message of the instruction with the note."""
        message = self.instruction.message
        return f"{message.rstrip('.')}; {self.note}" if self.note else message

    @property
    def has_metres(self) -> bool:
        """Whether a candidate has a centroid, or a destination a place point."""
        found = (c for result in results_of(self.instruction) for c in result.candidates)
        return self.instruction.place is not None or any(c.centroid is not None for c in found)

    def without_metres(self, reason: str) -> Answer:
        """Return the answer without metric values, because the transform is missing."""
        return replace(
            self,
            instruction=_without_metres(self.instruction, reason),
            frame=replace(self.frame, intrinsics=None),
            extents={index: replace(each, box=None) for index, each in self.extents.items()},
            note="; ".join(filter(None, (self.note, reason))),
            no_transform=True,
        )

    @property
    def result(self) -> ReferringResult:
        """The verdict and candidates of the first step's objects."""
        return self.instruction.target

    @property
    def text(self) -> str:
        """The expression or instruction as sent."""
        return self.instruction.instruction.text

    @property
    def objects(self) -> tuple[Candidate, ...]:
        """The candidates of the result's verdict; see ``objects_of``."""
        return objects_of(self.result)


@dataclass(frozen=True, eq=False)
class Reply:
    """An answer and its message for the client and ``~/result``."""

    answer: Answer
    outcome: RequestResult


def objects_of(result: ReferringResult) -> tuple[Candidate, ...]:
    """Return the selected candidates, or the best one without any; () for NOT_FOUND."""
    if result.verdict is Verdict.NOT_FOUND:
        return ()
    return result.selected or result.candidates[:1]


def results_of(instruction: InstructionResult) -> Iterator[ReferringResult]:
    """Yield the results of all noun phrases, those of a step's objects before its destination's."""
    for step in instruction.steps:
        if step.target is not None:
            yield step.target
        if step.destination is not None:
            yield from step.destination.anchors


def _without_metres(instruction: InstructionResult, reason: str) -> InstructionResult:
    """Return the instruction's result without centroids and place points."""

    def plain(result: ReferringResult) -> ReferringResult:
        candidates = tuple(replace(each, centroid=None) for each in result.candidates)
        return replace(result, candidates=candidates)

    steps = []
    for step in instruction.steps:
        destination = step.destination
        if destination is not None:
            anchors = tuple(plain(each) for each in destination.anchors)
            destination = replace(
                destination, anchors=anchors, places=(), reason=destination.reason or reason
            )
        target = None if step.target is None else plain(step.target)
        steps.append(replace(step, target=target, destination=destination))
    return replace(instruction, steps=tuple(steps))

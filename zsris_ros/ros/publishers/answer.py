"""The answer to a request, or its refusal, before conversion to messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from std_msgs.msg import Header

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.referring.object_geometry import Extent
from zsris_ros.srv import ReferSegment
from zsris_ros.types import BoolArray, Candidate, Frame, ReferringResult, Verdict

Status = ReferSegment.Response
STATUS_OF = {
    Verdict.FOUND: Status.FOUND,
    Verdict.AMBIGUOUS: Status.AMBIGUOUS,
    Verdict.NOT_FOUND: Status.NOT_FOUND,
}


class Refusal(Exception):
    """A request without an answer: a status of ReferSegment and the message for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, eq=False)
class Answer:
    """The result of a request about one frame.

    Attributes:
        result: Verdict and candidates.
        frame: The frame.
        masks: Masks of all proposals, bool NxHxW.
        header: Header of the frame's image message.
        cache_hit: Whether the frame's scene was cached.
        note: Why metres or fresh images are missing; "" in most cases.
        timings: Milliseconds by stage.
        extents: Extents of ``objects`` in the optical frame, by candidate index.
        on_support: Whether the boxes are aligned with a support plane.
        frame_id: Frame of the metric values; "" for the optical frame.
        camera_pose: Pose of the optical frame in ``frame_id``; None for the optical frame.
        text: The expression or instruction as sent.
    """

    result: ReferringResult
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
    text: str = ""

    @property
    def objects(self) -> tuple[Candidate, ...]:
        """The candidates of the verdict; see ``objects_of``."""
        return objects_of(self.result)


def objects_of(result: ReferringResult) -> tuple[Candidate, ...]:
    """Return the selected candidates, or the best one without any; () for NOT_FOUND."""
    if result.verdict is Verdict.NOT_FOUND:
        return ()
    return result.selected or result.candidates[:1]

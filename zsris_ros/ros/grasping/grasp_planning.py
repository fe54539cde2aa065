"""From an answer to a planned grasp, in the worker thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zsris_ros.action import PlanGrasp
from zsris_ros.geometry.oriented_box import Pose, UprightBox
from zsris_ros.grasping import (
    GraspPlan,
    GraspSettings,
    GraspStatus,
    Gripper,
    load_gripper,
)
from zsris_ros.grasping.gripper import gripper_names
from zsris_ros.grasping.surroundings import object_box, placed_box, support_patch
from zsris_ros.ros.publishers.answer import Answer
from zsris_ros.ros.requests.request_handler import STAGES
from zsris_ros.tracing.stages import timed
from zsris_ros.types import DestinationResult, InputError, Verdict

Result = PlanGrasp.Result
STATUS_OF = {
    GraspStatus.PLANNED: Result.FOUND,
    GraspStatus.AMBIGUOUS: Result.AMBIGUOUS,
    GraspStatus.NOT_FOUND: Result.NOT_FOUND,
    GraspStatus.NO_DEPTH: Result.NO_DEPTH,
    GraspStatus.NO_SUPPORT: Result.NO_SUPPORT,
    GraspStatus.NO_GRASP: Result.NO_GRASP,
    GraspStatus.SEVERAL: Result.SEVERAL,
}
GRASPS = "grasps"
PLAN_STAGES = (*STAGES, GRASPS)
"""The stages of a plan in order."""


@dataclass(frozen=True, eq=False)
class PlannedGrasp:
    """A plan, and the answer that it is about.

    Attributes:
        answer: In the frame that the plan's messages shall have.
        plan: In the camera's optical frame, as all of the following.
        gripper: The gripper.
        settings: The planner's settings.
        box: Box of the completed object; None without a support.
        support: Visible part of the support, with height 0; None without a support.
        place: Pose of the box's centre after placing; None without a place point.
        note: Why there is no place point; "" without a destination.
        timings: Milliseconds by stage, the answer's included.
    """

    answer: Answer
    plan: GraspPlan
    gripper: Gripper
    settings: GraspSettings
    box: UprightBox | None = None
    support: UprightBox | None = None
    place: Pose | None = None
    note: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The status of PlanGrasp."""
        return int(STATUS_OF[self.plan.status])

    @property
    def message(self) -> str:
        """The plan's sentence, and why there is no place point."""
        return " ".join(filter(None, (self.plan.message, self.note)))


def choose_gripper(requested: str, parameter: str) -> Gripper:
    """Return a gripper by the name in a goal, or by the node's parameter ``gripper``.

    A goal cannot name a file: clients must not choose a path that the node reads.

    Raises:
        InputError: There is no such gripper, or the parameter's file is unusable.
    """
    if not requested or requested == Path(parameter).stem:
        return load_gripper(parameter)
    if requested not in gripper_names():
        raise InputError(
            f"no gripper is called '{requested}'; there are {', '.join(gripper_names())}, and a "
            "file of your own is set with the node's parameter gripper"
        )
    return load_gripper(requested)


def plan_for(
    answer: Answer,
    gripper: Gripper,
    count: int = 0,
) -> PlannedGrasp:
    """Plan grasps for the object of an answer; of an instruction, with the place of its first step.

    Args:
        answer: In the frame that the plan's messages shall have.
        gripper: See `choose_gripper`.
        count: Candidates wanted; the planner's own number where larger.
    """
    settings = GraspSettings(count=max(count, GraspSettings.count))
    timings = dict(answer.timings)
    with timed(timings, GRASPS):
        plan = _plan(answer, gripper, settings)
    planned = PlannedGrasp(answer, plan, gripper, settings, timings=timings)
    box = object_box(plan)
    if plan.support is None or box is None:
        return planned
    patch = support_patch(answer.frame, answer.result.mask, plan.support)
    place, note = _place(box, answer.instruction.destination_of(0))
    return PlannedGrasp(answer, plan, gripper, settings, box, patch, place, note, timings)


def _place(box: UprightBox, destination: DestinationResult | None) -> tuple[Pose | None, str]:
    """Return the box's pose at a destination that is clear, or why there is none."""
    if destination is None:
        return None, ""
    unclear = [each for each in destination.anchors if each.verdict is Verdict.AMBIGUOUS]
    if unclear:
        return None, f"No place point: {unclear[0].message}"
    if destination.place is None:
        return None, f"No place point: {destination.reason}."
    return placed_box(box, destination.place.point, destination.place.normal), ""


def _plan(answer: Answer, gripper: Gripper, settings: GraspSettings) -> GraspPlan:
    from zsris_ros.grasping import plan_grasps_for  # here, because it imports SciPy

    try:
        return plan_grasps_for(answer.result, answer.frame, gripper, settings)
    except InputError as error:
        if answer.frame.has_geometry:
            raise
        reason = f": {answer.note}" if answer.note else ""
        return GraspPlan(GraspStatus.NO_DEPTH, f"Nothing is grasped, {error}{reason}.")

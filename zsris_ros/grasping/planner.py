"""Plan grasps for one object of a frame: observe, complete, draft, check, rank."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from zsris_ros.geometry.oriented_box import Pose
from zsris_ros.grasping.candidates import cup_candidates, jaw_candidates
from zsris_ros.grasping.completion import complete
from zsris_ros.grasping.gripper import Gripper, ParallelJaw
from zsris_ros.grasping.observation import Observation, Refused, observe
from zsris_ros.grasping.plan import (
    DoubleArray,
    GraspCandidate,
    GraspPlan,
    GraspSettings,
    GraspStatus,
)
from zsris_ros.tracing.stages import timed
from zsris_ros.types import BoolArray, Frame, ReferringResult, Verdict


def plan_grasps_for(
    result: ReferringResult,
    frame: Frame,
    gripper: Gripper,
    settings: GraspSettings | None = None,
) -> GraspPlan:
    """Plan grasps for the object that an expression means.

    Args:
        result: The answer to the expression.
        frame: The frame that the answer is about, with depth and intrinsics.
        gripper: See `load_gripper`.
        settings: The planner's settings; defaults where None.

    Returns:
        The plan. Only the verdict FOUND, for one object, is planned for: the status is AMBIGUOUS,
        NOT_FOUND or SEVERAL otherwise, with a sentence and no candidate.

    Example:
        >>> result = segmenter.refer(segmenter.look(frame), "the red mug")
        >>> plan = plan_grasps_for(result, frame, load_gripper("panda"))
        >>> plan.best.pose if plan.best else plan.message
    """
    if result.verdict is Verdict.AMBIGUOUS:
        return GraspPlan(GraspStatus.AMBIGUOUS, f"Nothing is grasped: {result.message}")
    if result.verdict is Verdict.NOT_FOUND:
        return GraspPlan(GraspStatus.NOT_FOUND, f"Nothing is grasped: {result.message}")
    if len(result.selected) > 1:
        return GraspPlan(
            GraspStatus.SEVERAL,
            f"The expression means {len(result.selected)} objects: ask for one at a time.",
        )
    return plan_grasps(frame, result.mask, gripper, settings)


def plan_grasps(
    frame: Frame, mask: BoolArray, gripper: Gripper, settings: GraspSettings | None = None
) -> GraspPlan:
    """Plan grasps for the object under a mask.

    Args:
        frame: A frame with depth and intrinsics.
        mask: bool HxW, the object's pixels.
        gripper: See `load_gripper`.
        settings: The planner's settings; defaults where None.

    Returns:
        The plan, in the optical frame of the camera.

    Raises:
        InputError: The frame has no depth or intrinsics, or the mask has another size.
    """
    settings = settings or GraspSettings()
    timings: dict[str, float] = {}
    try:
        with timed(timings, "observe"):
            seen = observe(frame, mask, settings)
    except Refused as refusal:
        return GraspPlan(refusal.status, str(refusal), timings=timings)
    with timed(timings, "complete"):
        shape = complete(seen)
    rejected: Counter[str] = Counter()
    if isinstance(gripper, ParallelJaw):
        found = jaw_candidates(seen, shape, gripper, settings, rejected, timings)
    else:
        with timed(timings, "suction"):
            found = cup_candidates(seen, shape, gripper, settings, rejected)
    ranked = sorted(found, key=lambda each: -each.quality)[: settings.count]
    plan = GraspPlan(
        status=GraspStatus.PLANNED,
        message="",
        candidates=tuple(_in_camera(seen.support, each) for each in ranked),
        rejected=dict(rejected.most_common()),
        completion=shape.assumption,
        object_points=_cloud(seen, shape.points[: shape.visible]),
        completed_points=_cloud(seen, shape.points[shape.visible :]),
        scene_points=_cloud(seen, seen.scene),
        support=seen.support,
        extent=tuple(shape.extent.tolist()),
        timings=timings,
    )
    return replace(plan, status=_status(plan), message=_message(plan, gripper))


def _status(plan: GraspPlan) -> GraspStatus:
    return GraspStatus.PLANNED if plan.candidates else GraspStatus.NO_GRASP


def _message(plan: GraspPlan, gripper: Gripper) -> str:
    best = plan.best
    if best is None:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in plan.rejected.items())
        return f"The gripper {gripper.name} finds no grasp: {reasons or 'no surface to hold'}."
    where = {"above": "from above", "tilted": "at a slant", "side": "from the side"}[best.approach]
    size = f", {best.width * 1000:.0f} mm wide" if best.kind != "suction" else ""
    return (
        f"Grasp {best.kind} {where}{size}, quality {best.quality:.2f}; "
        f"{len(plan.candidates)} candidates."
    )


def _in_camera(support: Pose, candidate: GraspCandidate) -> GraspCandidate:
    return replace(candidate, pose=support.transform_pose(candidate.pose))


def _cloud(seen: Observation, points: DoubleArray) -> np.ndarray:
    return seen.support.transform_points(points).astype(np.float32)

"""Grasps of boxes and cups whose geometry is known exactly."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support.grasp_scenes import BoxOnTable, CupOnTable, cast, to_world

from zsris_ros.grasping import (
    GraspSettings,
    GraspStatus,
    ParallelJaw,
    SuctionCup,
    load_gripper,
    plan_grasps,
    plan_grasps_for,
)
from zsris_ros.grasping.candidates import HITS_OBJECT, HITS_SCENE, combine
from zsris_ros.types import Candidate, Expression, Frame, InputError, ReferringResult, Verdict

PANDA = load_gripper("panda")
BOX = BoxOnTable((0.0, 0.0), (0.05, 0.09, 0.07))


def test_a_box_is_grasped_from_above_across_its_narrow_side() -> None:
    frame, (mask,) = cast(BOX)
    plan = plan_grasps(frame, mask, PANDA)
    assert plan.status is GraspStatus.PLANNED
    best = plan.best
    assert best is not None
    assert best.approach == "above" and best.kind == "across"
    assert best.width == pytest.approx(0.05, abs=0.008)
    assert best.opening > best.width
    position = to_world(np.array([best.pose.position]))[0]
    assert np.hypot(*position[:2]) < 0.015
    assert 0.01 < position[2] < 0.07
    axes = to_world(best.pose.axes.T) - to_world(np.zeros((1, 3)))
    np.testing.assert_allclose(axes[2], [0, 0, -1], atol=0.02)
    assert abs(axes[1][0]) > 0.9


def test_grasps_move_with_the_object() -> None:
    rng = np.random.default_rng(5)
    poses = [(rng.uniform(-0.5, 0.5), rng.uniform(-0.05, 0.05, 2)) for _ in range(9)]
    for yaw, (x, y) in [*poses, (0.188, (-0.011, -0.036))]:  # a side that is hardly seen
        frame, (mask,) = cast(BOX, yaw=yaw, shift=(x, y))
        best = plan_grasps(frame, mask, PANDA).best
        assert best is not None
        position = to_world(np.array([best.pose.position]))[0]
        closing = (to_world(best.pose.axes.T) - to_world(np.zeros((1, 3))))[1]
        along = abs(closing[:2] @ np.array([np.cos(yaw), np.sin(yaw)]))
        assert np.hypot(position[0] - x, position[1] - y) < 0.035
        assert along > np.cos(np.radians(24))
        assert best.approach == "above" and best.kind == "across"


def test_a_pose_is_a_right_handed_rotation_and_the_pregrasp_lies_behind_it() -> None:
    frame, (mask,) = cast(BOX)
    plan = plan_grasps(frame, mask, PANDA)
    for candidate in plan.candidates:
        axes = candidate.pose.axes
        np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-9)
        assert np.linalg.det(axes) == pytest.approx(1)
        back = np.subtract(candidate.pose.position, candidate.pregrasp.position)
        np.testing.assert_allclose(back, 0.1 * axes[:, 2], atol=1e-9)
        assert set(candidate.terms) == set(GraspSettings().weights)
        assert all(0 <= term <= 1 for term in candidate.terms.values())
        assert candidate.quality == pytest.approx(combine(candidate.terms, GraspSettings().weights))
    qualities = [candidate.quality for candidate in plan.candidates]
    assert qualities == sorted(qualities, reverse=True)


def test_no_grasp_is_wider_than_the_gripper() -> None:
    wide = BoxOnTable((0.0, 0.0), (0.12, 0.13, 0.05))
    frame, (mask,) = cast(wide)
    plan = plan_grasps(frame, mask, PANDA)
    assert plan.status is GraspStatus.NO_GRASP
    assert plan.rejected["wider than 0.08 m"] > 0
    assert "wider than 0.08 m" in plan.message
    assert isinstance(PANDA, ParallelJaw)
    wider = dataclasses.replace(PANDA, opening=0.15)
    grasps = plan_grasps(frame, mask, wider).candidates
    assert grasps
    assert all(grasp.opening <= 0.15 for grasp in grasps)


def test_a_wall_beside_the_object_removes_the_grasps_that_hit_it() -> None:
    alone, (mask,) = cast(BOX)
    wall = BoxOnTable((0.039, 0.0), (0.01, 0.2, 0.09))
    frame, (mask_beside, _) = cast(BOX, wall)
    free = plan_grasps(alone, mask, PANDA)
    beside = plan_grasps(frame, mask_beside, PANDA)
    assert free.rejected.get(HITS_SCENE, 0) == 0
    assert beside.rejected[HITS_SCENE] > 0
    for candidate in beside.candidates:
        assert isinstance(PANDA, ParallelJaw)
        for finger in PANDA.fingers(candidate.opening):
            corners = np.array([finger.low, finger.high])
            spread = np.array([[a, b, c] for a in corners[:, 0] for b in corners[:, 1]
                               for c in corners[:, 2]])  # fmt: skip
            points = to_world(candidate.pose.transform_points(spread))
            inside = (np.abs(points[:, 0] - 0.039) < 0.005) & (points[:, 2] < 0.09)
            assert not (inside & (np.abs(points[:, 1]) < 0.1)).any()


def test_a_wide_cup_is_grasped_at_its_rim() -> None:
    frame, (mask,) = cast(CupOnTable((0.0, 0.0), 0.055, 0.08))
    plan = plan_grasps(frame, mask, PANDA)
    best = plan.best
    assert best is not None, plan.message
    assert best.kind == "rim"
    assert best.width < 0.02
    position = to_world(np.array([best.pose.position]))[0]
    assert np.hypot(*position[:2]) == pytest.approx(0.053, abs=0.012)


def test_the_unseen_side_is_completed_by_symmetry() -> None:
    frame, (mask,) = cast(CupOnTable((0.0, 0.0), 0.035, 0.10))
    plan = plan_grasps(frame, mask, PANDA)
    assert plan.completion == "mirror"
    added = to_world(plan.completed_points)
    outside = np.hypot(added[:, 0], added[:, 1])
    assert np.percentile(np.abs(outside - 0.033), 90) < 0.008
    low = added[added[:, 2] < 0.05]
    assert low[:, 1].max() == pytest.approx(0.033, abs=0.004)


@pytest.mark.parametrize("height", [0.012, 0.03])
@pytest.mark.parametrize("yaw", [0.3, 0.8, 1.3])
def test_a_flat_object_is_completed_in_place(height: float, yaw: float) -> None:
    """No assumed point lies where the picture shows the table, and no far side is missing."""
    length, width = 0.12, 0.05
    frame, (mask,) = cast(BoxOnTable((0.0, 0.0), (length, width, height)), yaw=yaw)
    plan = plan_grasps(frame, mask, PANDA)
    points = to_world(np.vstack([plan.object_points, plan.completed_points]))
    along = np.array([np.cos(yaw), np.sin(yaw)])
    own = points[:, :2] @ np.stack([along, [-along[1], along[0]]], axis=1)
    assert (np.abs(own).max(axis=0) < [length / 2 + 0.006, width / 2 + 0.006]).all()
    extent = np.ptp(own, axis=0)
    np.testing.assert_allclose(extent, (length, width), atol=0.014)
    assert plan.best is not None
    assert plan.best.width == pytest.approx(width, abs=0.015)


def test_suction_holds_the_top_of_a_box() -> None:
    cup = load_gripper("suction_30mm")
    assert isinstance(cup, SuctionCup)
    frame, (mask,) = cast(BOX)
    best = plan_grasps(frame, mask, cup).best
    assert best is not None
    assert best.kind == "suction" and best.width == 0
    position = to_world(np.array([best.pose.position]))[0]
    assert position[2] == pytest.approx(0.07, abs=0.004)
    approach = (to_world(best.pose.axes.T) - to_world(np.zeros((1, 3))))[2]
    assert approach[2] < -0.98


def test_a_cup_s_mount_stays_clear_of_the_walls_around_a_patch() -> None:
    cup = load_gripper("suction_30mm")
    assert isinstance(cup, SuctionCup)
    frame, (mask,) = cast(CupOnTable((0.0, 0.0), 0.055, 0.07))
    plan = plan_grasps(frame, mask, cup)
    assert plan.rejected[HITS_OBJECT] > 0
    for candidate in plan.candidates:
        corner = candidate.pose.transform_points(np.array(cup.body().high))
        x, y, z = to_world(corner[None])[0]
        assert z > 0.07 or np.hypot(x, y) < 0.052


def test_suction_finds_no_flat_patch_on_a_thin_bar() -> None:
    frame, (mask,) = cast(BoxOnTable((0.0, 0.0), (0.012, 0.12, 0.02)))
    plan = plan_grasps(frame, mask, load_gripper("suction_30mm"))
    assert plan.status is GraspStatus.NO_GRASP
    assert "no flat patch" in plan.message


def test_too_little_depth_is_refused_with_a_remedy() -> None:
    frame, (mask,) = cast(BOX)
    assert frame.depth is not None
    depth = np.where(mask, np.float32(np.nan), frame.depth).astype(np.float32)
    plan = plan_grasps(Frame(frame.rgb, depth, frame.intrinsics), mask, PANDA)
    assert plan.status is GraspStatus.NO_DEPTH
    assert not plan.candidates
    assert "Move the camera closer" in plan.message


def test_without_a_support_nothing_is_planned() -> None:
    frame, (mask,) = cast(BOX)
    assert frame.depth is not None
    depth = np.where(mask, frame.depth, np.float32(np.nan)).astype(np.float32)
    plan = plan_grasps(Frame(frame.rgb, depth, frame.intrinsics), mask, PANDA)
    assert plan.status is GraspStatus.NO_SUPPORT
    assert "table" in plan.message


def test_a_frame_without_depth_or_of_another_size_is_an_error() -> None:
    frame, (mask,) = cast(BOX)
    with pytest.raises(InputError, match="depth and intrinsics"):
        plan_grasps(Frame(frame.rgb), mask, PANDA)
    with pytest.raises(InputError, match="does not fit"):
        plan_grasps(frame, mask[::2], PANDA)


def answer(verdict: Verdict, selected: int) -> tuple[ReferringResult, Frame]:
    frame, (mask,) = cast(BOX)
    candidates = tuple(
        Candidate(index, 0.9, (0, 0, 1, 1), (0, 0), selected=index < selected) for index in range(2)
    )
    expression = Expression("the box", "the box", "box")
    return ReferringResult(verdict, expression, candidates, mask, "Which one?", ""), frame


@pytest.mark.parametrize(
    ("verdict", "selected", "status"),
    [
        (Verdict.AMBIGUOUS, 2, GraspStatus.AMBIGUOUS),
        (Verdict.NOT_FOUND, 0, GraspStatus.NOT_FOUND),
        (Verdict.FOUND, 2, GraspStatus.SEVERAL),
    ],
)
def test_only_one_found_object_is_grasped(
    verdict: Verdict, selected: int, status: GraspStatus
) -> None:
    result, frame = answer(verdict, selected)
    plan = plan_grasps_for(result, frame, PANDA)
    assert plan.status is status
    assert plan.best is None
    assert plan.message.endswith((".", "?"))


def test_the_found_object_is_planned_for() -> None:
    result, frame = answer(Verdict.FOUND, 1)
    assert plan_grasps_for(result, frame, PANDA).status is GraspStatus.PLANNED


def test_one_bad_term_lowers_the_quality_to_zero() -> None:
    weights = {"a": 0.5, "b": 0.5}
    assert combine({"a": 1.0, "b": 1.0}, weights) == 1
    assert combine({"a": 0.25, "b": 1.0}, weights) == pytest.approx(0.5)
    assert combine({"a": 0.0, "b": 1.0}, weights) == 0


def test_the_front_of_a_wide_cylinder_is_no_grasp() -> None:
    frame, (mask,) = cast(CupOnTable((0.0, 0.0), 0.045, 0.14, wall=0.045))
    plan = plan_grasps(frame, mask, PANDA)
    assert plan.status is GraspStatus.NO_GRASP, plan.message

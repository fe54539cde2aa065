"""Drafts of a parallel jaw on surfaces that are known exactly, and the samples that collide."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from zsris_ros.grasping import GraspSettings, ParallelJaw, load_gripper
from zsris_ros.grasping.collision import ObstacleMap, box_samples, lower_samples
from zsris_ros.grasping.completion import CompletedObject
from zsris_ros.grasping.parallel_jaw import SLIPPERY, GraspDraft, draft_grasps, wider_than

DoubleArray = npt.NDArray[np.float64]

SETTINGS = GraspSettings()
CONE = float(np.arctan(SETTINGS.friction))


@pytest.fixture
def panda() -> ParallelJaw:
    gripper = load_gripper("panda")
    assert isinstance(gripper, ParallelJaw)
    return gripper


def turned_solid(low: float, high: float, height: float, yaw: float = 0.0) -> CompletedObject:
    """The side of an upright frustum with radius ``low`` at the bottom and ``high`` at the top."""
    angle, level = (grid.ravel() for grid in np.meshgrid(
        np.arange(0, 2 * np.pi, 0.07) + yaw, np.linspace(0.002, height, 24)))  # fmt: skip
    radius = low + (high - low) * level / height
    out = np.stack([np.cos(angle), np.sin(angle), np.full_like(angle, (low - high) / height)], -1)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), level], axis=-1)
    normals = out / np.linalg.norm(out, axis=1, keepdims=True)
    return CompletedObject(points, normals, len(points) // 2, "mirror", 0.001)


def both_walls(outer: CompletedObject, wall: float) -> CompletedObject:
    """A tube with this outer side and the inner side of a wall."""
    inward = outer.points - wall * outer.normals
    return CompletedObject(
        np.vstack([outer.points, inward]),
        np.vstack([outer.normals, -outer.normals]),
        2 * len(outer.points),
        "mirror",
        outer.resolution,
    )


def test_a_cylinder_is_held_across_at_its_own_width(panda: ParallelJaw) -> None:
    rejected: Counter[str] = Counter()
    shape = turned_solid(0.03, 0.03, 0.1)
    drafts = draft_grasps(shape, panda, SETTINGS, rejected, from_above=True)
    middle = [draft for draft in drafts if np.hypot(*draft.position[:2]) < 0.004]
    assert len(middle) >= 12, "each of 12 closing axes, at one depth or more"
    for draft in middle:
        assert draft.kind == "across" and draft.approach == "above"
        assert draft.width == pytest.approx(0.062, abs=0.002), "twice the resolution is added"
        assert draft.antipodality > 0.8
        assert draft.inner == (False, False)
        tips = draft.position[2] - panda.tip
        assert SETTINGS.support_clearance - 1e-9 <= tips < 0.1
    assert not rejected[wider_than(panda)]


def test_a_side_approach_keeps_the_closing_axis_level(panda: ParallelJaw) -> None:
    shape = turned_solid(0.03, 0.03, 0.1)
    drafts = draft_grasps(shape, panda, SETTINGS, Counter(), from_above=False)
    sides = [draft for draft in drafts if draft.approach == "side"]
    assert sides
    assert all(abs(draft.axes[2, 1]) < 1e-9 for draft in sides)
    assert {draft.approach for draft in drafts} <= {"side", "tilted"}


def test_a_shape_that_narrows_upwards_slips(panda: ParallelJaw) -> None:
    """The pads touch a cone at their tips only, and push it down."""
    steep, flat = turned_solid(0.036, 0.026, 0.1), turned_solid(0.036, 0.005, 0.03)
    assert draft_grasps(steep, panda, SETTINGS, Counter(), from_above=True)
    rejected: Counter[str] = Counter()
    assert not draft_grasps(flat, panda, SETTINGS, rejected, from_above=True)
    assert rejected[SLIPPERY] > 0


def test_a_ball_almost_as_wide_as_the_jaw_is_held_above_its_equator(panda: ParallelJaw) -> None:
    """Deeper it does not fit between the fingers, and higher up they slip off."""
    radius = 0.037
    polar, around = (grid.ravel() for grid in np.meshgrid(
        np.arange(0.06, np.pi, 0.06), np.arange(0, 2 * np.pi, 0.07)))  # fmt: skip
    normals = np.stack(
        [np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1
    )
    points = radius * normals + np.array([0.0, 0.0, radius])
    ball = CompletedObject(points, normals, len(points) // 2, "mirror", 0.001)
    drafts = draft_grasps(ball, panda, SETTINGS, Counter(), from_above=True)
    middle = [draft for draft in drafts if np.hypot(*draft.position[:2]) < 0.004]
    assert middle
    for draft in middle:
        assert radius < draft.position[2] - panda.tip < 1.3 * radius
        assert 0.070 < draft.width <= panda.opening - 2 * SETTINGS.min_clearance


def test_a_tube_too_wide_for_the_jaw_is_held_at_its_wall(panda: ParallelJaw) -> None:
    rejected: Counter[str] = Counter()
    shape = both_walls(turned_solid(0.06, 0.06, 0.08), 0.004)
    drafts = draft_grasps(shape, panda, SETTINGS, rejected, from_above=True)
    assert rejected[wider_than(panda)] > 0
    assert drafts and {draft.kind for draft in drafts} == {"rim"}
    for draft in drafts:
        assert draft.width < 0.03
        assert sum(draft.inner) >= 1, "one finger goes inside"
        assert np.hypot(*draft.position[:2]) == pytest.approx(0.058, abs=0.012)


def test_drafts_turn_with_the_object(panda: ParallelJaw) -> None:
    """Cuts of different directions do not mix: a fifth of a turn changes nothing but the frame."""
    yaw = 2 * np.pi / 5
    cos, sin = np.cos(yaw), np.sin(yaw)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
    shape = both_walls(turned_solid(0.05, 0.055, 0.07), 0.004)
    shape.points[:, 1] *= 0.7
    turned = CompletedObject(
        shape.points @ turn.T, shape.normals @ turn.T, shape.visible, "mirror", shape.resolution
    )
    straight, across = (
        sorted(draft_grasps(each, panda, SETTINGS, Counter(), True), key=features)
        for each in (shape, turned)
    )
    assert len(straight) == len(across) > 10
    np.testing.assert_allclose(
        [features(draft) for draft in straight], [features(draft) for draft in across], atol=2e-4
    )


def features(draft: GraspDraft) -> tuple[float, ...]:
    """What does not change when object and gripper turn together, coarse values first."""
    away = float(np.hypot(*draft.position[:2]))
    values = (draft.width, away, float(draft.position[2]), draft.antipodality, draft.surface)
    return (*(round(value, 3) for value in values[:3]), *values)


def test_an_object_of_few_points_has_no_drafts(panda: ParallelJaw) -> None:
    points = np.array([[0.0, 0.0, 0.01], [0.03, 0.0, 0.02], [0.0, 0.03, 0.03]])
    shape = CompletedObject(points, np.tile([0.0, 0.0, 1.0], (3, 1)), 3, "none")
    for from_above in (True, False):
        assert draft_grasps(shape, panda, SETTINGS, Counter(), from_above) == []


def test_the_lower_faces_of_a_gripper_suffice_for_collisions(panda: ParallelJaw) -> None:
    """Obstacles are columns: no point of a box hits one unless a point of its underside does."""
    rng = np.random.default_rng(3)
    boxes = [panda.body(), *panda.fingers(0.05)]
    every = np.vstack([box_samples(box, 0.006) for box in boxes])
    missed = hits = 0
    for _ in range(150):
        scene = np.column_stack([rng.uniform(-0.15, 0.15, (40, 2)), rng.uniform(0, 0.2, 40)])
        heights = ObstacleMap.of(scene)
        approach = rng.normal(size=3) * (0.7, 0.7, 0.2) - (0, 0, 1)
        axes = np.linalg.qr(np.stack([approach, *rng.normal(size=(2, 3))], axis=1))[0]
        z = axes[:, 0] * -np.sign(axes[2, 0])
        axes = np.stack([axes[:, 1], np.cross(z, axes[:, 1]), z], axis=1)
        lower = np.vstack(lower_samples(boxes, 0.006, upright=False))
        lower[:, :2] *= np.where(axes[2, :2] > 0, -1.0, 1.0)
        position = rng.uniform((-0.1, -0.1, 0.05), (0.1, 0.1, 0.25))
        whole, under = (heights.hits(each @ axes.T + position).any() for each in (every, lower))
        assert not under or whole
        hits += int(whole)
        missed += int(whole and not under)
    assert hits > 30
    assert missed <= 0.02 * hits, "samples of an underside lie a little apart"


def test_an_upright_gripper_needs_its_underside_only(panda: ParallelJaw) -> None:
    scene = np.random.default_rng(4).uniform((-0.1, -0.1, 0), (0.1, 0.1, 0.08), (200, 3))
    heights = ObstacleMap.of(scene)
    boxes = [panda.body(), *panda.fingers(0.04)]
    every = np.vstack([box_samples(box, 0.008) for box in boxes])
    lower = np.vstack(lower_samples(boxes, 0.008, upright=True))
    assert len(lower) < len(every) / 4
    down = np.diag([1.0, -1.0, -1.0])
    outcomes = set()
    for x in np.linspace(-0.2, 0.2, 41):
        whole, under = (
            heights.hits(each @ down.T + (x, 0.0, 0.05)).any() for each in (every, lower)
        )
        assert whole == under
        outcomes.add(bool(whole))
    assert outcomes == {True, False}

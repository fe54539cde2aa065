"""Boxes and masks of the object and its surroundings, on scenes whose geometry is known."""

from __future__ import annotations

import numpy as np
import pytest
from support.grasp_scenes import BoxOnTable, cast, to_world

from zsris_ros.geometry.oriented_box import Pose, UprightBox
from zsris_ros.geometry.projection import back_project
from zsris_ros.grasping import load_gripper, plan_grasps
from zsris_ros.grasping.surroundings import object_box, placed_box, scene_mask, support_patch

PANDA = load_gripper("panda")
BOX = BoxOnTable((0.0, 0.0), (0.05, 0.09, 0.07), yaw=0.3)
OTHER = BoxOnTable((0.13, 0.02), (0.05, 0.05, 0.05))


def test_the_box_surrounds_the_object_down_to_the_support() -> None:
    frame, (mask, _) = cast(BOX, OTHER)
    box = object_box(plan_grasps(frame, mask, PANDA))
    assert box is not None
    centre = to_world(np.array([box.pose.position]))[0]
    np.testing.assert_allclose(centre, (0.0, 0.0, 0.035), atol=0.008)
    np.testing.assert_allclose(sorted(box.size), (0.05, 0.07, 0.09), atol=0.012)
    foot = box.pose.transform_points(np.array([0, 0, -box.size[2] / 2]))
    assert to_world(foot[None])[0][2] == pytest.approx(0.0, abs=0.003)


def test_the_support_patch_lies_on_the_table_and_holds_the_object() -> None:
    frame, (mask,) = cast(BOX)
    plan = plan_grasps(frame, mask, PANDA)
    assert plan.support is not None
    patch = support_patch(frame, mask, plan.support)
    assert to_world(np.array([patch.pose.position]))[0][2] == pytest.approx(0.0, abs=0.003)
    foot = patch.pose.to_own_axes(np.array(plan.support.position))
    assert (np.abs(foot[:2]) < np.array(patch.size[:2]) / 2).all()
    assert min(patch.size[:2]) > 0.4 and patch.size[2] == 0


def test_the_scene_excludes_only_the_object_and_its_contour() -> None:
    frame, (mask, other) = cast(BOX, OTHER)
    scene = scene_mask(frame, mask)
    assert not (scene & mask).any()
    assert (scene & other).sum() > 0.9 * other.sum()
    assert frame.depth is not None and frame.intrinsics is not None
    points = to_world(back_project(frame.depth, frame.intrinsics)[scene].astype(np.float64))
    inside = (np.abs(points[:, :2]) < 0.03).all(axis=1) & (points[:, 2] > 0.01)
    assert not inside.any()


def test_a_placed_box_stands_on_its_point() -> None:
    up = np.array([0.0, -0.6, -0.8])
    x = np.array([1.0, 0.0, 0.0])
    box = UprightBox(Pose((0, 0, 1), np.stack([x, np.cross(up, x), up], axis=1)), (0.1, 0.2, 0.3))
    pose = placed_box(box, (0.2, 0.1, 0.9), (0.0, -0.6, -0.8))
    np.testing.assert_allclose(pose.axes, box.pose.axes, atol=1e-9)
    low = pose.transform_points(np.array([0, 0, -0.15]))
    np.testing.assert_allclose(low, (0.2, 0.1, 0.9), atol=1e-9)

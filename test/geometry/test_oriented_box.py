"""Poses, and upright boxes of ray-cast objects with known position and size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.depth_scenes import Box, look, on_table, worn

from zsris_ros.geometry.oriented_box import CAMERA_UP, Pose, UprightBox, upright_box
from zsris_ros.referring.objects.object_geometry import Extents
from zsris_ros.types import Frame, InputError, Intrinsics, Proposals, Scene

CAMERA = Intrinsics(fx=100.0, fy=100.0, cx=31.5, cy=23.5)
METRES = st.floats(-2, 2)
QUATERNIONS = st.tuples(METRES, METRES, METRES, METRES).filter(lambda q: np.linalg.norm(q) > 0.1)
POSES = st.builds(Pose.from_quaternion, st.tuples(METRES, METRES, METRES), QUATERNIONS)


@given(POSES)
def test_a_rotation_survives_its_quaternion(pose: Pose) -> None:
    np.testing.assert_allclose(pose.axes @ pose.axes.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(pose.axes) == pytest.approx(1)
    x, y, z, w = pose.quaternion
    assert w >= 0 and np.linalg.norm((x, y, z, w)) == pytest.approx(1)
    np.testing.assert_allclose(
        Pose.from_quaternion(pose.position, (x, y, z, w)).axes, pose.axes, atol=1e-9
    )
    np.testing.assert_allclose(
        Pose.from_quaternion(pose.position, (-x, -y, -z, -w)).axes, pose.axes, atol=1e-9
    )


def test_a_quarter_turn_about_z_takes_x_to_y() -> None:
    turn = Pose.from_quaternion((1.0, 2.0, 3.0), (0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)))
    np.testing.assert_allclose(
        turn.transform_points(np.array([[1.0, 0, 0]])), [[1, 3, 3]], atol=1e-12
    )
    with pytest.raises(InputError, match="no rotation"):
        Pose.from_quaternion((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0))


@given(POSES, POSES, st.tuples(METRES, METRES, METRES))
@settings(max_examples=50)
def test_poses_chain(outer: Pose, inner: Pose, point: tuple[float, float, float]) -> None:
    step_by_step = outer.transform_points(inner.transform_points(np.array(point)))
    np.testing.assert_allclose(
        outer.transform_pose(inner).transform_points(np.array(point)), step_by_step, atol=1e-9
    )


def world_to_camera(eye: tuple[float, float, float]) -> np.ndarray:
    """The rotation of depth_scenes.look."""
    forward = -np.array(eye) / np.linalg.norm(eye)
    right = np.cross(forward, (0, 0, 1))
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])


EYES = st.tuples(st.floats(-0.4, 0.4), st.floats(-0.9, -0.4), st.floats(0.35, 0.8))
SIZES = st.tuples(st.floats(0.04, 0.15), st.floats(0.04, 0.15), st.floats(0.04, 0.15))
PLACES = st.tuples(st.floats(-0.12, 0.12), st.floats(-0.12, 0.12))


def error(
    found: UprightBox, true: Box, eye: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Metres between the centres and between the sizes, and degrees between the sides."""
    to_camera = world_to_camera(eye)
    cos, sin = np.cos(true.yaw), np.sin(true.yaw)
    axes = to_camera @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    aligned = np.abs(found.pose.axes.T @ axes)
    assert aligned[2, 2] > 0.999
    order = [*aligned[:2, :2].argmax(axis=1), 2]
    sizes = np.abs(np.array(found.size) - np.array(true.size)[order]).max()
    centre = to_camera @ (np.array(true.centre) - eye)
    angle = np.degrees(np.arccos(min(1.0, aligned[0, order[0]])))
    return float(np.linalg.norm(np.array(found.pose.position) - centre)), float(sizes), float(angle)


def row_spacing(thing: Box, camera: Intrinsics, eye: tuple[float, float, float]) -> float:
    """Metres between two rows of pixels on the top of a box, which a low camera hardly sees."""
    x, y, z = thing.centre
    offset = np.array([x, y, z + thing.size[2] / 2]) - eye
    distance = float(np.linalg.norm(offset))
    return distance / camera.fy * distance / -float(offset[2])


@given(SIZES, PLACES, st.floats(-3.2, 3.2), EYES)
@settings(max_examples=10)
def test_the_box_of_a_box_is_the_box(
    size: tuple[float, float, float],
    place: tuple[float, float],
    yaw: float,
    eye: tuple[float, float, float],
) -> None:
    thing = on_table(size, *place, yaw)
    frame, masks = look([thing], eye=eye)
    up = tuple(world_to_camera(eye)[:, 2].tolist())
    found = upright_box(masks[0], frame.depth, frame.intrinsics, up)
    centre, sizes, angle = error(found, thing, eye)
    row = row_spacing(thing, frame.intrinsics, eye)
    assert centre < max(0.003, 1.5 * row) and sizes < max(0.005, 3 * row) and angle < 1
    right, away, vertical = found.pose.axes.T
    np.testing.assert_allclose(np.cross(right, away), vertical, atol=1e-9)
    assert right[0] > 0.6 and vertical[1] < 0, "x to the camera's right, z up"


def test_noise_and_a_mask_over_the_edge_move_the_box_by_millimetres() -> None:
    eye = (0.2, -0.6, 0.55)
    thing = on_table((0.12, 0.07, 0.09), 0.05, -0.03, 0.5)
    frame, masks = look([thing], eye=eye)
    frame, masks = worn(frame, masks, seed=3)
    wide = cv2.dilate(masks[0].astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    depth = frame.depth.copy()
    rim = np.argwhere(wide & ~masks[0])
    depth[tuple(rim[::4].T)] = 4.0  # mixed pixels: far behind
    depth[tuple(rim[1::4].T)] = 0.3  # and in front
    up = tuple(world_to_camera(eye)[:, 2].tolist())
    found = upright_box(wide, depth, frame.intrinsics, up)
    centre, sizes, angle = error(found, thing, eye)
    assert centre < 0.006 and sizes < 0.010 and angle < 3


def test_a_box_seen_from_its_corner_alone_gets_both_its_sides() -> None:
    """No top is seen: of the two sides only the directions tell how the box stands."""
    thing = Box((0.0, 0.0, 0.0), (0.2, 0.1, 0.3), 0.6)
    eye = (0.0, -1.0, 0.001)
    frame, masks = look([thing], eye=eye)
    mask = masks[0].copy()
    mask[frame.height // 2 :] = False  # above the table
    found = upright_box(mask, frame.depth, frame.intrinsics)
    assert found.size[:2] == pytest.approx((0.2, 0.1), abs=0.006)


def test_up_may_be_any_direction_and_depth_may_be_missing() -> None:
    depth = np.full((48, 64), 1.0, np.float32)
    mask = np.zeros(depth.shape, bool)
    mask[10:31, 20:31] = True
    for up in (CAMERA_UP, (1.0, 0.0, 0.0), (0.0, 0.0, -2.0)):
        found = upright_box(mask, depth, CAMERA, up)
        assert found is not None
        assert sorted(found.size) == pytest.approx([0.0, 0.1, 0.2], abs=0.002)
        np.testing.assert_allclose(found.pose.axes[:, 2], np.array(up) / np.linalg.norm(up))
    depth[mask] = np.nan
    assert upright_box(mask, depth, CAMERA) is None
    depth[20, 25] = 0.5
    single = upright_box(mask, depth, CAMERA)
    assert single.size == (0.0, 0.0, 0.0)
    assert upright_box(np.zeros_like(mask), depth, CAMERA) is None
    with pytest.raises(InputError, match="does not fit"):
        upright_box(mask[1:], depth, CAMERA)


def scene_of(frame: Frame, masks: np.ndarray) -> Scene:
    count = len(masks)
    boxes, quality = np.zeros((count, 4), np.float32), np.ones(count, np.float32)
    proposals = Proposals(masks, boxes, quality, ("depth",) * count)
    nothing = np.zeros((count, 3), np.float32)
    return Scene(frame, proposals, nothing, nothing[:, :2], nothing)


def test_extents_of_a_scene_stand_on_the_support() -> None:
    eye = (-0.1, -0.7, 0.5)
    things = [on_table((0.1, 0.06, 0.08), -0.1, 0.0, 0.4), on_table((0.05, 0.05, 0.12), 0.1, 0.05)]
    frame, masks = look(things, eye=eye)
    extents = Extents(scene_of(frame, masks))
    assert extents.up == pytest.approx(tuple(world_to_camera(eye)[:, 2]), abs=0.01)
    for index, thing in enumerate(things):
        found = extents[index]
        assert found.box is not None and found.valid_depth == 1.0
        assert max(error(found.box, thing, eye)[:2]) < 0.005
        x, y = found.inside_pixel
        assert masks[index][int(y), int(x)]
    flat = Extents(scene_of(Frame(frame.rgb), masks))
    assert flat.up is None and flat[0].box is None and flat[0].valid_depth == 0.0

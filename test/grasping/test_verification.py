"""Taken or not, on ray-cast pictures before and after."""

from __future__ import annotations

import numpy as np
import pytest
from support.grasp_scenes import BoxOnTable, CupOnTable, cast

from zsris_ros.grasping.verification import ObjectView, Taken, TakenCheck, check_taken
from zsris_ros.types import BoolArray, Frame

BOX = BoxOnTable((0.0, 0.0), (0.05, 0.09, 0.07))
OTHER = BoxOnTable((0.14, 0.02), (0.05, 0.05, 0.05))
Thing = BoxOnTable | CupOnTable


def seen(*things: Thing, noise: int = 0, colour: int = 200) -> tuple[Frame, list[BoolArray]]:
    """The frame of things on a grey table, all of one colour, with the depth noise of a camera."""
    frame, masks = cast(*things)
    assert frame.depth is not None
    rgb = np.full_like(frame.rgb, 90)
    for mask in masks:
        rgb[mask] = (colour, 40, 40)
    rng = np.random.default_rng(noise)
    depth = frame.depth + 0.001 * frame.depth**2 * rng.standard_normal(frame.depth.shape)
    return Frame(rgb, depth.astype(np.float32), frame.intrinsics), masks


def check(after: Frame, *before: Thing) -> TakenCheck:
    frame, masks = seen(*before, noise=1)
    view = ObjectView.of(frame, masks[0])
    assert view is not None
    return check_taken(view, after)


def test_an_object_that_has_gone_was_taken() -> None:
    found = check(seen(OTHER)[0], BOX, OTHER)
    assert found.taken is Taken.TAKEN and found.gone > 0.8
    assert "behind it" in found.reason


def test_an_untouched_object_is_still_there() -> None:
    found = check(seen(BOX, OTHER)[0], BOX, OTHER)
    assert found.taken is Taken.STILL_THERE and found.same > 0.95


@pytest.mark.parametrize("height", [0.02, 0.04, 0.12])
def test_small_and_large_objects_are_verified(height: float) -> None:
    thing = BoxOnTable((0.0, 0.0), (0.05, 0.06, height))
    assert check(seen(OTHER)[0], thing, OTHER).taken is Taken.TAKEN
    assert check(seen(thing, OTHER)[0], thing, OTHER).taken is Taken.STILL_THERE


def test_a_neighbour_that_stays_has_no_influence() -> None:
    cup = CupOnTable((0.075, 0.0), 0.03, 0.08)
    assert check(seen(cup)[0], BOX, cup).taken is Taken.TAKEN
    assert check(seen(BOX)[0], cup, BOX).taken is Taken.TAKEN


@pytest.mark.parametrize("shift", [0.03, 0.06, 0.10])
def test_a_pushed_object_was_not_taken(shift: float) -> None:
    moved = BoxOnTable((shift, 0.0), BOX.size)
    found = check(seen(moved)[0], BOX)
    assert found.taken is not Taken.TAKEN, found.reason


def test_an_arm_in_front_leaves_the_check_undecided() -> None:
    after, _ = seen()
    _, (mask,) = cast(BOX)
    assert after.depth is not None
    rows, columns = np.nonzero(mask)
    after.depth[rows.min() : rows.max(), columns.min() : columns.max()] = 0.3
    found = check(after, BOX)
    assert found.taken is Taken.CANNOT_TELL and "in front" in found.reason


def test_a_moved_camera_leaves_the_check_undecided() -> None:
    after, _ = seen(OTHER)
    assert after.depth is not None
    found = check(Frame(after.rgb, after.depth + np.float32(0.05), after.intrinsics), BOX, OTHER)
    assert found.taken is Taken.CANNOT_TELL and "camera has moved" in found.reason


def test_another_object_of_the_same_shape_is_another_surface() -> None:
    after, (mask,) = seen(BOX)
    after.rgb[mask] = (30, 60, 190)
    found = check(after, BOX)
    assert found.taken is Taken.TAKEN and "Another surface" in found.reason


def test_a_shadow_is_no_change() -> None:
    after, (mask,) = seen(BOX)
    after.rgb[mask] = after.rgb[mask] // 3
    found = check(after, BOX)
    assert found.taken is Taken.CANNOT_TELL and "darker" in found.reason
    after.rgb[:] = after.rgb // 2
    assert check(after, BOX).taken is not Taken.TAKEN


def test_missing_depth_leaves_the_check_undecided() -> None:
    after, (mask,) = seen(BOX)
    assert after.depth is not None
    assert check(Frame(after.rgb), BOX).taken is Taken.CANNOT_TELL
    blind = np.where(mask, np.float32(np.nan), after.depth).astype(np.float32)
    found = check(Frame(after.rgb, blind, after.intrinsics), BOX)
    assert found.taken is Taken.CANNOT_TELL and "too little depth" in found.reason
    half = Frame(after.rgb[::2].copy(), after.depth[::2].copy(), after.intrinsics)
    assert "another size" in check(half, BOX).reason
    assert ObjectView.of(Frame(after.rgb), mask) is None

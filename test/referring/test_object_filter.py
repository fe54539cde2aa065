"""Things of their own among parts, wholes and piles, from masks and depth alone."""

from __future__ import annotations

import cv2
import numpy as np
from support.scenes import CAMERA, HEIGHT, WIDTH, scene_of

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.referring.object_filter import find_things
from zsris_ros.types import BoolArray, FloatArray, Frame, Proposals, Scene


def things(scene: Scene) -> list[int]:
    return np.flatnonzero(find_things(scene.frame, scene.proposals)).tolist()


def found(depth: FloatArray, *masks: BoolArray) -> list[int]:
    stack = np.array(masks)
    quality = np.full(len(stack), 0.95, np.float32)
    proposals = Proposals(stack, mask_boxes(stack), quality, ("depth",) * len(stack))
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), depth, CAMERA)
    return np.flatnonzero(find_things(frame, proposals)).tolist()


def box(x: int, y: int, w: int, h: int) -> BoolArray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y : y + h, x : x + w] = True
    return mask


def ellipse(x: int, y: int, a: int, b: int) -> BoolArray:
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.ellipse(picture, (x, y), (a, b), 0, 0, 360, 1, -1).astype(bool)


def far_table() -> FloatArray:
    return np.full((HEIGHT, WIDTH), 2.0, np.float32)


def test_things_are_neither_parts_nor_half_the_picture() -> None:
    assert things(scene_of([(5, 5, 20, 20), (5, 5, 20, 12), (60, 5, 10, 10), (0, 0, 80, 60)])) == [
        0,
        2,
    ]


def test_what_depth_saw_is_taken_where_there_is_any() -> None:
    apart = [(5, 5, 10, 10), (30, 5, 10, 10), (60, 5, 10, 10)]
    assert things(scene_of(apart, sources=["sam", "depth", "depth+sam"])) == [1, 2]
    assert things(scene_of(apart)) == [0, 1, 2]


def test_torn_off_rims_are_no_things() -> None:
    assert things(scene_of([(0, 0, 24, 24), (40, 0, 24, 24), (0, 30, 24, 24), (70, 5, 2, 15)])) == [
        0,
        1,
        2,
    ]


def test_a_bowl_is_one_thing() -> None:
    """Its outside has a notch where the inside, which lies farther back, begins."""
    inside = ellipse(40, 20, 24, 9)
    whole = inside | (ellipse(40, 22, 24, 30) & (np.arange(HEIGHT)[:, None] > 20))
    outside = whole & ~inside
    depth = far_table()
    depth[outside], depth[inside] = 1.0, 1.3
    assert found(depth, inside, outside, whole) == [2]


def test_a_box_on_a_box_is_two_things() -> None:
    """The lower one's notch is hidden by the upper one, the pile's are not."""
    upper = box(26, 10, 20, 24)
    lower = box(16, 26, 44, 24) & ~upper
    depth = far_table()
    depth[lower], depth[upper] = 1.0, 0.9
    assert found(depth, upper, lower, upper | lower) == [0, 1]


def test_both_sides_of_an_occluder_are_one_thing() -> None:
    front = box(34, 8, 12, 44)
    left, right = box(14, 18, 20, 20), box(46, 18, 20, 20)
    depth = far_table()
    depth[left | right], depth[front] = 1.2, 0.8
    assert found(depth, front, left, right, left | right) == [0, 3]


def test_two_things_that_were_taken_for_one_with_a_gap_between_stay_two() -> None:
    left, right = box(6, 18, 16, 20), box(56, 18, 16, 20)
    depth = far_table()
    depth[left | right] = 1.2
    assert found(depth, left, right, left | right) == [0, 1]


def test_nothing_is_found_among_nothing() -> None:
    assert things(scene_of([])) == []

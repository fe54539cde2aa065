"""Whole single objects among parts and groups, from masks and depth alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from support.scenes import CAMERA, HEIGHT, WIDTH, Box, scene_of

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.referring.objects.object_filter import find_objects, prefer_wholes
from zsris_ros.types import BoolArray, FloatArray, Frame, Proposals, Scene


def objects(scene: Scene) -> list[int]:
    return np.flatnonzero(find_objects(scene.frame, scene.proposals)).tolist()


def objects_of_masks(depth: FloatArray, *masks: BoolArray) -> list[int]:
    stack = np.array(masks)
    quality = np.full(len(stack), 0.95, np.float32)
    proposals = Proposals(stack, mask_boxes(stack), quality, ("depth",) * len(stack))
    frame = Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), depth, CAMERA)
    return np.flatnonzero(find_objects(frame, proposals)).tolist()


def box(x: int, y: int, w: int, h: int) -> BoolArray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y : y + h, x : x + w] = True
    return mask


def ellipse(x: int, y: int, a: int, b: int) -> BoolArray:
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.ellipse(picture, (x, y), (a, b), 0, 0, 360, 1, -1).astype(bool)


def far_table() -> FloatArray:
    return np.full((HEIGHT, WIDTH), 2.0, np.float32)


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([(5, 5, 20, 20), (5, 5, 20, 12), (60, 5, 10, 10), (0, 0, 80, 60)], [0, 2]),
        ([(0, 0, 24, 24), (40, 0, 24, 24), (0, 30, 24, 24), (70, 5, 2, 15)], [0, 1, 2]),
        ([], []),
    ],
    ids=["parts and large regions", "slivers", "nothing"],
)
def test_objects_without_depth(boxes: list[Box], expected: list[int]) -> None:
    assert objects(scene_of(boxes)) == expected


def test_masks_from_depth_are_preferred() -> None:
    apart = [(5, 5, 10, 10), (30, 5, 10, 10), (60, 5, 10, 10)]
    assert objects(scene_of(apart, sources=["sam", "depth", "depth+sam"])) == [1, 2]
    assert objects(scene_of(apart)) == [0, 1, 2]


def test_a_bowl_is_one_object() -> None:
    """The outside has a notch where the inside, which is farther away, begins."""
    inside = ellipse(40, 20, 24, 9)
    whole = inside | (ellipse(40, 22, 24, 30) & (np.arange(HEIGHT)[:, None] > 20))
    outside = whole & ~inside
    depth = far_table()
    depth[outside], depth[inside] = 1.0, 1.3
    assert objects_of_masks(depth, inside, outside, whole) == [2]


def test_a_box_on_a_box_is_two_objects() -> None:
    """The notch of the lower box is occluded, those of the stack are visible."""
    upper = box(26, 10, 20, 24)
    lower = box(16, 26, 44, 24) & ~upper
    depth = far_table()
    depth[lower], depth[upper] = 1.0, 0.9
    assert objects_of_masks(depth, upper, lower, upper | lower) == [0, 1]


def test_both_sides_of_an_occluder_are_one_object() -> None:
    front = box(34, 8, 12, 44)
    left, right = box(14, 18, 20, 20), box(46, 18, 20, 20)
    depth = far_table()
    depth[left | right], depth[front] = 1.2, 0.8
    assert objects_of_masks(depth, front, left, right, left | right) == [0, 3]


def test_two_objects_with_a_gap_between_stay_two() -> None:
    left, right = box(6, 18, 16, 20), box(56, 18, 16, 20)
    depth = far_table()
    depth[left | right] = 1.2
    assert objects_of_masks(depth, left, right, left | right) == [0, 1]


def test_a_whole_goes_before_its_parts_unless_it_matches_much_worse() -> None:
    proposals = scene_of([(5, 5, 20, 12), (5, 5, 20, 20), (60, 5, 10, 10)]).proposals
    close = prefer_wholes(torch.tensor([0.95, 0.9, 0.92]), proposals, 0.85)
    assert close.argsort(descending=True).tolist() == [2, 1, 0]
    far = prefer_wholes(torch.tensor([0.95, 0.5, 0.92]), proposals, 0.85)
    assert far.tolist() == pytest.approx([0.95, 0.5, 0.92])


def test_an_object_is_not_lowered_by_a_group_that_contains_it() -> None:
    proposals = scene_of([(5, 5, 30, 20), (5, 5, 14, 20), (21, 5, 14, 20)]).proposals
    match = torch.tensor([0.9, 0.95, 0.1])
    is_object = np.array([False, True, True])
    assert prefer_wholes(match, proposals, 0.85, is_object).argmax() == 1
    assert prefer_wholes(match, proposals, 0.85).argmax() == 0

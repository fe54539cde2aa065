"""Relations in unambiguous scenes, and their symmetries everywhere."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from zsris_ros.guidance.relations import HARD_FLAGS, KINDS, between, hard_relation, soft_relation
from zsris_ros.types import InputError

PAIRS = {
    "left_of": "right_of",
    "above": "below",
    "bigger_than": "smaller_than",
    "behind": "in_front_of",
}

coordinates = st.integers(0, 600)
sizes = st.integers(0, 300)
layouts = st.lists(st.tuples(coordinates, coordinates, sizes, sizes), min_size=1, max_size=6).map(
    lambda rows: torch.tensor(rows, dtype=torch.float32)
)
maybe_nan = st.sampled_from([float("nan"), 0.0, float("inf")]) | st.floats(-2, 4, width=32)


def scene(**boxes: tuple[float, float, float, float]) -> Tensor:
    """Boxes (x, y, w, h) in the order they are named."""
    return torch.tensor(list(boxes.values()), dtype=torch.float32)


@settings(max_examples=60)
@given(st.sampled_from(KINDS), layouts, st.data())
def test_scores_are_scores(kind: str, boxes: Tensor, data: st.DataObject) -> None:
    count = len(boxes)
    rows = st.lists(st.tuples(maybe_nan, maybe_nan, maybe_nan), min_size=count, max_size=count)
    points = torch.tensor(data.draw(rows), dtype=torch.float32)
    areas = torch.tensor(data.draw(st.lists(sizes, min_size=count, max_size=count)))
    scores = soft_relation(kind, boxes, areas, points)
    assert scores.shape == (count, count)
    assert scores.dtype == torch.float32
    assert torch.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert scores.diagonal().abs().sum() == 0


@settings(max_examples=40)
@given(st.sampled_from(sorted(PAIRS)), layouts)
def test_opposites(kind: str, boxes: Tensor) -> None:
    scores, opposite = soft_relation(kind, boxes), soft_relation(PAIRS[kind], boxes)
    assert torch.equal(scores, opposite.T)
    assert (torch.minimum(scores, opposite) == 0).all()  # never both


@settings(max_examples=40)
@given(st.sampled_from(["near", "with", "next_to", "far_from"]), layouts)
def test_nearness_is_mutual(kind: str, boxes: Tensor) -> None:
    scores = soft_relation(kind, boxes)
    torch.testing.assert_close(scores, scores.T)


@settings(max_examples=60)
@given(st.sampled_from(KINDS), layouts, coordinates, coordinates)
def test_moving_the_camera_changes_nothing(kind: str, boxes: Tensor, x: int, y: int) -> None:
    moved = boxes + torch.tensor([x, y, 0, 0])
    scores = soft_relation(kind, boxes), soft_relation(kind, moved)
    torch.testing.assert_close(*scores, atol=1e-4, rtol=0)


@settings(max_examples=40)
@given(layouts)
def test_a_mirror_swaps_left_and_right_only(boxes: Tensor) -> None:
    mirrored = boxes.clone()
    mirrored[:, 0] = 2000 - boxes[:, 0] - boxes[:, 2]
    for kind in KINDS:
        same = {"left_of": "right_of", "right_of": "left_of"}.get(kind, kind)
        scores = soft_relation(kind, boxes), soft_relation(same, mirrored)
        torch.testing.assert_close(*scores, atol=1e-4, rtol=0)


@settings(max_examples=40)
@given(layouts)
def test_soft_directions_agree_with_the_published_comparison(boxes: Tensor) -> None:
    for kind, flag in (("left_of", "left"), ("right_of", "right"), ("above", "up")):
        hard = hard_relation(flag, boxes) > 0
        assert torch.equal(soft_relation(kind, boxes) > 0, hard)


@settings(max_examples=60)
@given(layouts, st.integers(1, 300))
def test_farther_left_is_no_less_left(boxes: Tensor, step: int) -> None:
    moved = boxes.clone()
    moved[0, 0] -= step
    before, after = soft_relation("left_of", boxes)[0], soft_relation("left_of", moved)[0]
    assert (after >= before - 1e-6).all()


@settings(max_examples=30)
@given(st.sampled_from(KINDS), layouts)
def test_unknown_points_are_no_points(kind: str, boxes: Tensor) -> None:
    unknown = torch.full((len(boxes), 3), torch.nan)
    assert torch.equal(soft_relation(kind, boxes), soft_relation(kind, boxes, None, unknown))


def test_side_by_side() -> None:
    boxes = scene(cup=(0, 100, 39, 39), box=(100, 100, 39, 39), lamp=(90, 0, 39, 39))
    left = soft_relation("left_of", boxes)
    assert left[0, 1] == 1
    assert left[1, 0] == 0
    assert left[2, 1] < 0.2  # almost straight above is hardly left
    assert soft_relation("above", boxes)[2, 1] == 1


def test_sizes_with_and_without_depth() -> None:
    boxes = scene(near=(0, 0, 79, 79), far=(200, 0, 59, 59))
    areas = torch.tensor([6400.0, 3600.0])
    assert soft_relation("bigger_than", boxes, areas)[0, 1] == 1
    points = torch.tensor([[0.0, 0, 0.5], [0.2, 0, 1.5]])  # three times as far: larger after all
    assert soft_relation("bigger_than", boxes, areas, points)[1, 0] == 1
    points[1, 2] = torch.nan
    assert soft_relation("bigger_than", boxes, areas, points)[0, 1] == 1


def test_inside_the_bowl_and_not_the_other_way_round() -> None:
    boxes = scene(ball=(40, 40, 19, 19), bowl=(10, 20, 99, 79), twin=(40, 40, 19, 19))
    inside = soft_relation("inside", boxes)
    assert inside[0, 1] == 1
    assert inside[1, 0] == 0
    assert inside[0, 2] == 0  # the same outline is not inside
    assert soft_relation("part_of", boxes)[0, 1] == 1
    assert soft_relation("next_to", boxes)[0, 1] == 0


def test_on_and_under() -> None:
    boxes = scene(
        cup=(60, 40, 29, 44),  # its foot is a little below the table's upper edge
        table=(0, 80, 199, 119),
        dog=(70, 140, 79, 59),
        bird=(80, 0, 19, 9),  # flies above both
        chair=(300, 60, 99, 139),
    )
    on, under = soft_relation("on", boxes), soft_relation("under", boxes)
    assert on[0, 1] > 0.9
    assert on[0, 1] == on[:, 1].max()
    assert on[1, 0] == 0
    assert on[3, 1] == 0
    assert on[4, 1] == 0
    assert under[2, 1] > 0.5
    assert under[:, 1].argmax() == 2
    assert under[0, 1] == 0
    assert under[4, 1] == 0


def test_near_and_far_rank_by_distance() -> None:
    boxes = scene(a=(0, 0, 19, 19), b=(30, 0, 19, 19), c=(90, 0, 19, 19), d=(500, 0, 19, 19))
    near = soft_relation("near", boxes)[:, 0]
    assert near[1] > near[2] > near[3] > 0
    assert soft_relation("far_from", boxes)[:, 0].argmax() == 3
    points = torch.tensor([[0.0, 0, 1], [0.1, 0, 2], [0.3, 0, 1], [0.9, 0, 1]])
    near = soft_relation("near", boxes, points=points)[:, 0]
    assert near.argmax() == 2  # b is beside a in the picture and a metre behind it


def test_behind_with_and_without_depth() -> None:
    boxes = scene(back=(10, 50, 49, 49), front=(20, 90, 49, 69))
    assert soft_relation("behind", boxes)[0, 1] > 0.9
    points = torch.tensor([[0.0, 0, 0.6], [0, 0, 0.9]])
    assert soft_relation("behind", boxes, points=points)[1, 0] > 0.9
    assert soft_relation("in_front_of", boxes, points=points)[0, 1] > 0.9


def test_between() -> None:
    boxes = scene(
        left=(0, 100, 39, 39),
        middle=(100, 105, 39, 39),
        right=(200, 100, 39, 39),
        aside=(100, 300, 39, 39),
        beyond=(300, 100, 39, 39),
    )
    pairs = torch.tensor([[0, 2], [2, 0]])
    scores = between(boxes, pairs)
    assert scores.shape == (5, 2)
    torch.testing.assert_close(scores[:, 0], scores[:, 1])
    assert scores[:, 0].argmax() == 1
    assert scores[1, 0] > 0.9
    assert scores[0, 0] == scores[2, 0] == scores[4, 0] == 0
    assert scores[3, 0] < 0.5
    points = torch.tensor([[0.0, 0, 1], [0.2, 0, 3], [0.4, 0, 1], [0.2, 0.05, 1], [0.6, 0, 1]])
    assert between(boxes, pairs, points)[:, 0].argmax() == 3
    assert between(boxes, pairs[:0]).shape == (5, 0)
    assert soft_relation("between", boxes)[:, 0].argmax() in (1, 2)


def test_two_anchors_in_one_place() -> None:
    scores = between(scene(a=(5, 5, 9, 9), b=(5, 5, 9, 9), c=(5, 5, 9, 9)), torch.tensor([[0, 1]]))
    assert torch.isfinite(scores).all()


@settings(max_examples=30)
@given(layouts)
def test_published_comparisons_are_strict(boxes: Tensor) -> None:
    for flag in HARD_FLAGS[:-1]:
        scores = hard_relation(flag, boxes)
        assert scores.diagonal().sum() == 0
        assert ((scores + scores.T) <= 1).all()
    assert (hard_relation("none", boxes) == 1).all()


def test_published_within_divides_by_the_area() -> None:
    boxes = scene(ball=(40, 40, 20, 20), bowl=(10, 20, 100, 80), line=(40, 40, 0, 20))
    within = hard_relation("within", boxes)
    assert within[0, 1] == 1
    assert within[1, 0] == pytest.approx(400 / 8000)
    assert torch.isnan(within[2, 1])


def test_no_objects() -> None:
    for kind in KINDS:
        assert soft_relation(kind, torch.zeros(0, 4)).shape == (0, 0)


def test_unknown_relation() -> None:
    with pytest.raises(InputError, match=r"unknown relation 'astride'; known are left_of"):
        soft_relation("astride", torch.zeros(1, 4))

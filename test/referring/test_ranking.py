"""Superlatives and ordinals order the members of a class, in metres where depth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.scenes import scene_of

from zsris_ros.referring.grounding.ranking import (
    best_probability,
    first_probability,
    graded_fit,
    ordinal_probability,
    position_precedence,
    precedence,
)
from zsris_ros.types import Scene

THREE = [(5, 40, 10, 10), (30, 20, 20, 10), (60, 5, 8, 20)]


EVERYONE = torch.ones(3)


def first(kind: str, scene: Scene, members: torch.Tensor = EVERYONE, count: int = 1) -> list[float]:
    """The probability of each mask to be among the first, rounded."""
    before = precedence(kind, scene, members)
    return [round(value, 2) for value in first_probability(before, members, count).tolist()]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("left", 0),
        ("right", 2),
        ("top", 2),
        ("bottom", 0),
        ("big", 1),
        ("small", 0),
        ("tall", 2),
        ("wide", 1),
        ("thin", 2),
        ("near", 0),
        ("far", 2),
    ],
)
def test_the_first_without_depth(kind: str, expected: int) -> None:
    assert first(kind, scene_of(THREE))[expected] > 0.9


def test_near_and_far_are_metres_where_there_is_depth() -> None:
    scene = scene_of(THREE, depths=[1.5, 1.0, 0.5])
    assert first("near", scene)[2] == 1  # although it is highest in the picture
    assert first("far", scene)[0] == 1


def test_size_is_metres_where_there_is_depth() -> None:
    two = [(5, 10, 20, 20), (40, 10, 15, 15)]
    assert first("big", scene_of(two), torch.ones(2))[0] == 1
    assert first("big", scene_of(two, depths=[0.5, 1.5]), torch.ones(2))[1] == 1


def ordinal(index: int, side: str, members: torch.Tensor = EVERYONE) -> torch.Tensor:
    return ordinal_probability(index, precedence(side, scene_of(THREE), members), members)


def test_only_members_come_before() -> None:
    assert first("left", scene_of(THREE)) == [1, 0, 0]
    assert first("left", scene_of(THREE), torch.tensor([0.0, 1.0, 1.0])) == [1, 1, 0]
    assert first("left", scene_of(THREE), torch.tensor([0.1, 1.0, 1.0])) == [1, 0.9, 0]


def test_several_may_be_the_first() -> None:
    assert first("left", scene_of(THREE), count=2) == [1, 1, 0]


def test_level_masks_share_the_rank() -> None:
    level = scene_of([(5, 10, 10, 10), (60, 10, 10, 10)])
    assert first("top", level, torch.ones(2)) == [0.5, 0.5]


def test_ordinals_count_from_their_side() -> None:
    assert int(ordinal(2, "right").argmax()) == 1
    assert int(ordinal(3, "left").argmax()) == 2
    assert ordinal(-1, "left").argmax() == 2 and ordinal(-3, "left").argmax() == 0


def test_a_miscount_costs_a_factor_and_too_few_are_no_error() -> None:
    second = ordinal(2, "left").tolist()
    assert second == pytest.approx([0.1, 1.0, 0.1], abs=0.01)
    fourth = ordinal(4, "left").tolist()
    assert fourth == pytest.approx([0.001, 0.01, 0.1], abs=0.005)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.sampled_from(["left", "far", "tall"]))
def test_shares_are_probabilities(members: list[float], kind: str) -> None:
    likely = torch.tensor(members)
    before = precedence(kind, scene_of(THREE), likely)
    for shares in (first_probability(before, likely), ordinal_probability(2, before, likely)):
        assert bool(((shares >= 0) & (shares <= 1 + 1e-6)).all())
    everyone = first_probability(before, torch.ones(3))
    assert bool((first_probability(before, likely) >= everyone - 1e-5).all())


@given(st.lists(st.booleans(), min_size=3, max_size=3), st.permutations([0, 1, 2]))
def test_the_order_of_proposals_does_not_matter(flags: list[bool], order: list[int]) -> None:
    members = torch.tensor(flags).float()
    plain = first_probability(precedence("left", scene_of(THREE), members), members)
    turned = scene_of([THREE[k] for k in order])
    again = first_probability(precedence("left", turned, members[order]), members[order])
    assert torch.allclose(again, plain[order], atol=1e-5)


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        (("left",), 0),
        (("right",), 2),
        (("middle",), 1),
        (("top", "right"), 2),
        (("bottom", "left"), 0),
        (("front",), 0),
        (("back",), 2),
    ],
)
def test_positions_are_relative(positions: tuple[str, ...], expected: int) -> None:
    before = position_precedence(positions, scene_of(THREE), EVERYONE)
    assert int(first_probability(before, EVERYONE).argmax()) == expected


def test_the_middle_one_of_a_row_wherever_it_stands() -> None:
    row = scene_of([(1, 40, 6, 6), (9, 42, 6, 6), (18, 40, 6, 6)])
    before = position_precedence(("middle",), row, EVERYONE)
    assert int(first_probability(before, EVERYONE).argmax()) == 1
    others = scene_of([*[(1, 40, 6, 6), (9, 42, 6, 6), (18, 40, 6, 6)], (70, 2, 6, 6)])
    members = torch.tensor([1.0, 1.0, 1.0, 0.45])
    before = position_precedence(("middle",), others, members)
    assert int(first_probability(before, members)[:3].argmax()) == 1


def test_front_is_by_depth_if_there_is_any() -> None:
    scene = scene_of(THREE, depths=[1.5, 1.0, 0.5])
    before = position_precedence(("front",), scene, EVERYONE)
    assert int(first_probability(before, EVERYONE).argmax()) == 2


def test_several_on_a_side_are_graded() -> None:
    key = torch.tensor([0.1, 0.2, 0.9])
    assert graded_fit(key, torch.ones(3)).tolist() == pytest.approx([1.0, 0.875, 0.0])
    assert graded_fit(key, torch.tensor([1.0, 0.0, 0.0])).tolist() == [1, 1, 1]


def test_the_best_fit_wins_among_members_alone() -> None:
    fit, apart = torch.tensor([0.2, 0.9, 1.0]), 1 - torch.eye(3)
    only = best_probability(fit, torch.tensor([1.0, 0.0, 0.0]), apart)
    assert only[0] == 1, "nothing competes with the only one that is meant"
    both = best_probability(fit, torch.tensor([1.0, 1.0, 0.0]), apart)
    assert both[0] < 0.01 and both[1] > 0.99
    alike = best_probability(torch.tensor([0.9, 0.9]), torch.ones(2), 1 - torch.eye(2))
    assert alike.tolist() == [0.5, 0.5]


def test_near_and_far_are_by_image_unless_all_members_have_depth() -> None:
    scene = scene_of(THREE, depths=[1.5, 1.0, 0.5])
    scene.points[0] = np.nan
    members = torch.tensor([0.0, 1.0, 1.0])
    assert first("near", scene, members)[2] == 1
    assert first("near", scene)[0] == 1  # lowest in the picture


def test_a_plate_lying_flat_is_not_tall() -> None:
    scene = scene_of([(5, 10, 30, 30), (50, 10, 10, 20)], depths=[1.0, 1.0])
    assert first("tall", scene, torch.ones(2)) == [1, 0]
    measured = replace(scene, heights=np.array([0.02, 0.12], np.float32))
    assert first("tall", measured, torch.ones(2)) == [0, 1]
    assert first("short", measured, torch.ones(2)) == [1, 0]

"""Superlatives and ordinals order the members of a class, in metres where depth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scenes import scene_of

from zsris_ros.referring.ranking import ordering, ordinal_shares, superlative_shares

THREE = [(5, 40, 10, 10), (30, 20, 20, 10), (60, 5, 8, 20)]


@pytest.mark.parametrize(
    ("kind", "first"),
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
def test_the_first_without_depth(kind: str, first: int) -> None:
    assert int(ordering(kind, scene_of(THREE)).argmin()) == first


def test_near_and_far_are_metres_where_there_is_depth() -> None:
    scene = scene_of(THREE, depths=[1.5, 1.0, 0.5])
    assert int(ordering("near", scene).argmin()) == 2  # although it is highest in the picture
    assert int(ordering("far", scene).argmin()) == 0


def test_size_is_metres_where_there_is_depth() -> None:
    two = [(5, 10, 20, 20), (40, 10, 15, 15)]
    assert int(ordering("big", scene_of(two)).argmin()) == 0
    assert int(ordering("big", scene_of(two, depths=[0.5, 1.5])).argmin()) == 1


def test_only_members_are_ordered() -> None:
    members = torch.tensor([False, True, True])
    shares = superlative_shares("left", scene_of(THREE), members)
    assert shares.tolist() == [0.0, 1.0, 0.5]


def test_ordinals_count_from_their_side() -> None:
    everyone = torch.ones(3, dtype=torch.bool)
    assert int(ordinal_shares(2, "right", scene_of(THREE), everyone).argmax()) == 1
    assert int(ordinal_shares(3, "left", scene_of(THREE), everyone).argmax()) == 2
    assert ordinal_shares(4, "left", scene_of(THREE), everyone).sum() == 0


@given(st.lists(st.booleans(), min_size=3, max_size=3), st.sampled_from(["left", "far", "big"]))
def test_exactly_one_member_comes_first(flags: list[bool], kind: str) -> None:
    shares = superlative_shares(kind, scene_of(THREE), torch.tensor(flags))
    assert (shares == 1).sum() == min(1, sum(flags))
    assert all(
        share == 0 for share, member in zip(shares.tolist(), flags, strict=True) if not member
    )


def test_the_first_two_are_equally_first() -> None:
    everyone = torch.ones(3, dtype=torch.bool)
    assert superlative_shares("left", scene_of(THREE), everyone, 2).tolist() == [1.0, 1.0, 0.5]


def test_the_last_is_counted_from_the_other_side() -> None:
    everyone = torch.ones(3, dtype=torch.bool)
    assert ordinal_shares(-1, "left", scene_of(THREE), everyone).tolist() == [0.25, 0.5, 1.0]


def test_metres_count_as_soon_as_all_members_have_them() -> None:
    scene = scene_of(THREE, depths=[1.5, 1.0, 0.5])
    scene.points[0] = torch.nan
    members = torch.tensor([False, True, True])
    assert int(superlative_shares("near", scene, members).argmax()) == 2
    assert int(superlative_shares("near", scene, members | True).argmax()) == 0  # by the picture


def test_tall_is_what_rises_high_above_the_table() -> None:
    lying_and_standing = scene_of([(5, 10, 20, 30), (50, 10, 10, 20)], depths=[1.0, 1.0])
    everyone = torch.ones(2, dtype=torch.bool)
    assert int(superlative_shares("tall", lying_and_standing, everyone).argmax()) == 0
    scene = replace(lying_and_standing, heights=np.array([0.02, 0.15], np.float32))
    assert int(superlative_shares("tall", scene, everyone).argmax()) == 1
    assert int(superlative_shares("short", scene, everyone).argmax()) == 0

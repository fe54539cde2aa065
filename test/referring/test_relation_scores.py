"""Relations to one of several anchors, to wholes, and to other masks than the target."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.scenes import scene_of
from torch import Tensor

from zsris_ros.referring.grounding.relation_scores import AnchorMasks, relation_fit
from zsris_ros.types import Scene


def fit(scene: Scene, kind: str, *anchors: Sequence[float], fallback: float = 0.0) -> Tensor:
    """Return the fit with certain anchors of the given mask weights."""
    masks = [AnchorMasks(torch.tensor(each), torch.tensor(each)) for each in anchors]
    return relation_fit(scene, kind, masks, torch.full((len(scene.proposals),), fallback))


def test_one_of_several_anchors_is_enough_to_stand_next_to() -> None:
    scene = scene_of([(0, 20, 8, 8), (10, 20, 8, 8), (68, 20, 8, 8), (40, 50, 8, 8)])
    beside = fit(scene, "next_to", [1.0, 0.0, 1.0, 0.0])
    assert beside[1] > 0.7 and beside[1] > 2 * beside[3]


def test_a_part_lies_in_the_mask_of_its_whole() -> None:
    scene = scene_of([(10, 10, 40, 40), (12, 12, 6, 6), (60, 10, 6, 6)])
    parts = fit(scene, "part_of", [1.0, 0.0, 0.0])
    assert parts.tolist() == [0.0, pytest.approx(1.0, abs=0.05), 0.0]


def test_between_excludes_the_anchors_and_their_parts() -> None:
    scene = scene_of([(0, 20, 10, 10), (60, 20, 10, 10), (30, 20, 10, 10), (4, 22, 6, 6)])
    support = fit(scene, "between", [1.0, 0, 0, 0], [0, 1.0, 0, 0])
    assert support.argmax() == 2 and support[2] > 0.9
    assert support[[0, 1, 3]].tolist() == [0, 0, 0]


def test_each_of_two_similar_objects_may_be_the_target_beside_the_other() -> None:
    men = scene_of([(5, 20, 10, 20), (22, 20, 10, 20), (65, 20, 10, 20)])
    beside = fit(men, "next_to", [1.0, 0.9, 0.0])
    assert beside[0] > 0.6 and beside[1] > 0.6 and beside[2] < 0.4


def test_a_missing_anchor_leaves_the_fallback() -> None:
    scene = scene_of([(5, 20, 10, 20), (40, 20, 10, 20)])
    weights, shown = torch.tensor([1.0, 1.0]), torch.tensor([0.0, 0.0])
    fallback = torch.tensor([0.3, 0.7])
    unknown = relation_fit(scene, "left_of", [AnchorMasks(weights, shown)], fallback)
    assert unknown.tolist() == pytest.approx([0.3, 0.7])
    only_itself = AnchorMasks(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 0.0]))
    fits = relation_fit(scene, "left_of", [only_itself], fallback)
    assert fits[0] == pytest.approx(0.3) and fits[1] < 0.01


@given(
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.sampled_from(["left_of", "near", "on", "with", "behind", "between", "far_from"]),
)
def test_fits_are_shares(weights: list[float], shown: list[float], kind: str) -> None:
    scene = scene_of([(0, 20, 8, 8), (10, 20, 8, 8), (12, 22, 4, 4), (40, 50, 8, 8)])
    masks = AnchorMasks(torch.tensor(weights), torch.tensor(shown))
    fits = relation_fit(scene, kind, [masks], torch.full((4,), 0.5))
    assert bool(((fits >= 0) & (fits <= 1)).all())

"""What anchors say about masks: one of several, parts of a whole, and never the anchor itself."""

from __future__ import annotations

import pytest
import torch
from scenes import scene_of

from zsris_ros.language import parse
from zsris_ros.language.phrases import exclusions
from zsris_ros.referring.object_filter import prefer_wholes
from zsris_ros.referring.relation_scores import GroundedAnchor, support_of


def test_one_of_several_anchors_is_enough_to_stand_next_to() -> None:
    scene = scene_of([(0, 20, 8, 8), (10, 20, 8, 8), (68, 20, 8, 8), (40, 50, 8, 8)])
    bottles = torch.tensor([0.5, 0.0, 0.5, 0.0])
    beside = support_of(scene, "next_to", [bottles], [GroundedAnchor("a bottle", "next_to", 0, 1)])
    assert beside[0] == 0 and beside[1] > 0.7 and beside[1] > 2 * beside[3]


def test_a_part_lies_in_the_mask_of_its_whole() -> None:
    scene = scene_of([(10, 10, 40, 40), (12, 12, 6, 6), (60, 10, 6, 6)])
    whole = torch.tensor([1.0, 0.0, 0.0])
    parts = support_of(scene, "part_of", [whole], [GroundedAnchor("the mug", "part_of", 0, 1)])
    assert parts.tolist() == [0.0, pytest.approx(1.0, abs=0.05), 0.0]


def test_between_leaves_out_what_stands_for_the_anchors_and_their_parts() -> None:
    scene = scene_of([(0, 20, 10, 10), (60, 20, 10, 10), (30, 20, 10, 10), (4, 22, 6, 6)])
    first, second = torch.tensor([1.0, 0, 0, 0]), torch.tensor([0, 1.0, 0, 0])
    anchors = [GroundedAnchor("a", "between", 0, 1), GroundedAnchor("b", "between", 1, 1)]
    support = support_of(scene, "between", [first, second], anchors)
    assert support.argmax() == 2 and support[2] > 0.9
    assert support[[0, 1, 3]].tolist() == [0, 0, 0]


def test_a_thing_does_not_step_back_behind_several_taken_for_one() -> None:
    proposals = scene_of([(5, 5, 30, 20), (5, 5, 14, 20), (21, 5, 14, 20)]).proposals
    things = ~torch.tensor([True, False, False])
    match = torch.tensor([0.9, 0.95, 0.1])
    assert prefer_wholes(match, proposals, 0.85, things.numpy()).argmax() == 1
    assert prefer_wholes(match, proposals, 0.85).argmax() == 0


@pytest.mark.parametrize(
    ("text", "target", "field", "value"),
    [
        ("the mug but not the red one", "the red mug", "attributes", ("red",)),
        ("all mugs except the leftmost one", "the leftmost mugs", "superlative", "left"),
        ("everything except the bowl", "bowl", "head", "bowl"),
    ],
)
def test_what_is_excluded_is_an_expression(
    text: str, target: str, field: str, value: object
) -> None:
    (excluded,) = exclusions(parse(text, "rules"))
    assert excluded.target == target and getattr(excluded, field) == value


def test_an_excluded_place_is_a_relation() -> None:
    (excluded,) = exclusions(parse("the ball that isn't next to the bowl", "rules"))
    assert excluded.head == "ball" and excluded.relations[0].kind == "next_to"

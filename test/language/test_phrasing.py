"""Noun phrases for the text encoder, and the fields of anchors."""

from __future__ import annotations

import pytest

from zsris_ros.language import parse, to_json
from zsris_ros.language.phrasing import core_phrase, is_neutral
from zsris_ros.types import Ordinal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the second red mug from the left", "red mug"),
        ("both big screwdrivers", "big screwdriver"),
        ("the two biggest knives", "knife"),
        ("the leftmost object", "object"),
        ("the kettle that is very shiny", "shiny kettle"),
        ("a pair of stainless steel tongs", "stainless steel tongs"),
        ("the robot's left arm", "arm"),
        ("all three glass dishes on the right", "glass dish"),
        ("the berries in the bowl", "berry"),
        ("the far left bus", "bus"),
        ("the men", "man"),
    ],
)
def test_core_phrase(text: str, expected: str) -> None:
    assert core_phrase(parse(text, "rules").target) == expected


@pytest.mark.parametrize(
    ("text", "ordinal"),
    [
        ("the radish on the second tray from the right", Ordinal(2, "right")),
        ("the lid of the third tallest jar", Ordinal(3, "tall")),
        ("the pen on the last book", Ordinal(1, "right")),
    ],
)
def test_anchor_keeps_its_ordinal_with_its_direction(text: str, ordinal: Ordinal) -> None:
    expression = parse(text, "rules")

    assert expression.target.relations[0].anchors[0].ordinal == ordinal
    assert "ordinal" not in to_json(expression)["relations"][0]["anchors"][0]


def test_anchor_keeps_the_modifiers_on_both_sides_of_its_head() -> None:
    box = parse("the pen in the biggest red box that is open on the left", "rules")
    (relation,) = box.target.relations
    (anchor,) = relation.anchors

    assert (anchor.attributes, anchor.superlative) == (("red", "open"), "big")
    assert (anchor.position, core_phrase(anchor)) == (("left",), "red open box")


def test_anchor_carries_its_relations() -> None:
    relation = parse("the cup on the book next to the two lamps", "rules").target.relations[0]
    inner = relation.anchors[0].relations[0]

    assert inner.kind == "next_to" and inner.anchors[0].number == 2


def test_neutral_heads_name_no_class() -> None:
    neutral = ["object", "things", "One", "ones", "stuff", "item", "it"]
    named = ["mug", "thimble", "stone", "robot"]
    assert [head for head in (*neutral, *named) if is_neutral(head)] == neutral

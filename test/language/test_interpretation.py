"""Positions, supports, posture and description of parsed phrases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsris_ros.language import parse
from zsris_ros.language.interpretation import interpret, positions_in, posture
from zsris_ros.language.phrasing import description
from zsris_ros.types import NounPhrase


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mug near the middle", ["middle"]),
        ("the mug in the middle of the table", ["middle"]),
        ("the can on the left side of the table", ["left"]),
        ("the mug to the right of everything else", ["right"]),
        ("the jar on the bottom shelf", ["bottom"]),
        ("the jar on the right of the bottom shelf", ["bottom", "right"]),
        ("the tin lying on its side in the middle of the shelf", ["middle"]),
        ("a tin, blue lid, middle shelf", ["middle"]),
        ("boy front left", ["front", "left"]),
        ("top left of the tray", ["left", "top"]),
        ("the soup in the bowl on the right", ["right"]),
        ("the mug left of the laptop", []),
        ("the jar with a red top", []),
        ("the doll on its back", []),
        ("the statue with its left arm raised", []),
        ("the dog looking to the left", []),
        ("the cake with a cherry on top", []),
        ("the mug on the table", []),
        ("the mug on the table top", []),
        ("the mug at the far end of the table", ["back"]),
        ("the mug on the near side of the table", ["front"]),
        ("the drink from the list, pink bottle on top row", ["top"]),
        ("a jar with red on the upper part", []),
    ],
)
def test_positions(text: str, expected: list[str]) -> None:
    assert list(interpret(parse(text, "rules").target).phrase.position) == expected


@pytest.mark.parametrize(
    ("text", "kind", "least", "most"),
    [
        ("the mug left of the laptop", "left_of", 1, 1),
        ("the mug left of the pile of books", "left_of", 1, 1),
        ("the mug next to the laptop", "next_to", 1, 1),
        ("the jar with a white lid", "with", 0, 0.3),
        ("the jar of honey", "with", 0, 0.3),
        ("the mug on the table", "on", 0.1, 0.5),
        ("the mug on the tray", "on", 1, 1),
        ("the mug in the workspace", "inside", 0.1, 0.5),
        ("the mug at the edge of the table", "near", 0.1, 0.5),
        ("the mug among the clutter", "between", 0.1, 0.5),
        ("the mug bigger than the others", "bigger_than", 1, 1),
    ],
)
def test_relations_to_other_objects_are_more_certain(
    text: str, kind: str, least: float, most: float
) -> None:
    (relation,) = interpret(parse(text, "rules").target).phrase.relations
    assert relation.kind == kind and least <= relation.certainty <= most


def test_the_viewer_is_no_object() -> None:
    read = interpret(parse("the white can far from us", "rules").target).phrase
    assert read.superlative == "far" and not read.relations


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the bottle lying on the table", "lying"),
        ("the bottle on its side", "lying"),
        ("the bottle standing upright", "standing"),
        ("the upside down bottle", "upside down"),
        ("the cup standing upside-down", "upside down"),
        ("the inverted bowl", "upside down"),
        ("the woman hanging upside down", None),
        ("the bottle", None),
        ("the man lying on the grass", None),
        ("the bottle that is lying around", None),
        ("the box standing there", None),
        ("the bottle upright there", "standing"),
    ],
)
def test_posture(text: str, said: str | None) -> None:
    assert posture(text) == said


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("a cup with a handle", True),
        ("the red cup with the handle", True),
        ("the mug that has a handle", True),
        ("cups with handles", True),
        ("the handled mug", True),
        ("the mug with a handle left of the bowl", True),
        ("the mug with the red handle", True),
        ("the cup with a lid and a handle", True),
        ("the second mug with a handle from the left", True),
        ("the mug without a handle", False),
        ("the cup with no handle", False),
        ("the cup which does not have a handle", False),
        ("the cup without any handle next to the bowl", False),
        ("the mug with a lid but no handle", False),
        ("Grab The Mug Without A Handle Left Of The Bowl", False),
        ("the handleless mug", False),
        ("the mug, not the one with a handle", False),
        ("the handle of the mug", None),
        ("the drawer handle", None),
        ("the drawer with a handle", None),
        ("the knife with a black handle", None),
        ("the bowl left of the mug with a handle", None),
        ("the mug next to the cup without a handle", None),
        ("grab the mug, not the handle", None),
        ("grab the mug by its handle", None),
        ("the mug", None),
    ],
)
def test_handle(text: str, has: bool | None) -> None:
    assert interpret(parse(text, "rules").target).handle is has


def test_words_of_a_handle_are_left_to_geometry() -> None:
    for text in ("the white mug with a handle", "the white mug with no handle"):
        read = interpret(parse(text, "rules").target).phrase
        assert not read.relations and not read.excluded and description(read) == "white mug"
    red = interpret(parse("the mug with a red handle and a lid", "rules").target).phrase
    assert description(red) == "mug with red handle with lid"
    (anchor,) = parse("the bowl next to the mug with a handle", "rules").target.relations[0].anchors
    assert interpret(anchor).handle


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("the white jar with a red lid on the left", "white jar with red lid"),
        ("the box of crackers on the shelf", "box of crackers"),
        ("the second mug from the right", "mug"),
        ("the leftmost one", None),
    ],
)
def test_description(text: str, described: str | None) -> None:
    assert description(parse(text, "rules").target) == described


def test_positions_from_the_whole_sentence_are_less_certain() -> None:
    deep = interpret(parse("the mug on the left", "rules").target)
    shallow = interpret(parse("the soup in the bowl on the right", "rules").target)
    assert deep.order_certainty == 1 and shallow.order_certainty < 1


def test_right_there_is_no_side() -> None:
    assert positions_in("the mug right there") == set()
    assert positions_in("the mug on the right there") == {"right"}
    assert positions_in("the right one") == {"right"}


def test_opposite_positions_cancel() -> None:
    assert positions_in("from the left to the right") == set()


@given(st.text(max_size=200))
def test_any_text_is_interpreted(text: str) -> None:
    interpret(NounPhrase(text, text))

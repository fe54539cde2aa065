"""Positions, supports, posture and description of parsed phrases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsris_ros.language import parse
from zsris_ros.language.interpretation import interpret
from zsris_ros.language.meaning.positions import positions_in
from zsris_ros.language.meaning.posture import posture
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
        ("the mug left of the table", ["left"]),
        ("the mug in the top drawer of the cabinet", []),
        ("the left chair", ["left"]),
        ("The pillow on the left Side of the bed", ["left"]),
        ("the pillow on the left side of the bed", ["left"]),
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
        ("the mug below the bottle rack", "below", 1, 1),
        ("the bag in front of the chair", "in_front_of", 1, 1),
        ("the mug next to the laptop", "next_to", 1, 1),
        ("the jar with a white lid", "with", 0, 0.3),
        ("the jar of honey", "with", 0, 0.3),
        ("the mug on the table", "on", 0.1, 0.5),
        ("the mug on the tray", "on", 1, 1),
        ("the mug in the workspace", "inside", 0.1, 0.5),
        ("the mug at the edge of the table", "near", 0.1, 0.5),
        ("the mug among the clutter", "between", 0.1, 0.5),
        ("the mug bigger than the jar", "bigger_than", 1, 1),
    ],
)
def test_relations_to_other_objects_are_more_certain(
    text: str, kind: str, least: float, most: float
) -> None:
    (relation,) = interpret(parse(text, "rules").target).phrase.relations
    assert relation.kind == kind and least <= relation.certainty <= most


@pytest.mark.parametrize(
    ("text", "superlative"),
    [
        ("the mug bigger than the others", "big"),
        ("the mug that is smaller than all others", "small"),
        ("the mug with the greatest height", "tall"),
        ("the mug with the smallest distance to us", "near"),
        ("the largest one of the mugs", "big"),
    ],
)
def test_a_comparison_with_all_others_is_a_superlative(text: str, superlative: str) -> None:
    read = interpret(parse(text, "rules").target).phrase
    assert (read.superlative, read.relations) == (superlative, ())
    assert read.head in ("mug", "mugs")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("the mug closer to me than the bowl", "in_front_of"),
        ("the mug further back than the bowl", "behind"),
        ("the mug more to the left than the bowl", "left_of"),
        ("the mug lower than the bowl", "below"),
        ("the mug on the top of the bowl", "on"),
        ("the mug right by the bowl", "next_to"),
        ("the mug close by the bowl", "near"),
        ("the mug adjoining the bowl", "next_to"),
        ("the mug found in the bowl", "inside"),
        ("the mug flanked by the bowl and the can", "between"),
        ("the mug in the middle between the bowl and the can", "between"),
    ],
)
def test_wordings_of_relations_name_no_position(text: str, kind: str) -> None:
    read = interpret(parse(text, "rules").target).phrase
    (relation,) = read.relations
    assert relation.kind == kind and relation.certainty == 1
    assert [anchor.head for anchor in relation.anchors] == ["bowl", "can"][: len(relation.anchors)]
    assert (read.text, read.position, read.superlative) == ("the mug", (), None)


@pytest.mark.parametrize(
    "text", ["the mug among the objects", "the mug in view", "the mug right here"]
)
def test_all_objects_and_the_view_are_no_anchors(text: str) -> None:
    read = interpret(parse(text, "rules").target).phrase
    assert (read.text, read.relations, read.position) == ("the mug", (), ())


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

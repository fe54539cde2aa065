"""Paraphrases of colours, sizes and ordinals mean what the plain words mean."""

from __future__ import annotations

import pytest

from zsris_ros.language.interpretation import interpret
from zsris_ros.language.parsers import parse
from zsris_ros.types import NounPhrase


def read(text: str) -> NounPhrase:
    return interpret(parse(text, "rules").target).phrase


@pytest.mark.parametrize(
    "text",
    [
        "the red-colored mug",
        "the red coloured mug",
        "the mug that is colored red",
        "the mug coloured in red",
        "the mug of red colour",
        "the mug with a red color",
        "the mug that has a red color",
        "the mug in the color red",
        "the mug in red",
        "the mug whose colour is red",
        "the mug that is red in colour",
        "the mug, red in color, on its side",
    ],
)
def test_a_colour_is_an_attribute(text: str) -> None:
    found = read(text)
    assert (found.head, found.attributes, found.relations) == ("mug", ("red",), ())


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("the coloured pencil", ("coloured",)),
        ("the woman in red", ()),
        ("the jar with red on the upper part", ()),
        ("the glass of red wine", ()),
        ("the large-sized mug", ("large",)),
        ("the big one of the mugs", ("big",)),
    ],
)
def test_other_words_stay(text: str, attributes: tuple[str, ...]) -> None:
    assert read(text).attributes == attributes


@pytest.mark.parametrize(
    "text",
    [
        "mug number two from the left",
        "mug number 2 from the left",
        "the mug in second position from the left",
        "the mug at position 2 from the left",
        "counting from the left, the second mug",
    ],
)
def test_an_ordinal_may_stand_behind(text: str) -> None:
    found = read(text)
    assert found.head == "mug" and not found.relations and found.ordinal is not None
    assert (found.ordinal.index, found.ordinal.side) == (2, "left")


def test_a_superlative_of_all_names_its_kind() -> None:
    found = read("the biggest of all mugs")
    assert (found.head, found.superlative, found.number) == ("mugs", "big", "one")

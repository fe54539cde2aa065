"""Words of texts, how they are pronounced, and the sentences that are made of them."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.speech.spoken_text import words_of
from zsris_ros.training.speech.corpus import LONGEST, sentences
from zsris_ros.training.speech.pronunciations import added, pronounce

KNOWN = {
    "left": "L EH F T", "most": "M OW S T", "window": "W IH N D OW", "sill": "S IH L",
    "fold": "F OW L D", "cook": "K UH K", "cooked": "K UH K T", "box": "B AA K S",
    "tool": "T UW L", "cat": "K AE T", "dog": "D AO G", "bulk": "B AH L K", "able": "EY B AH L",
}  # fmt: skip


def test_a_text_is_told_in_the_words_that_are_said() -> None:
    said = "Could you pick up the mug that isn't red, please?"
    assert " ".join(words_of(said)) == "could you pick up the mug that isn't red please"
    assert words_of("the mug that is n't red") == ("the", "mug", "that", "isn't", "red")
    assert words_of("the left-hand mug") == ("the", "left", "hand", "mug")
    assert words_of("?!") == ()


@given(st.text(max_size=60))
def test_words_of_any_text_are_the_words_of_themselves(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("leftmost", "L EH F T M OW S T"),
        ("windowsill", "W IH N D OW S IH L"),
        ("toolboxes", "T UW L B AA K S AH Z"),
        ("foldable", "F OW L D AH B AH L"),
        ("uncooked", "AH N K UH K T"),
        ("cats", "K AE T S"),
        ("dog's", "D AO G Z"),
        ("fuchsia", "F Y UW SH AH"),
        ("zzgh", ""),
    ],
)
def test_a_word_that_is_missing_sounds_like_its_parts(word: str, phones: str) -> None:
    assert pronounce(word, KNOWN) == phones


def test_only_what_is_missing_and_sayable_is_added() -> None:
    assert added(["left", "leftmost", "zzgh", "leftmost"], KNOWN) == {
        "leftmost": "L EH F T M OW S T"
    }


def test_sentences_are_the_same_for_the_same_seed_and_short_enough() -> None:
    first, again, other = (list(sentences(seed, 200)) for seed in (5, 5, 6))
    assert first == again != other
    assert all(0 < len(words) <= LONGEST for words in first)
    assert all(words == words_of(" ".join(words)) for words in first)


def test_sentences_speak_of_what_there_is_and_of_further_things() -> None:
    spoken = {word for words in islice(sentences(0, 2000), 2000) for word in words}
    assert {*COLOURS, *SHAPES, "leftmost", "rightmost", "between", "left", "please"} <= spoken
    things = [words for words in sentences(0, 400, ["gyro stabiliser"]) if "gyro" in words]
    assert len(things) > 50
    assert any("gyro stabiliser" in " ".join(words) for words in things)

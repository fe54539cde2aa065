"""Transcripts: spoken words and their edit distance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsris_ros.speech.transcripts import edit_distance, spoken_words

TEXTS = st.lists(st.sampled_from("abc"), max_size=7)


def test_spoken_words_have_no_punctuation() -> None:
    said = "Could you pick up the mug that isn't red, please?"
    assert " ".join(spoken_words(said)) == "could you pick up the mug that isn't red please"
    assert spoken_words("the mug that is n't red") == ("the", "mug", "that", "isn't", "red")
    assert spoken_words("the left-hand mug") == ("the", "left", "hand", "mug")
    assert spoken_words("?!") == ()


@given(st.text(max_size=60))
def test_spoken_words_are_idempotent(text: str) -> None:
    words = spoken_words(text)
    assert spoken_words(" ".join(words)) == words


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("the red mug", "the red mug", 0),
        ("the red mug", "the mug", 1),
        ("the red mug", "the dead red mug", 1),
        ("the red mug", "the bread bug", 2),
        ("the red mug", "", 3),
        ("", "the red mug", 3),
    ],
)
def test_word_errors_are_the_least_number_of_edits(said: str, heard: str, errors: int) -> None:
    assert edit_distance(said.split(), heard.split()) == errors


@given(TEXTS, TEXTS, TEXTS)
def test_word_errors_are_a_distance(a: list[str], b: list[str], c: list[str]) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)

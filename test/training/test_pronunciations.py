"""Pronunciations, and the corpus of the language model."""

from __future__ import annotations

from itertools import islice

import pytest

from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.speech.transcripts import spoken_words
from zsris_ros.training.speech.corpus import MAX_WORDS, sentences
from zsris_ros.training.speech.pronunciations import missing_pronunciations, pronounce

KNOWN = {
    "left": "L EH F T", "most": "M OW S T", "window": "W IH N D OW", "sill": "S IH L",
    "fold": "F OW L D", "cook": "K UH K", "cooked": "K UH K T", "box": "B AA K S",
    "tool": "T UW L", "cat": "K AE T", "dog": "D AO G", "bulk": "B AH L K", "able": "EY B AH L",
}  # fmt: skip


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
def test_a_missing_word_is_pronounced_by_its_parts(word: str, phones: str) -> None:
    assert pronounce(word, KNOWN) == phones


def test_only_missing_pronounceable_words_are_added() -> None:
    assert missing_pronunciations(["left", "leftmost", "zzgh", "leftmost"], KNOWN) == {
        "leftmost": "L EH F T M OW S T"
    }


def test_sentences_are_deterministic_and_short() -> None:
    first, again, other = (list(sentences(seed, 200)) for seed in (5, 5, 6))
    assert first == again != other
    assert all(0 < len(words) <= MAX_WORDS for words in first)
    assert all(words == spoken_words(" ".join(words)) for words in first)


def test_sentences_name_tabletop_objects_and_further_ones() -> None:
    spoken = {word for words in islice(sentences(0, 2000), 2000) for word in words}
    assert {*COLOURS, *SHAPES, "leftmost", "rightmost", "between", "left", "please"} <= spoken
    named = [words for words in sentences(0, 400, ["gyro stabiliser"]) if "gyro" in words]
    assert len(named) > 50
    assert any("gyro stabiliser" in " ".join(words) for words in named)

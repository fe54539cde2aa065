"""How an object lies or stands, by the words of its expression."""

from __future__ import annotations

from typing import Literal

from zsris_ros.language.lexicon import morphology
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.language.meaning.words import OWN, words_of
from zsris_ros.types import Relation

_LYING_ON = word_set("side back front face head belly stomach top end edge sides knees feet")
_LYING = word_set("sideways horizontal horizontally fallen toppled lying laying lies lays")
_STANDING = word_set("standing stands upright vertical vertically")
_RESTING = word_set("lying laying lies lays standing stands")
_SOMEWHERE = word_set("around about there here")
"""Words after which those of ``_RESTING`` say only that something is there."""
_INVERTED = word_set("upside upside-down inverted upturned overturned")
POSTURE_WORDS = _LYING | _STANDING | _INVERTED | word_set("turned flipped")
Posture = Literal["lying", "standing", "upside down"]
"""How an object lies or stands."""


def posture(text: str) -> Posture | None:
    """Return how an object lies or stands by a text; None where it gives neither or both.

    "upright" stands, "sideways", "on its side" and "on its back" lie; what stands upside down is
    upside down. The postures of people and animals are left to the text encoder.
    """
    words = words_of(text)
    if any(morphology.is_animate(word) for word in words):
        return None
    on_part = any(
        (first, second) == ("on", "its") and third in _LYING_ON
        for first, second, third in zip(words, words[1:], words[2:], strict=False)
    )
    if not _INVERTED.isdisjoint(words):
        return "upside down"
    words = [word for word, after in zip(words, [*words, ""][1:], strict=True)
             if word not in _RESTING or after not in _SOMEWHERE]  # fmt: skip
    lying, standing = on_part or not _LYING.isdisjoint(words), not _STANDING.isdisjoint(words)
    if lying == standing:
        return None
    return "lying" if lying else "standing"


def is_posture(relation: Relation, said: Posture | None) -> bool:
    """Return whether a relation gives a posture: "on its side", "on his back".

    Without its possessor the anchor is a bare "one"; the sentence has ``said`` the posture then.
    """
    anchor = relation.anchors[0]
    if relation.kind == "on" and anchor.text == "one" and said is not None:
        return True
    owned = anchor.text.lower().partition(" ")[0] in OWN
    return relation.kind in ("on", "with") and owned and anchor.head.lower() in _LYING_ON

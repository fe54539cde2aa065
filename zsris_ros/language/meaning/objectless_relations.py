"""Relations that name no other object: the viewer, colours, measures, all objects."""

from __future__ import annotations

from zsris_ros.language.lexicon import adjectives, morphology, nouns
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.types import NounPhrase, Relation

AMONG = ("inside", "between", "part_of")
"""Relations to a group or a heap that the target belongs to."""
_OTHERS = word_set("others rest all everything ones objects things")
_COMPARED = {"bigger_than": "big", "smaller_than": "small"}
"""The superlative that a comparison with all other objects names."""
_MEASURES = {
    "size": ("big", "small"),
    "area": ("big", "small"),
    "volume": ("big", "small"),
    "height": ("tall", "short"),
    "width": ("wide", "thin"),
    "distance": ("far", "near"),
}
"""The superlatives of the greatest and the least of a measure."""


def is_view(relation: Relation) -> bool:
    """Return whether the anchor is the viewer or the picture itself."""
    head = relation.anchors[0].head.lower()
    return head in lex.VIEWERS or head in lex.PICTURES or head in ("view", "sight")


def colour_of(relation: Relation, phrase: NounPhrase) -> str | None:
    """Return the colour of "the mug in red"; people "in red" wear it."""
    anchor = relation.anchors[0]
    if relation.kind != "with" or morphology.is_animate(phrase.head.lower()):
        return None
    dressed = f" in {anchor.text}" in f" {phrase.sentence.lower()}"  # not "with red on the top"
    return anchor.text if anchor.text in adjectives.COLOURS and dressed else None


def superlative_of(relation: Relation) -> str | None:
    """Return the superlative that a comparison with all others names, None for other relations.

    "Bigger than the others", "with the greatest height", "with the smallest distance".
    """
    anchor = relation.anchors[0]
    head = anchor.head.lower()
    if relation.kind in _COMPARED and head in _OTHERS and not anchor.attributes:
        return _COMPARED[relation.kind]
    if relation.kind == "with" and anchor.superlative in ("big", "small") and head in _MEASURES:
        return _MEASURES[head][anchor.superlative == "small"]
    return None


def is_everything(relation: Relation) -> bool:
    """Return whether the target is said to be one of all objects: "among these things"."""
    if relation.kind not in AMONG or len(relation.anchors) != 1:
        return False
    anchor = relation.anchors[0]
    plain = not (anchor.attributes or anchor.position or anchor.relations)
    return plain and anchor.number == "all" and anchor.head.lower() in nouns.NEUTRAL

"""From the surface form of an expression to what it says about a picture.

A parse follows the words: "on the table" is a relation to a table, "with a white cap" one to a cap,
"near the middle" one to a middle. Most such phrases relate the target to no other object: they
describe it, say how it lies, name what everything stands on, or name a place. ``interpret`` tells
them apart, so that only relations to other objects are grounded as such.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from zsris_ros.language import lexicon as lex
from zsris_ros.language import nouns, words
from zsris_ros.language.lexicon import word_set
from zsris_ros.types import Anchor, Expression, Relation

SUPPORTS = word_set("""
    table tables tabletop desk counter countertop worktop shelf shelves bookshelf rack ledge floor
    ground bed couch sofa chair armchair bench stool seat rug carpet mat wall street road sidewalk
    grass field room
""") | lex.VIEW  # fmt: skip
"""What objects stand on or lie in: it is the same for most of them."""

GROUPS = word_set("""
    row rows line lineup group bunch column queue collection everything all rest others
    everyone everybody
""")
"""Several objects together: a place beside them is one among them."""

_CERTAINTY = {"with": 0.3, "part_of": 0.5}
"""How often such a phrase names an object beside the target, or one that the target belongs to."""
_SUPPORT = 0.3
_SIDES = {
    "left_of": "left",
    "right_of": "right",
    "above": "top",
    "below": "bottom",
    "in_front_of": "front",
    "behind": "back",
}
_AT = ("near", "inside", "on", "next_to", "part_of")
_POSTURE = word_set("side back front face head belly stomach top end edge sides knees feet")
_OWN = word_set("its his her their")


@lru_cache(maxsize=1024)
def interpret(expression: Expression) -> Expression:
    """The expression with its places in ``position`` and a ``certainty`` for each relation.

    Relations that name a place only ("near the middle", "on the left side of the table", "far from
    us") become places, those that say how the target lies ("on its side") are left out, and those
    that mostly describe it keep little certainty.
    """
    position = set(expression.position)
    superlative = expression.superlative
    relations = []
    for relation in expression.relations:
        places = _places(relation)
        if places is not None:
            position.update(places)
        elif _is_view(relation):
            if superlative is None and relation.kind in ("near", "far_from"):
                superlative = "near" if relation.kind == "near" else "far"
        elif not _is_posture(relation):
            position.update(_place_of_support(relation))
            relations.append(replace(relation, certainty=_certainty(relation)))
    return replace(
        expression,
        position=tuple(sorted(position)),
        superlative=superlative,
        relations=tuple(relations),
    )


def _places(relation: Relation) -> set[str] | None:
    """The places that a relation names without relating the target to an object, or None."""
    if len(relation.anchors) != 1:
        return None
    anchor = relation.anchors[0]
    head = anchor.head.lower()
    if relation.kind in _SIDES and (head in SUPPORTS or head in GROUPS):
        return {_SIDES[relation.kind], *anchor.position}
    if relation.kind in _AT:
        named = {lex.POSITIONS[head]} if head in lex.POSITIONS else set()
        if head in lex.POSITION_NOUNS and anchor.position:
            named = set(anchor.position)
        if named and not _is_posture(relation):
            return named | set(anchor.position)
    return None


def _place_of_support(relation: Relation) -> set[str]:
    """Where the target is if its support has a place: "on the bottom shelf"."""
    if relation.kind not in ("on", "inside", "part_of", "near") or len(relation.anchors) != 1:
        return set()
    anchor = relation.anchors[0]
    supports = anchor.head.lower() in SUPPORTS | GROUPS
    return set(anchor.position) if supports else set()


def _is_view(relation: Relation) -> bool:
    """Whether the anchor is the viewer, or the picture itself."""
    head = relation.anchors[0].head.lower()
    return head in lex.VIEWERS or head in lex.PICTURES


def _is_posture(relation: Relation) -> bool:
    """ "on its side", "on his back": how something lies, not what it lies on."""
    anchor = relation.anchors[0]
    owned = anchor.target.split()[:1] and anchor.target.split()[0].lower() in _OWN
    return relation.kind in ("on", "with") and bool(owned) and anchor.head.lower() in _POSTURE


def _certainty(relation: Relation) -> float:
    if relation.kind in _CERTAINTY:
        return _CERTAINTY[relation.kind]
    support = all(anchor.head.lower() in SUPPORTS for anchor in relation.anchors)
    return _SUPPORT if support else relation.certainty


def describes(relation: Relation) -> bool:
    """Whether a relation says how the target looks, rather than where it is."""
    return relation.kind in DESCRIPTIVE


DESCRIPTIVE = {"with": "with", "part_of": "of"}
"""Relations that describe the target, and the preposition that says so."""


def is_detail(anchor: Anchor) -> bool:
    """Whether an anchor is a part or a garment of its owner, with no place of its own."""
    return words.is_detail(anchor.head.lower()) or anchor.head.lower() in nouns.PORTIONS

"""From the surface form of an expression to what it says about a picture.

A parse follows the words: "on the table" is a relation to a table, "with a white cap" one to a cap,
"near the middle" one to a middle. Most such phrases relate the target to no other object: they
describe it, say how it lies, name what everything stands on, or name a place. ``interpret`` tells
them apart, so that only relations to other objects are grounded as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from zsris_ros.language.grammar.tokens import tokenise
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology, nouns
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.types import NounPhrase, Relation

SUPPORTS = word_set("""
    table tables tabletop desk counter countertop worktop shelf shelves bookshelf rack ledge floor
    ground bed couch sofa chair armchair bench stool seat rug carpet mat wall street road sidewalk
    grass field room drawer compartment tier level
""") | lex.VIEW  # fmt: skip
"""What objects stand on or lie in: it is the same for most of them."""

GROUPS = word_set("""
    row rows line lineup group bunch column queue collection everything all rest others everyone
    everybody
""")
"""Several objects together: a place beside them is one among them."""

_CERTAINTY = {"with": 0.15, "part_of": 0.5}
"""How often such a phrase names an object beside the target, or one that the target belongs to."""
_SUPPORT = 0.3
SIDES = {
    "left_of": "left",
    "right_of": "right",
    "above": "top",
    "below": "bottom",
    "in_front_of": "front",
    "behind": "back",
}
"""The place that each directed relation names."""
_AT = ("near", "inside", "on", "next_to", "part_of")
_POSTURE = word_set("side back front face head belly stomach top end edge sides knees feet")
_LYING = word_set("sideways horizontal horizontally fallen toppled lying laying lies lays")
_STANDING = word_set("standing stands upright vertical vertically upside")
_OWN = word_set("its his her their my your our")
_GAZE = word_set("""
    facing faces pointing points pointed looking looks turned turning leaning bent tilted
""")
_PARTS = word_set("part portion half")
_BEFORE_PLACE = word_set("on in at to near toward towards by the far very way most all")
_UNSURE = 0.9


@dataclass(frozen=True)
class Interpretation:
    """What an expression says about a picture.

    ``phrase`` has its places in ``position`` and a ``certainty`` for each relation.
    ``order_certainty`` in [0, 1]: how sure it is that its places and order are the target's.
    ``posture`` is how the target is said to lie or stand, which shows in the shape of its mask.
    """

    phrase: NounPhrase
    order_certainty: float = 1.0
    posture: Literal["lying", "standing"] | None = None


@lru_cache(maxsize=1024)
def interpret(phrase: NounPhrase) -> Interpretation:
    """Tell relations to other objects from places, supports, posture and description.

    Relations that name a place only ("near the middle", "on the left side of the table", "far from
    us") become places, those that say how the target lies ("on its side") are left out, and those
    that mostly describe it keep little certainty. Where the parse leaves the target without any
    place or order, those that stand anywhere in the text are taken, with less certainty: a shallow
    reading that is mostly right.
    """
    position = set(phrase.position)
    superlative = phrase.superlative
    relations = []
    for relation in phrase.relations:
        places = _places(relation)
        if places is not None:
            position.update(places)
        elif _is_view(relation):
            if superlative is None and relation.kind in ("near", "far_from"):
                superlative = "near" if relation.kind == "near" else "far"
        elif not _is_posture(relation):
            position.update(_place_of_support(relation))
            relations.append(replace(relation, certainty=_certainty(relation)))
    certainty = 1.0
    directed = any(relation.kind in SIDES for relation in relations)
    if not (position or superlative or phrase.ordinal or directed or phrase.excluded):
        position.update(places_in(phrase.sentence))
        certainty = _UNSURE
    return Interpretation(
        replace(
            phrase,
            position=tuple(sorted(position)),
            superlative=superlative,
            relations=tuple(relations),
        ),
        certainty,
        posture(phrase.sentence),
    )


def posture(text: str) -> Literal["lying", "standing"] | None:
    """Whether a text says that an object lies or stands; None where it says neither or both.

    "upside down" and "upright" stand, "sideways", "on its side" and "on its back" lie. What people
    and animals do is left to the text encoder.
    """
    spoken = [token.text for token in tokenise(text).items]
    if any(morphology.is_animate(word) for word in spoken):
        return None
    said = set(spoken)
    own = any(
        (first, second) == ("on", "its") and third in _POSTURE
        for first, second, third in zip(spoken, spoken[1:], spoken[2:], strict=False)
    )
    lying, standing = own or bool(_LYING & said), bool(_STANDING & said)
    if lying == standing:
        return None
    return "lying" if lying else "standing"


def places_in(text: str) -> set[str]:
    """The places that stand anywhere in a text; none where they contradict each other.

    Words for parts ("with a red top", "his left arm", "on its back"), directions of gaze, and sides
    in relations ("left of the mug") are no places.
    """
    found: set[str] = set()
    spoken = ["", "", "", *(token.text for token in tokenise(text).items), "", "", ""]
    for i in range(3, len(spoken) - 3):
        sides = morphology.positions(spoken[i])
        if sides and _is_place(spoken, i):
            found.update(sides)
    opposed = any({side, lex.OPPOSITE.get(side, "")} <= found for side in ("left", "top"))
    return set() if opposed or {"front", "back"} <= found else found


def _is_place(spoken: Sequence[str], i: int) -> bool:
    word, before, after = spoken[i], spoken[i - 1], spoken[i + 1]
    placed = before in _BEFORE_PLACE or bool(morphology.positions(before))
    if before in _OWN or (placed and spoken[i - 2] in _OWN):
        return False
    if after in _PARTS and {"with", "having", "has"} & set(spoken[:i]):
        return False
    if before in _GAZE or (before in ("to", "the") and _GAZE & set(spoken[i - 3 : i])):
        return False
    handed = after == "hand" and morphology.is_noun_like(spoken[i + 2])  # "the right hand mug"
    if not handed and (after in nouns.BODY or morphology.is_clothing(after)):
        return False
    if after == "of" and not (placed and spoken[i - 2] in ("in", "on", "at", "near")):
        return False
    if morphology.match(lex.RELATIONS, spoken, i) or morphology.match(lex.RELATIONS, spoken, i + 1):
        next_to = after in ("next", "behind", "above", "below", "under", "beside", "over")
        if (
            next_to
            or morphology.match(lex.RELATIONS, spoken, i)
            or (before == "in" and after == "of")
        ):
            return False
    if lex.POSITIONS.get(word) in ("top", "bottom", "front", "back"):
        named = after in lex.POSITION_NOUNS or after in SUPPORTS or after in GROUPS
        if before == "on" and word == "top" and not named:
            return False
        return placed or named or before == "" or bool(morphology.positions(after))
    return True


def _places(relation: Relation) -> set[str] | None:
    """The places that a relation names without relating the target to an object, or None."""
    if len(relation.anchors) != 1:
        return None
    anchor = relation.anchors[0]
    head = anchor.head.lower()
    if relation.kind in SIDES and (head in SUPPORTS or head in GROUPS):
        return {SIDES[relation.kind], *anchor.position}
    if relation.kind in _AT:
        named = {lex.POSITIONS[head]} if head in lex.POSITIONS else set()
        if head in lex.POSITION_NOUNS:
            named = set(anchor.position)
            if anchor.superlative in lex.POSITIONS.values():
                named.add(str(anchor.superlative))
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
    owned = anchor.text.split()[:1] and anchor.text.split()[0].lower() in _OWN
    return relation.kind in ("on", "with") and bool(owned) and anchor.head.lower() in _POSTURE


def _certainty(relation: Relation) -> float:
    if all(is_detail(anchor) for anchor in relation.anchors) and relation.kind in ("with", "on"):
        return 0.0
    if relation.kind in _CERTAINTY:
        return _CERTAINTY[relation.kind]
    support = all(anchor.head.lower() in SUPPORTS for anchor in relation.anchors)
    return _SUPPORT if support else relation.certainty


def describes(relation: Relation) -> bool:
    """Whether a relation says how the target looks, rather than where it is."""
    return relation.kind in ("with", "part_of")


def is_detail(anchor: NounPhrase) -> bool:
    """Whether an anchor is a part or a garment of its owner, with no place of its own."""
    return morphology.is_detail(anchor.head.lower()) or anchor.head.lower() in nouns.PORTIONS

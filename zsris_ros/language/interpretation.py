"""The meaning of a parsed noun phrase in an image: relations, positions, posture, handle.

A parse follows the words: "on the table" is a relation to a table, "with a white cap" one to a cap,
"near the middle" one to a middle. Most such phrases relate the target to no other object: they
describe it, give its posture or its handle, or name its support or its position. ``interpret``
separates them from relations to other objects.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from zsris_ros.language.grammar.tokens import tokenise
from zsris_ros.language.lexicon import adjectives, morphology, nouns
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.types import NounPhrase, Relation

SUPPORTS = word_set("""
    table tables tabletop desk counter countertop worktop workbench worksurface surface workspace
    shelf shelves bookshelf rack ledge floor ground bed couch sofa chair armchair bench stool seat
    rug carpet mat wall street road sidewalk grass field room kitchen bathroom bedroom office garage
    workshop reach drawer compartment tier level
""") | lex.VIEW  # fmt: skip
"""Objects and places that carry or hold most other objects of a scene."""

GROUPS = word_set("""
    row rows line lineup group bunch column queue collection everything all rest others everyone
    everybody
""")
"""Groups of objects: "left of the group" is a position among its objects."""

_CERTAINTY = {"with": 0.15, "part_of": 0.5}
"""The probability that such a phrase names another object than the target."""
_SUPPORT_CERTAINTY, _TEXT_CERTAINTY = 0.3, 0.9
SIDES = {
    "left_of": "left",
    "right_of": "right",
    "above": "top",
    "below": "bottom",
    "in_front_of": "front",
    "behind": "back",
}
"""The position that each directed relation names."""
_DEPTHS = {"near": "front", "far": "back"}
"""The positions of "the near side" and "the far end"."""
_AT = ("near", "inside", "on", "next_to", "part_of")
_LYING_ON = word_set("side back front face head belly stomach top end edge sides knees feet")
_LYING = word_set("sideways horizontal horizontally fallen toppled lying laying lies lays")
_STANDING = word_set("standing stands upright vertical vertically")
_RESTING = word_set("lying laying lies lays standing stands")
_SOMEWHERE = word_set("around about there here")
"""Words after which those of ``_RESTING`` say only that something is there."""
_INVERTED = word_set("upside upside-down inverted upturned overturned")
_POSTURE_WORDS = _LYING | _STANDING | _INVERTED | word_set("turned flipped")
Posture = Literal["lying", "standing", "upside down"]
"""How an object lies or stands."""
_VESSELS = word_set("""
    cup mug teacup beaker tankard stein glass tumbler goblet bowl ramekin dish plate jug pitcher
    carafe pot vessel
""")
"""Objects with a round body, beside which a shorter handle shows; a pan's handle is longer, and a
hammer's is most of the hammer."""
_OWN = word_set("its his her their my your our")
_HANDLE_WORDS = {"handled": True, **dict.fromkeys(("handleless", "handle-less"), False)}
_NOT_THE_PART = re.compile(r"\bnot (by |at |on )?(the|its) handle")
_GAZE = word_set("""
    facing faces pointing points pointed looking looks turned turning leaning bent tilted
""")
_PARTS = word_set("part portion half")
_PARTS_OF_SUPPORTS = word_set("edge edges border rim end corner side")
_AMONG = ("inside", "between", "part_of")
"""Relations to a group or a heap that the target belongs to."""
_HEAPS = word_set("clutter pile heap mess jumble")
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
_EMPHATIC = word_set("there here now away")
"""Words before which "right" is no position: "right there"."""
_BEFORE_PLACE = word_set("on in at to near toward towards by the far very way most all")


@dataclass(frozen=True)
class Interpretation:
    """The meaning of a noun phrase.

    Attributes:
        phrase: The phrase with all positions in ``position`` and a certainty for each relation.
        order_certainty: The probability in [0, 1] that its positions and order are the target's.
        posture: How the target lies or stands, which shows in the shape of its mask.
        handle: Whether the target, a vessel, has a handle; None if this is not said.
    """

    phrase: NounPhrase
    order_certainty: float = 1.0
    posture: Posture | None = None
    handle: bool | None = None


@lru_cache(maxsize=1024)
def interpret(phrase: NounPhrase) -> Interpretation:
    """Separate relations to other objects from positions, supports, posture and description.

    Relations that name a position ("near the middle", "on the left side of the table", "far from
    us") become positions, and descriptions keep a low certainty. Words of a posture ("on its side",
    "lying") and of a handle ("with a handle") are dropped: geometry shows them better than the text
    encoder. A phrase without any position or order takes the positions of its whole sentence, with
    a lower certainty.
    """
    phrase, handle = _split_handle(phrase)
    position = set(phrase.position)
    superlative = phrase.superlative
    said = posture(phrase.sentence)
    relations: list[Relation] = []
    colours: list[str] = []
    for relation in phrase.relations:
        named = _named_positions(relation)
        if named is not None:
            position.update(named)
        elif _is_view(relation):
            if superlative is None and relation.kind in ("near", "far_from"):
                superlative = "near" if relation.kind == "near" else "far"
        elif (colour := _colour_of(relation, phrase)) is not None:
            colours.append(colour)
        elif (measured := _superlative_of(relation)) is not None:
            superlative = superlative or measured
        elif not (_is_posture(relation, said) or _is_everything(relation)):
            position.update(_support_position(relation))
            relations.append(replace(relation, certainty=_certainty(relation)))
    certainty = 1.0
    directed = any(relation.kind in SIDES for relation in relations)
    if not (position or superlative or phrase.ordinal or directed or phrase.excluded):
        position.update(positions_in(phrase.sentence))
        certainty = _TEXT_CERTAINTY
    attributes = (*phrase.attributes, *colours)
    interpreted = replace(
        phrase,
        attributes=tuple(a for a in attributes if said is None or a not in _POSTURE_WORDS),
        position=tuple(sorted(position)),
        superlative=superlative,
        relations=tuple(relations),
    )
    return Interpretation(interpreted, certainty, said, handle)


def posture(text: str) -> Posture | None:
    """Return how an object lies or stands by a text; None where it gives neither or both.

    "upright" stands, "sideways", "on its side" and "on its back" lie; what stands upside down is
    upside down. The postures of people and animals are left to the text encoder.
    """
    words = _words(text)
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


def positions_in(text: str) -> set[str]:
    """Return the positions anywhere in a text; none where they contradict each other.

    Parts ("with a red top", "his left arm", "on its back"), directions of gaze, and sides in
    relations ("left of the mug") are no positions.
    """
    found: set[str] = set()
    words = ["", "", "", *_words(text), "", "", ""]
    for i in range(3, len(words) - 3):
        sides = morphology.positions(words[i])
        if sides and _is_position(words, i):
            found.update(sides)
    opposed = any({side, lex.OPPOSITE[side]} <= found for side in ("left", "top"))
    return set() if opposed or {"front", "back"} <= found else found


def _words(text: str) -> list[str]:
    return [token.text for token in tokenise(text).items] if any(map(str.isalnum, text)) else []


def _is_position(words: Sequence[str], i: int) -> bool:
    word, before, after = words[i], words[i - 1], words[i + 1]
    placed = before in _BEFORE_PLACE or bool(morphology.positions(before))
    if before in _OWN or (placed and words[i - 2] in _OWN):
        return False
    if (
        word == "right"
        and not placed
        and (
            after in _EMPHATIC
            or (after not in ("in", "with", "of") and _is_preposition(words, i + 1))
        )
    ):
        return False
    if word == "right" and after == "in" and words[i + 2] in ("the", "its"):
        return False  # "right in the middle"
    if after in _PARTS and {"with", "having", "has"} & set(words[:i]):
        return False
    if before in _GAZE or (before in ("to", "the") and _GAZE & set(words[i - 3 : i])):
        return False
    handed = after == "hand" and morphology.is_noun_like(words[i + 2])  # "the right hand mug"
    if not handed and (after in nouns.BODY or morphology.is_clothing(after)):
        return False
    if after == "of" and not (placed and words[i - 2] in ("in", "on", "at", "near")):
        return False
    if morphology.match(lex.RELATIONS, words, i) or (before == "in" and after == "of"):
        return False
    if after in ("next", "behind", "above", "below", "under", "beside", "over", "between"):
        return False
    if lex.POSITIONS.get(word) in ("top", "bottom", "front", "back"):
        named = after in lex.POSITION_NOUNS or after in SUPPORTS or after in GROUPS
        if word == "top" and "on" in words[i - 2 : i] and not named:
            return False  # "on top of the box", "on the top of the box"
        return placed or named or before == "" or bool(morphology.positions(after))
    return True


def _is_preposition(words: Sequence[str], i: int) -> bool:
    return morphology.match(lex.RELATIONS, words, i) is not None


def _named_positions(relation: Relation) -> set[str] | None:
    """Return the positions that a relation names without another object, None without any."""
    if len(relation.anchors) != 1:
        return None
    anchor = relation.anchors[0]
    head = anchor.head.lower()
    if relation.kind in SIDES and (head in SUPPORTS or head in GROUPS):
        return {SIDES[relation.kind], *anchor.position}
    if relation.kind not in _AT or _is_posture(relation, None):
        return None
    if head == "top" and not SUPPORTS.isdisjoint(anchor.attributes):
        return set()  # "the table top"
    if (
        anchor.text == "one"
        and relation.kind in ("near", "inside")
        and not (anchor.attributes or anchor.relations)
    ):
        return set(anchor.position) or None  # "around the centre"
    named = {lex.POSITIONS[head]} if head in lex.POSITIONS else set()
    if head in lex.POSITION_NOUNS:
        named = set(anchor.position)
        if anchor.superlative in lex.POSITIONS.values():
            named.add(str(anchor.superlative))
        elif anchor.superlative in _DEPTHS:
            named.add(_DEPTHS[anchor.superlative])
    return named | set(anchor.position) if named else None


def _support_position(relation: Relation) -> set[str]:
    """Return the position of the support, which the target shares: "on the bottom shelf"."""
    anchor = relation.anchors[0]
    if relation.kind not in ("on", "inside", "part_of", "near") or len(relation.anchors) != 1:
        return set()
    return set(anchor.position) if anchor.head.lower() in SUPPORTS | GROUPS else set()


def _is_view(relation: Relation) -> bool:
    """Return whether the anchor is the viewer or the picture itself."""
    head = relation.anchors[0].head.lower()
    return head in lex.VIEWERS or head in lex.PICTURES or head in ("view", "sight")


def _colour_of(relation: Relation, phrase: NounPhrase) -> str | None:
    """Return the colour of "the mug in red"; people "in red" wear it."""
    anchor = relation.anchors[0]
    if relation.kind != "with" or morphology.is_animate(phrase.head.lower()):
        return None
    dressed = f" in {anchor.text}" in f" {phrase.sentence.lower()}"  # not "with red on the top"
    return anchor.text if anchor.text in adjectives.COLOURS and dressed else None


def _superlative_of(relation: Relation) -> str | None:
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


def _is_everything(relation: Relation) -> bool:
    """Return whether the target is said to be one of all objects: "among these things"."""
    if relation.kind not in _AMONG or len(relation.anchors) != 1:
        return False
    anchor = relation.anchors[0]
    plain = not (anchor.attributes or anchor.position or anchor.relations)
    return plain and anchor.number == "all" and anchor.head.lower() in nouns.NEUTRAL


def _is_posture(relation: Relation, said: Posture | None) -> bool:
    """Return whether a relation gives a posture: "on its side", "on his back".

    Without its possessor the anchor is a bare "one"; the sentence has ``said`` the posture then.
    """
    anchor = relation.anchors[0]
    if relation.kind == "on" and anchor.text == "one" and said is not None:
        return True
    owned = anchor.text.lower().partition(" ")[0] in _OWN
    return relation.kind in ("on", "with") and owned and anchor.head.lower() in _LYING_ON


def _split_handle(phrase: NounPhrase) -> tuple[NounPhrase, bool | None]:
    """Return a phrase without its words of a handle, and whether its vessel has one.

    A handle with attributes ("the red handle") also stays a description.
    """
    if morphology.singular(phrase.head.lower()) not in _VESSELS:
        return phrase, None
    anchors = [a for each in phrase.relations if each.kind == "with" for a in each.anchors]
    named = [anchor for anchor in anchors if _is_handle(anchor)]
    denied = _denied_handles(phrase)
    words = [_HANDLE_WORDS[a] for a in phrase.attributes if a in _HANDLE_WORDS]
    has, lacks = bool(named) or True in words, bool(denied) or False in words
    if has == lacks:
        return phrase, None
    kept = [
        (each, tuple(a for a in each.anchors if a not in named or a.attributes))
        for each in phrase.relations
    ]
    described = replace(
        phrase,
        attributes=tuple(a for a in phrase.attributes if a not in _HANDLE_WORDS),
        relations=tuple(replace(each, anchors=anchors) for each, anchors in kept if anchors),
        excluded=tuple(each for each in phrase.excluded if each not in denied),
    )
    return described, has


def _denied_handles(phrase: NounPhrase) -> list[NounPhrase]:
    """Return the handles among the excluded objects that the target lacks.

    After an anchor it may be the anchor's, "next to the cup without a handle", and "grab the mug,
    not its handle" names the part to grasp.
    """
    sentence = phrase.sentence.lower()
    if _NOT_THE_PART.search(sentence):
        return []
    related = (each.anchors for each in phrase.relations if each.kind != "with")
    start = min((sentence.find(a.text.lower()) for each in related for a in each), default=None)
    said = sentence if start is None else sentence[:start]
    return [each for each in phrase.excluded if _is_handle(each) and each.text.lower() in said]


def _is_handle(part: NounPhrase) -> bool:
    return morphology.singular(part.head.lower()) == "handle"


def _certainty(relation: Relation) -> float:
    heads = [anchor.head.lower() for anchor in relation.anchors]
    detail = all(morphology.is_detail(head) or head in nouns.PORTIONS for head in heads)
    if detail and relation.kind in ("with", "on"):
        return 0.0
    if relation.kind in _CERTAINTY:
        return _CERTAINTY[relation.kind]
    vague = SUPPORTS | GROUPS | _HEAPS if relation.kind in _AMONG else SUPPORTS
    parts = _PARTS_OF_SUPPORTS if relation.kind in _AT else set()
    if all(head in vague or head in parts for head in heads):
        return _SUPPORT_CERTAINTY
    return relation.certainty

"""The meaning of a parsed noun phrase in an image: relations, positions, posture, handle.

A parse follows the words: "on the table" is a relation to a table, "with a white cap" one to a cap,
"near the middle" one to a middle. Most such phrases relate the target to no other object: they
describe it, give its posture or its handle, or name its support or its position. ``interpret``
separates them from relations to other objects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from zsris_ros.language.lexicon import morphology, nouns
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.language.lexicon.supports import FURNITURE, GROUPS, SUPPORTS
from zsris_ros.language.meaning.handles import split_handle
from zsris_ros.language.meaning.objectless_relations import (
    AMONG,
    colour_of,
    is_everything,
    is_view,
    superlative_of,
)
from zsris_ros.language.meaning.positions import (
    AT,
    SIDES,
    named_positions,
    positions_in,
    support_position,
)
from zsris_ros.language.meaning.posture import POSTURE_WORDS, Posture, is_posture, posture
from zsris_ros.types import NounPhrase, Relation

_CERTAINTY = {"with": 0.15, "part_of": 0.5}
"""The probability that such a phrase names another object than the target."""
_SUPPORT_CERTAINTY, _TEXT_CERTAINTY = 0.3, 0.9
_PARTS_OF_SUPPORTS = word_set("edge edges border rim end corner side")
_HEAPS = word_set("clutter pile heap mess jumble")


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
    phrase, handle = split_handle(phrase)
    position = set(phrase.position)
    superlative = phrase.superlative
    said = posture(phrase.sentence)
    relations: list[Relation] = []
    colours: list[str] = []
    for relation in phrase.relations:
        named = named_positions(relation, phrase.sentence)
        if named is not None:
            position.update(named)
        elif is_view(relation):
            if superlative is None and relation.kind in ("near", "far_from"):
                superlative = "near" if relation.kind == "near" else "far"
        elif (colour := colour_of(relation, phrase)) is not None:
            colours.append(colour)
        elif (measured := superlative_of(relation)) is not None:
            superlative = superlative or measured
        elif not (is_posture(relation, said) or is_everything(relation)):
            position.update(support_position(relation))
            relations.append(replace(relation, certainty=_certainty(relation)))
    certainty = 1.0
    directed = any(relation.kind in SIDES for relation in relations)
    if not (position or superlative or phrase.ordinal or directed or phrase.excluded):
        position.update(positions_in(phrase.sentence))
        certainty = _TEXT_CERTAINTY
    attributes = (*phrase.attributes, *colours)
    interpreted = replace(
        phrase,
        attributes=tuple(a for a in attributes if said is None or a not in POSTURE_WORDS),
        position=tuple(sorted(position)),
        superlative=superlative,
        relations=tuple(relations),
    )
    return Interpretation(interpreted, certainty, said, handle)


def _certainty(relation: Relation) -> float:
    heads = [anchor.head.lower() for anchor in relation.anchors]
    detail = all(morphology.is_detail(head) or head in nouns.PORTIONS for head in heads)
    if detail and relation.kind in ("with", "on"):
        return 0.0
    if relation.kind in _CERTAINTY:
        return _CERTAINTY[relation.kind]
    vague = SUPPORTS | GROUPS | _HEAPS if relation.kind in AMONG else SUPPORTS
    if relation.kind in SIDES or relation.kind == "next_to":
        vague = SUPPORTS - FURNITURE
    parts = _PARTS_OF_SUPPORTS if relation.kind in AT else set()
    if all(head in vague or head in parts for head in heads):
        return _SUPPORT_CERTAINTY
    return relation.certainty

"""Positions in the image or on the support, in a text or named by a relation."""

from __future__ import annotations

from collections.abc import Sequence

from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology, nouns
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.language.lexicon.supports import FURNITURE, GROUPS, SUPPORTS
from zsris_ros.language.meaning.posture import is_posture
from zsris_ros.language.meaning.words import OWN, words_of
from zsris_ros.types import Relation

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
AT = ("near", "inside", "on", "next_to", "part_of")
_GAZE = word_set("""
    facing faces pointing points pointed looking looks turned turning leaning bent tilted
""")
_PARTS = word_set("part portion half")
_EMPHATIC = word_set("there here now away")
"""Words before which "right" is no position: "right there"."""
_BEFORE_PLACE = word_set("on in at to near toward towards by the far very way most all")


def positions_in(text: str) -> set[str]:
    """Return the positions anywhere in a text; none where they contradict each other.

    Parts ("with a red top", "his left arm", "on its back"), directions of gaze, and sides in
    relations ("left of the mug") are no positions.
    """
    found: set[str] = set()
    words = ["", "", "", *words_of(text), "", "", ""]
    for i in range(3, len(words) - 3):
        sides = morphology.positions(words[i])
        if sides and _is_position(words, i):
            found.update(sides)
    opposed = any({side, lex.OPPOSITE[side]} <= found for side in ("left", "top"))
    return set() if opposed or {"front", "back"} <= found else found


def _is_position(words: Sequence[str], i: int) -> bool:
    word, before, after = words[i], words[i - 1], words[i + 1]
    placed = before in _BEFORE_PLACE or bool(morphology.positions(before))
    if before in OWN or (placed and words[i - 2] in OWN):
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
    if after in FURNITURE:
        return False  # "in the top drawer"
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
        stacked = before == "on" or (after == "of" and words[i - 2] == "on")
        if word == "top" and stacked and not named:
            return False  # "on top of the box", "on the top of the box"
        return placed or named or before == "" or bool(morphology.positions(after))
    return True


def _is_preposition(words: Sequence[str], i: int) -> bool:
    return morphology.match(lex.RELATIONS, words, i) is not None


def named_positions(relation: Relation, sentence: str) -> set[str] | None:
    """Return the positions that a relation names without another object, None without any.

    "On the left side of the bed" is a position on the bed, "left of the bed" is a relation.
    """
    if len(relation.anchors) != 1:
        return None
    anchor = relation.anchors[0]
    head = anchor.head.lower()
    beside = head in FURNITURE and "side of" not in sentence.lower()
    if relation.kind in SIDES and head in SUPPORTS | GROUPS and not beside:
        return {SIDES[relation.kind], *anchor.position}
    if relation.kind not in AT or is_posture(relation, None):
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


def support_position(relation: Relation) -> set[str]:
    """Return the position of the support, which the target shares: "on the bottom shelf"."""
    anchor = relation.anchors[0]
    if relation.kind not in ("on", "inside", "part_of", "near") or len(relation.anchors) != 1:
        return set()
    shared = (SUPPORTS - FURNITURE) | GROUPS  # the top drawer is not at the top of the image
    return set(anchor.position) if anchor.head.lower() in shared else set()

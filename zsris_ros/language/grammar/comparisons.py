"""Superlatives and comparatives behind a noun: "closest to me", "bigger than the box"."""

from __future__ import annotations

from zsris_ros.language.grammar.places import place_ends, read_place
from zsris_ros.language.grammar.relations import relate_to
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph


def compared(state: ParserState, i: int) -> int | None:
    """Read "closest to me", "nearest the dock", "bigger than the box" or "tallest" at ``i``."""
    words = state.words
    j = i + (words[i] in ("the", "a") and bool(morph.superlative(words[i + 1])))
    value = morph.superlative(words[j]) or ("near" if words[j] == "close" else None)
    if words[j + 1] == "than" and words[j] in lex.COMPARATIVES:
        return relate_to(state, lex.COMPARATIVES[words[j]], j + 2)
    if value is None:
        return i + 3 if words[i] == "more" and words[i + 2] == "than" else None
    if value in ("near", "far"):
        return _distance(state, j + 1, value)
    if j > i or not morph.is_noun_like(words[j + 1]) or state.closes(j + 1):
        state.path.owner("state").superlative = value
        return j + 1
    return None


def _distance(state: ParserState, i: int, value: str) -> int:
    words = state.words
    if words[i] in ("up", "down") and value == "far":
        state.path.owner("place").superlative = "top" if words[i] == "up" else "bottom"
        return i + 1
    if words[i] == "ahead" and state.closes(i + 1):
        return _nearness(state, value, i + 1)
    while words[i] in ("to", "from", "away", "towards", "toward"):
        i += 1
    i = state.skip_fillers(i)
    place = read_place(state, i)
    if place is not None and place.sides and place.sides[0] in lex.OPPOSITE:
        state.path.owner("place").superlative = place.sides[0]
        return place.end
    if place is not None and place.sides in (("back",), ("front",)):
        return _nearness(state, value, place.end)
    j = i + (words[i] in lex.DETERMINERS)
    if words[j] in lex.VIEWERS and (words[j] == "camera" or place_ends(state, j + 1, True)):
        return _nearness(state, value, j + 1)
    end = relate_to(state, "near" if value == "near" else "far_from", i)
    return end if end > i else _nearness(state, value, i)


def _nearness(state: ParserState, value: str, end: int) -> int:
    owner = state.path.owner("place")
    if owner.ordinal is not None and owner.side is None:
        owner.side = value
    else:
        owner.superlative = value
    return end

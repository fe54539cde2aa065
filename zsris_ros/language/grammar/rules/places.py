"""Positions in the image: "in the upper left corner", "on the far side"."""

from __future__ import annotations

from typing import NamedTuple

from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon.function_words import word_set

_PREPOSITIONS = word_set("on at in to toward towards near by")
_AFTER_PLACE = (
    lex.ADVERBS
    | lex.FILLERS
    | lex.INTENSIFIERS
    | lex.DEGREE
    | lex.LABELS
    | lex.HAVING
    | lex.PLACEMENT
    | {"cut", "chopped", "cropped"}
)


class Place(NamedTuple):
    """A position phrase: the index after it, its sides, the superlative of "far left"."""

    end: int
    sides: tuple[str, ...]
    superlative: str | None


def located(state: ParserState, i: int) -> int | None:
    """Read a position phrase at ``i`` into its noun."""
    words = state.words
    row = state.relation(i)
    if words[i + 1] == "than" or (row is not None and (row[0] == "between" or row[1] > 4)):
        return None  # "lower than the shelf", "in the middle between the mugs"
    row = state.relation(i + 1) if words[i] == "right" and row is None else None
    if row and (
        state.predicate
        or row[1] > 1
        or words[i + 1] not in ("in", "with")
        or (words[i + 1] == "in" and read_place(state, i + 1) is not None)
    ):
        return i + 1  # an intensifier: "right behind", "right in the middle"
    if words[i] == "left" and i and words[i - 1] in ("was", "were", "been"):
        return i + 1
    place = read_place(state, i)
    if place is None:
        return None
    if words[i] == "on" and place.sides == ("top",) and state.path.nearest.is_possession:
        return place.end
    owner = state.path.owner("place")
    owner.position.update(place.sides)
    owner.superlative = owner.superlative or place.superlative
    return place.end


def read_place(state: ParserState, i: int) -> Place | None:
    """Return the position phrase at ``i``, with or without its preposition."""
    words, j = state.words, i
    extreme = words[j] == "all" and words[j + 1 : j + 3] == ["the", "way"]
    if extreme:
        j += 3
    preposition = words[i] in _PREPOSITIONS or words[j] in _PREPOSITIONS
    j += words[j] in _PREPOSITIONS
    determined, owned = False, words[j] in ("his", "her", "its", "their")
    while words[j] in lex.DETERMINERS or words[j] in lex.HESITATIONS or words[j] in lex.EXTREMES:
        determined = determined or words[j] in lex.DETERMINERS
        extreme = extreme or words[j] in lex.EXTREMES
        if words[j] == "very" and morph.is_adjective(words[j + 1]):
            return None
        j += 1
    sides: tuple[str, ...] = ()
    while (morph.positions(words[j]) and not state.time_phrase(j)) or (
        sides and words[j] in ("hand", "most", "-")
    ):
        extreme = extreme or words[j] == "most"
        sides += morph.positions(words[j])
        j += 1
    if not sides:
        if extreme and j > i + 1 and words[j] in ("side", "end") and words[j + 1] != "of":
            return Place(j + 1, (), "far")
        distant = words[j] == "distance" and words[i] == "in"
        return Place(j + 1, ("back",), None) if distant else None
    hand = words[j - 1] == "hand" and words[j] not in lex.POSITION_NOUNS
    if owned and (hand or sides[0] not in ("left", "right")):
        return None  # "a guitar on his back", "the glove on his left hand"
    while words[j] in lex.POSITION_NOUNS:
        j += 1
    end = skip_view(state, j)
    if end == j:
        if words[j] == "of":
            if not extreme and len(sides) == 1:  # but "the far left of the row"
                return None
        elif not place_ends(state, j, preposition and determined):
            return None
    if extreme and sides[0] in lex.PICTURE_SIDES:
        return Place(end, sides[1:], sides[0])
    if sides == ("back",) and words[i] in ("farthest", "furthest"):
        return Place(end, (), "far")
    return Place(end, sides, None)


def skip_view(state: ParserState, i: int) -> int:
    """Return the index after "of the picture" at ``i``, or ``i``."""
    words = state.words
    if words[i] not in ("of", "in", "on"):
        return i
    j = i + 1
    while words[j] in lex.DETERMINERS:
        j += 1
    if words[i] == "in" and words[j] not in lex.PICTURES:
        return i
    return j + 1 if words[j] in lex.VIEW and place_ends(state, j + 1, True) else i


def place_ends(state: ParserState, i: int, strict: bool) -> bool:
    """Return whether a position phrase may end before ``i``: no noun follows that it modifies."""
    word = state.words[i]
    return (
        state.closes(i)
        or state.is_comparison(i)
        or word in _AFTER_PLACE
        or morph.is_ing(word)
        or morph.ordinal(word) is not None
        or (not strict and morph.is_adjective(word))
    )

"""Ordinals and the direction of counting: "third from the left", "counting from the top"."""

from __future__ import annotations

from zsris_ros.language.grammar.places import place_ends, skip_view
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import COMMA
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon.function_words import word_set

_COUNTING = word_set("counting starting count counted going start if you we when")


def ordered(state: ParserState, i: int) -> int | None:
    """Read an ordinal or the direction of one at ``i``."""
    counted = [noun for noun in state.path.nouns if noun.ordinal is not None and not noun.side]
    direction = read_direction(state, i, bool(counted))
    if direction is not None:
        owner = counted[-1] if counted else state.path.owner("place")
        end, owner.side = direction
        return end
    index = morph.ordinal(state.words[i])
    if index is None or not (state.closes(i + 1) or morph.superlative(state.words[i + 1])):
        return None
    state.path.owner("place").ordinal = index
    return i + 1


def read_direction(state: ParserState, i: int, counted: bool = False) -> tuple[int, str] | None:
    """Return the index after "from the left" or "from right to left" at ``i``, and the side.

    ``counted`` is whether an ordinal without a direction precedes.
    """
    words, j = state.words, i
    while words[j] in _COUNTING and j < i + 4:
        j += 1
    if words[j] not in ("from", "at") and not (words[j] == "to" and j > i):
        first = morph.positions(words[i])
        if first and words[i + 1] == "to" and morph.positions(words[i + 2]):
            return i + 3, lex.ORDINAL_SIDES.get(first[0], "left")
        return None
    if words[j] == "at" and j == i:
        return None
    j += 1
    while words[j] in lex.DETERMINERS or words[j] in lex.EXTREMES or words[j] in lex.HESITATIONS:
        j += 1
    if words[j] in lex.VIEWERS:
        return j + 1, "near"
    if words[j] == "end" and words[j + 1] != "of":
        return j + 1, "right"
    sides = morph.positions(words[j]) or ((words[j],) if words[j] in ("near", "nearest") else ())
    if not sides or sides[0] not in lex.ORDINAL_SIDES:
        return None
    side = lex.ORDINAL_SIDES[sides[0]]
    j += 1
    while words[j] in lex.POSITION_NOUNS or words[j] in ("hand", "most"):
        j += 1
    if words[j] == "to" and (morph.positions(words[j + 1]) or words[j + 1] == "the"):
        j += 2 + (words[j + 1] == "the")
        while words[j] in lex.POSITION_NOUNS:
            j += 1
    end = skip_view(state, j)
    if words[j] == "of" and end == j:
        # "the second drawer from the bottom of the desk", but "a box from the top of the desk"
        return (j, side) if counted else None
    if not place_ends(state, j, words[j - 1] != COMMA) and words[j] not in lex.DETERMINERS:
        return None
    return end, side

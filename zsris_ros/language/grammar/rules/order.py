"""The order of objects: "third from the left", "closest to me", "bigger than the box"."""

from __future__ import annotations

from zsris_ros.language.grammar.rules.places import place_ends, read_place, skip_view
from zsris_ros.language.grammar.rules.relations import relate_to
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
    numbered = _numbered(state, i)
    if numbered is not None:
        owner = state.path.owner("place")
        end, owner.ordinal, owner.side = numbered
        return end
    index = morph.ordinal(state.words[i])
    if index is None or not (state.closes(i + 1) or morph.superlative(state.words[i + 1])):
        return None
    state.path.owner("place").ordinal = index
    return i + 1


def _numbered(state: ParserState, i: int) -> tuple[int, int, str] | None:
    """Read "number two from the left", "in second position from the left".

    Returns the index after it, the ordinal and its side.
    """
    words = state.words
    k = i + (words[i] in ("in", "at"))
    k += words[k] in lex.DETERMINERS
    index = morph.ordinal(words[k])
    if index is None and words[k] in ("number", "position", "place"):
        index, k = morph.cardinal(words[k + 1]), k + 1
    elif words[k + 1] not in ("position", "place"):
        index = None
    else:
        k += 1
    direction = read_direction(state, k + 1, True) if index is not None else None
    return None if index is None or direction is None else (direction[0], index, direction[1])


def compared(state: ParserState, i: int) -> int | None:
    """Read "closest to me", "nearest the dock", "bigger than the box" or "tallest" at ``i``."""
    words = state.words
    row = state.relation(i)
    if row is not None and (row[1] > 2 or words[i + 1] == "by"):
        return None  # "closer to me than the box", "close by the box"
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

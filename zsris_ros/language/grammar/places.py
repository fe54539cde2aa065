"""Places in the picture and directions of counting: "in the upper left corner", "from the left"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zsris_ros.language.grammar.noun_phrases import NounPhraseReader
from zsris_ros.language.grammar.tokens import COMMA
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as w
from zsris_ros.language.lexicon.function_words import word_set

_PREPOSITIONS = word_set("on at in to toward towards near by")
_COUNTING = word_set("counting starting count counted going start if you we when")
_EXTREME_SIDES = ("left", "right", "top", "bottom")


class Place(NamedTuple):
    """A position phrase: the index after it, its sides, and the superlative "far left" makes."""

    end: int
    sides: tuple[str, ...]
    superlative: str | None


def of_view(reader: NounPhraseReader, i: int) -> int:
    """The index after "of the picture" at ``i``, or ``i``."""
    words = reader.words
    if words[i] not in ("of", "in", "on"):
        return i
    j = i + 1
    while words[j] in lex.DETERMINERS:
        j += 1
    if words[i] == "in" and words[j] not in lex.PICTURES:
        return i
    return j + 1 if words[j] in lex.VIEW and ends(reader, j + 1, True) else i


def place(reader: NounPhraseReader, i: int) -> Place | None:
    """The position phrase at ``i``, with or without its preposition."""
    words, j = reader.words, i
    preposition = words[j] in _PREPOSITIONS
    extreme = False
    if words[j] == "all" and words[j + 1 : j + 3] == ["the", "way"]:
        extreme, j = True, j + 3
    if words[j] in _PREPOSITIONS:
        preposition, j = True, j + 1
    determined, owned = False, words[j] in ("his", "her", "its", "their")
    while words[j] in lex.DETERMINERS or words[j] in lex.HESITATIONS or words[j] in lex.EXTREMES:
        determined = determined or words[j] in lex.DETERMINERS
        extreme = extreme or words[j] in lex.EXTREMES
        if words[j] == "very" and w.is_adjective(words[j + 1]):
            return None
        j += 1
    sides: tuple[str, ...] = ()
    while (w.positions(words[j]) and w.match(lex.TIME_PHRASES, words, j) is None) or (
        sides and words[j] in ("hand", "most", "-")
    ):
        extreme = extreme or words[j] == "most"
        sides += w.positions(words[j])
        j += 1
    if not sides:
        return _far_side(words, i, j, extreme)
    hand = words[j - 1] == "hand" and words[j] not in lex.POSITION_NOUNS
    if owned and (hand or sides[0] not in ("left", "right")):
        return None  # "a guitar on his back", "the glove on his left hand"
    while words[j] in lex.POSITION_NOUNS:
        j += 1
    seen = of_view(reader, j)
    sure = words[j] == "of" and (extreme or len(sides) > 1)  # "the far left of the row"
    done = words[j] != "of" and ends(reader, j, preposition and determined)
    if seen == j and not (sure or done):
        return None
    if extreme and sides[0] in _EXTREME_SIDES:
        return Place(seen, sides[1:], sides[0])
    if sides == ("back",) and words[i] in ("farthest", "furthest"):
        return Place(seen, (), "far")
    return Place(seen, sides, None)


def _far_side(words: Sequence[str], i: int, j: int, extreme: bool) -> Place | None:
    """ "on the far side", "in the distance"."""
    if extreme and j > i + 1 and words[j] in ("side", "end") and words[j + 1] != "of":
        return Place(j + 1, (), "far")
    if words[j] == "distance" and words[i] == "in":
        return Place(j + 1, ("back",), None)
    return None


def ends(reader: NounPhraseReader, i: int, strict: bool) -> bool:
    """Whether a position phrase may end before ``i``: no noun follows that it would modify."""
    word = reader.words[i]
    if (
        reader.closes(i)
        or reader.compares(i)
        or word in lex.ADVERBS
        or word in lex.FILLERS
        or word in lex.INTENSIFIERS
        or word in lex.DEGREE
        or word in ("cut", "chopped", "cropped")
    ):
        return True
    if (
        word in lex.LABELS
        or word in lex.HAVING
        or word in lex.PLACEMENT
        or w.is_ing(word)
        or w.ordinal(word) is not None
    ):
        return True
    return not strict and w.is_adjective(word)


def direction(reader: NounPhraseReader, i: int, counted: bool = False) -> tuple[int, str] | None:
    """(index after, side) of "from the left", "counting from the top", "from right to left"."""
    words, j = reader.words, i
    while words[j] in _COUNTING and j < i + 4:
        j += 1
    if words[j] not in ("from", "at") and not (words[j] == "to" and j > i):
        if w.positions(words[i]) and words[i + 1] == "to" and w.positions(words[i + 2]):
            return i + 3, lex.ORDINAL_SIDES.get(w.positions(words[i])[0], "left")
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
    sides = w.positions(words[j]) or ((words[j],) if words[j] in ("near", "nearest") else ())
    if not sides or sides[0] not in lex.ORDINAL_SIDES:
        return None
    j += 1
    while words[j] in lex.POSITION_NOUNS or words[j] in ("hand", "most"):
        j += 1
    if words[j] == "to" and (w.positions(words[j + 1]) or words[j + 1] == "the"):
        j += 2 + (words[j + 1] == "the")
        while words[j] in lex.POSITION_NOUNS:
            j += 1
    if words[j] == "of" and of_view(reader, j) == j:
        # "the second drawer from the bottom of the desk", but "a box from the top of the desk"
        return (j, lex.ORDINAL_SIDES[sides[0]]) if counted else None
    if not (ends(reader, j, words[j - 1] != COMMA) or words[j] in lex.DETERMINERS):
        return None
    return of_view(reader, j), lex.ORDINAL_SIDES[sides[0]]

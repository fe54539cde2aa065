"""The words before a head: the field of the noun phrase that each one fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.types import Number

_DROPPED = word_set("other same only next own such else more most of not")


def premodify(
    phrase: PhraseDraft,
    words: Sequence[str],
    run: Sequence[int],
    sides: Mapping[int, str],
    head: bool = False,
) -> Number | None:
    """Fill ``phrase`` with the words at ``run``, without the last one if it is the ``head``.

    ``sides`` holds the directions of ordinals before the head ("2nd from right mug"). Returns the
    cardinal, None without one.
    """
    number: Number | None = None
    for k, i in enumerate(run[:-1] if head else run):
        word = words[i]
        before = words[run[k - 1]] if k else ""
        following = words[run[k + 1]] if k + 1 < len(run) else ""
        index, value = morph.ordinal(word), morph.cardinal(word)
        compound = word == "second" and following == "hand" and k + 2 < len(run)
        if index is not None and not (compound or _is_compound(words, i, word, following)):
            phrase.ordinal, phrase.side = index, sides.get(i)
        elif morph.superlative(word):
            phrase.superlative = morph.superlative(word)
        elif word == "distant" and before == "most":
            phrase.superlative = "far"
        elif word in ("far", "near") and not morph.positions(following):
            phrase.superlative = word
        elif word in lex.EXTREMES and morph.positions(following):
            continue
        elif word == "top" and before in nouns.GARMENT_TOPS:
            phrase.describe(word)
        elif sides_named := morph.positions(word):
            if before in lex.EXTREMES and sides_named[0] in lex.PICTURE_SIDES:
                phrase.superlative = sides_named[0]
            else:
                phrase.position.update(sides_named)
        elif (
            value is not None
            and number is None
            and not phrase.attributes  # behind an attribute a size or a label: "size 9 shoe"
            and following not in lex.UNITS
            and not (morph.is_ed(following) and head and not morph.is_plural(words[run[-1]]))
        ):
            number = count(value)  # but "three legged stool" counts no stools
        elif word in lex.POSITION_NOUNS and morph.positions(before):
            continue
        elif word not in _DROPPED and (word not in lex.DEGREE or word == "pretty"):
            phrase.describe(word)
    return number


def _is_compound(words: Sequence[str], i: int, word: str, following: str) -> bool:
    """Return whether an ordinal word is part of a compound: "first aid", a watch's second hand."""
    if (word, following) in lex.ORDINAL_COMPOUNDS:
        return True
    clock = lex.CLOCKS.intersection(words[i + 2 : i + 6])
    return (word, following) == ("second", "hand") and bool(clock)


def head_number(words: Sequence[str], run: Sequence[int], determiner: str) -> Number:
    """Return the number that the form of the head gives: "all" for a plural, else "one"."""
    head = words[run[-1]]
    if head == "glasses":
        before = words[run[-2]] if len(run) > 1 else ""
        drinking = bool(before) and not morph.is_adjective(before) and before not in adj.EYEWEAR
        return "all" if drinking else "one"
    if head in ("everything", "everyone", "everybody"):
        return "all"
    return "all" if morph.is_plural(head) and determiner not in ("a", "an") else "one"


def count(value: int | None) -> Number:
    """Return a cardinal as a number: "one" up to 1."""
    return value if value is not None and value > 1 else "one"


def quantified(word: str, before: Number | None) -> Number | None:
    """Return the number after the quantifier ``word``, ``before`` where it gives none."""
    if word == "both":
        return 2
    if word in ("all", "each", "every"):
        return "all"
    return "one" if word in ("any", "which", "what", "whichever", "either") else before

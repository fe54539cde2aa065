"""The words before a head: which field of the phrase each one fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zsris_ros.language.grammar.phrase_draft import Phrase
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as w
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.types import Number

_DROPPED = word_set("other same only next own such else more most of not")


def premodify(
    phrase: Phrase,
    words: Sequence[str],
    run: Sequence[int],
    sides: Mapping[int, str],
    head: bool = False,
) -> Number | None:
    """Files the words at ``run`` under the phrase, without the last one if it is the ``head``.

    ``sides`` holds the directions of ordinals that stand before the head ("2nd from right mug").
    Returns the cardinal, if there is one.
    """
    number: Number | None = None
    for k, i in enumerate(run[:-1] if head else run):
        word = words[i]
        before = words[run[k - 1]] if k else ""
        following = words[run[k + 1]] if k + 1 < len(run) else ""
        index, value = w.ordinal(word), w.cardinal(word)
        compound = word == "second" and following == "hand" and k + 2 < len(run)
        if index is not None and not (compound or _is_compound(words, i, word, following)):
            phrase.ordinal, phrase.side = index, sides.get(i)
        elif w.superlative(word):
            phrase.superlative = w.superlative(word)
        elif word == "distant" and before == "most":
            phrase.superlative = "far"
        elif word in ("far", "near") and not w.positions(following):
            phrase.superlative = word
        elif word in lex.EXTREMES and w.positions(following):
            continue
        elif word == "top" and before in nouns.GARMENT_TOPS:
            phrase.describe(word)
        elif w.positions(word):
            _place(phrase, word, before in lex.EXTREMES)
        elif (
            value is not None
            and number is None
            and not phrase.attributes
            and following not in lex.UNITS
            and not (w.is_ed(following) and head and not w.is_plural(words[run[-1]]))
        ):
            number = count(value)  # behind an attribute it is a size or a label: "size 9 shoe";
            # nor does "three legged stool" count stools
        elif word in lex.POSITION_NOUNS and w.positions(before):
            continue
        elif word not in _DROPPED and (word not in lex.DEGREE or word == "pretty"):
            phrase.describe(word)
    return number


def _place(phrase: Phrase, word: str, extreme: bool) -> None:
    sides = w.positions(word)
    if extreme and sides[0] in ("left", "right", "top", "bottom"):
        phrase.superlative = sides[0]
    else:
        phrase.place(sides)


def _is_compound(words: Sequence[str], i: int, word: str, following: str) -> bool:
    """An ordinal word inside a fixed compound is no ordinal: "first aid", a watch's hand."""
    if (word, following) in lex.ORDINAL_COMPOUNDS:
        return True
    clock = lex.CLOCKS.intersection(words[i + 2 : i + 6])
    return (word, following) == ("second", "hand") and bool(clock)


def form_number(words: Sequence[str], run: Sequence[int], determiner: str) -> Number:
    """The number that the form of the head tells: "all" for a plural, else "one"."""
    head = words[run[-1]]
    if head == "glasses":
        before = words[run[-2]] if len(run) > 1 else ""
        drinking = bool(before) and not w.is_adjective(before) and before not in adj.EYEWEAR
        return "all" if drinking else "one"
    if head in ("everything", "everyone", "everybody"):
        return "all"
    return "all" if w.is_plural(head) and determiner not in ("a", "an") else "one"


def count(value: int | None) -> Number:
    return value if value is not None and value > 1 else "one"


def quantified(word: str, before: Number | None) -> Number | None:
    if word == "both":
        return 2
    if word in ("all", "each", "every"):
        return "all"
    return "one" if word in ("any", "which", "what", "whichever", "either") else before

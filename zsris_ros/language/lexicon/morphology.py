"""The word classes of a word, and the phrases of the lexicon at an index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import nouns

_VOWEL = re.compile("[aeiouy]")
_NUMBERED = re.compile(r"(\d{1,4})(?:st|nd|rd|th)", re.ASCII)
_SEGMENT = re.compile(r"[\w'-]+")


def match(table: lex.Phrases, words: Sequence[str], i: int) -> tuple[str, int] | None:
    """Return kind and length of the longest phrase of ``table`` at word ``i``."""
    by_second = table.get(words[i])
    if by_second is None:
        return None
    for phrase, kind in by_second.get(words[i + 1], ()):
        length = len(phrase)
        if length < 3 or tuple(words[i : i + length]) == phrase:
            return kind, length
    single = by_second.get("")
    return (single[0][1], 1) if single else None


@lru_cache(maxsize=4096)
def ordinal(word: str) -> int | None:
    """Return the rank of third, 3rd or twenty-third, -1 of last, None of any other word."""
    if word in lex.ORDINALS:
        return lex.ORDINALS[word]
    found = _NUMBERED.fullmatch(word)
    if found:
        return int(found.group(1)) or None
    tens, mark, units = word.partition("-")
    if mark and tens in lex.CARDINALS and 0 < lex.ORDINALS.get(units, 0) < 10:
        return lex.CARDINALS[tens] + lex.ORDINALS[units]
    return None


@lru_cache(maxsize=4096)
def cardinal(word: str) -> int | None:
    """Return the value of two, 2 or twenty-one, None of any other word."""
    if word in lex.CARDINALS:
        return lex.CARDINALS[word]
    if word.isdecimal() and len(word) <= 4:
        return int(word)
    tens, mark, units = word.partition("-")
    if mark and tens in lex.CARDINALS and 0 < lex.CARDINALS.get(units, 0) < 10:
        return lex.CARDINALS[tens] + lex.CARDINALS[units]
    return None


@lru_cache(maxsize=4096)
def positions(word: str) -> tuple[str, ...]:
    """Return the sides of a position word: left -> (left,), upper-left -> (top, left)."""
    if word in lex.POSITIONS:
        return (lex.POSITIONS[word],)
    parts = word.split("-")
    if len(parts) > 1 and all(part in lex.POSITIONS or part == "hand" for part in parts):
        return tuple(lex.POSITIONS[part] for part in parts if part != "hand")
    return ()


def superlative(word: str) -> str | None:
    """Return the side of a superlative: leftmost -> left, biggest -> big."""
    return lex.SUPERLATIVES.get(word)


@lru_cache(maxsize=4096)
def is_adjective(word: str) -> bool:
    """Return whether a word is an adjective by the list or by its suffix."""
    if word in adj.ADJECTIVES or is_extreme(word):
        return True
    if "-" in word:
        return word.rpartition("-")[2] in adj.ADJECTIVES or word.endswith(("ed", "en"))
    noun = word in adj.NOT_ADJECTIVES or word.endswith(adj.NOUN_SUFFIXES)
    return len(word) > 5 and word.endswith(adj.ADJECTIVE_SUFFIXES) and not noun


def is_extreme(word: str) -> bool:
    """Return whether a word is the superlative of a known adjective: heaviest, darkest."""
    stem = word[:-3]
    return word.endswith("est") and (
        stem in adj.ADJECTIVES
        or stem + "e" in adj.ADJECTIVES
        or stem[:-1] in adj.ADJECTIVES
        or (stem.endswith("i") and stem[:-1] + "y" in adj.ADJECTIVES)
    )


def is_manner(word: str) -> bool:
    """Return whether a word is an adverb in -ly: partially, but not family or curly."""
    if not word.endswith("ly") or word.endswith(adj.NO_MANNER) or word in adj.LY_NOUNS:
        return False
    return len(word) > 6 or (len(word) > 4 and not word.endswith("lly"))  # not "brolly"


def may_describe(word: str) -> bool:
    """Return whether a word may be an adjective; nouns in -y and -en pass as well."""
    return is_adjective(word) or word.endswith(adj.LOOSE_SUFFIXES)


@lru_cache(maxsize=4096)
def is_ing(word: str) -> bool:
    """Return whether a word is a present participle, but not a noun such as ceiling."""
    stem = word[:-3]
    return (
        word.endswith("ing")
        and word not in adj.ING_NOUNS
        and word.rpartition("-")[2] not in adj.ING_NOUNS
        and bool(_VOWEL.search(stem))
        and len(word) > 4
    )


@lru_cache(maxsize=4096)
def is_ed(word: str) -> bool:
    """Return whether a word is a past participle: held, painted, but not seed or bed."""
    return word in adj.IRREGULAR_PARTICIPLES or (
        word.endswith("ed")
        and not word.endswith("eed")
        and word not in adj.ED_NOUNS
        and bool(_VOWEL.search(word[:-2]))
        and len(word) > 4
    )


@lru_cache(maxsize=4096)
def is_person(word: str) -> bool:
    """Return whether a noun names a person or people."""
    if word in nouns.PEOPLE or (word.endswith("s") and word[:-1] in nouns.PEOPLE):
        return True
    return len(word) > 4 and word.endswith(nouns.PERSON_SUFFIXES) and word not in nouns.NOT_PERSON


@lru_cache(maxsize=4096)
def is_animate(word: str) -> bool:
    """Return whether a noun names people, animals or robots."""
    return word in nouns.ANIMALS or singular(word) in nouns.ANIMALS or is_person(word)


@lru_cache(maxsize=4096)
def is_clothing(word: str) -> bool:
    """Return whether a noun names something worn."""
    return (
        word in nouns.CLOTHING
        or singular(word) in nouns.CLOTHING
        or (word.endswith(nouns.CLOTHING_SUFFIXES) and word not in nouns.NOT_CLOTHING)
    )


def is_detail(word: str) -> bool:
    """Return whether a noun names a part without a place of its own: label, handle, hair, hat."""
    return word in nouns.MARKS or word in nouns.BODY or is_clothing(word)


@lru_cache(maxsize=4096)
def is_plural(word: str) -> bool:
    """Return whether a noun is plural by its form; scissors are one object."""
    word = word.rpartition("-")[2]
    if word in nouns.ONE_THING or word in nouns.SINGULAR_S or word in nouns.NOT_PLURAL:
        return False
    if word in nouns.IRREGULAR_PLURALS or word in nouns.PLURAL_US:
        return True
    if word.endswith(nouns.PLURAL_SUFFIXES):
        return True
    return len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "'s", "sis"))


def singular(word: str) -> str:
    """Return the singular of a plural noun, any other word unchanged."""
    if word in nouns.IRREGULAR_SINGULARS:
        return nouns.IRREGULAR_SINGULARS[word]
    if not is_plural(word) or word in nouns.IRREGULAR_PLURALS or not word.endswith("s"):
        for plural, single in (("men", "man"), ("children", "child"), ("people", "person")):
            if is_plural(word) and word.endswith(plural):
                return word[: -len(plural)] + single
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zzes", "oes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=4096)
def plural(word: str) -> str:
    """Return the plural of a singular noun: mug -> mugs, box -> boxes, man -> men."""
    for single, several in (("man", "men"), ("person", "people"), ("child", "children")):
        if word.endswith(single) and singular(word[: -len(single)] + several) == word:
            return word[: -len(single)] + several
    for several, single in nouns.IRREGULAR_SINGULARS.items():
        if word == single:
            return several
    if word in nouns.IRREGULAR_PLURALS:
        return word
    if word.endswith("y") and word[-2:-1] not in ("", *"aeiou"):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")


def is_placement(word: str) -> bool:
    """Return whether a word is a verb of being somewhere, in a form without a noun: sitting."""
    return word in lex.PLACEMENT and (
        word.endswith(("ing", "ed"))
        or word in {"situated", "sat", "put", "kept", "hung", "stood", "found"}
    )


@lru_cache(maxsize=4096)
def is_noun_like(word: str) -> bool:
    """Return whether a word can be a head: no number, adjective, position or superlative."""
    return bool(_SEGMENT.match(word)) and not (
        (is_adjective(word) and word not in adj.COLOUR_NOUNS)
        or word in lex.DEGREE
        or word in lex.EXTREMES
        or word in lex.POSITIONS
        or word in lex.SUPERLATIVES
        or word in lex.DETERMINERS
        or word in lex.HESITATIONS
        or word in ("other", "same", "only", "own")
        or ordinal(word) is not None
        or cardinal(word) is not None
        or bool(positions(word))
    )

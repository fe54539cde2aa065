"""Text to tokens: lower case, plain punctuation, contractions taken apart, spans kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from zsris_ros.language.lexicon.function_words import ORDINALS, SUPERLATIVES, word_list, word_set
from zsris_ros.types import InputError

# Words hold every character except white space, control characters, surrogates and ASCII
# punctuation, which keeps combining marks whole. The expression does not backtrack.
_WORD = r"[^\s\x00-\x2f:-@\[-`{-\x9f\ud800-\udfff]+"
_TOKEN = re.compile(
    rf"w/o(?:ut)?(?!\w)|w/|&|{_WORD}(?:['\-]{_WORD})*|[.!?]+|[,;:()\[\]\"]+|'s(?!\S)|'"
)
# Control characters and marks of the writing direction, which would act on a terminal or a log.
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F),
             *range(0x2066, 0x206A))  # fmt: skip
_PLAIN = str.maketrans(
    {**dict.fromkeys(map(chr, _CONTROLS), " "),
     **dict.fromkeys("\u2019\u2018\u0060\u00b4", "'"), **dict.fromkeys("\u2010\u2011", "-"),
     **dict.fromkeys("\u201c\u201d\u00ab\u00bb\u2013\u2014\u3001\uff0c\u00b7", ","),
     **dict.fromkeys("\u2026\u3002\u00bf\u00a1\uff01\uff1f", ".")}
)  # fmt: skip
_IS = word_set("that who what where it there here he she which how when everything")
_MOST = word_set("left right top bottom upper lower front back rear")
_SHORT = {"w/": "with", "w": "with", "w/o": "without", "w/out": "without", "&": "and",
          "btw": "between", "btwn": "between"}  # fmt: skip
_SUFFIXES = {"'re": "are", "'m": "am", "'ve": "have", "'ll": "will", "'d": "would"}
_NOT = word_list("is are was were do does did has have had could would should")
_BASES = {"ca": "can", "wo": "will"}
SPOKEN = {
    **{f"{verb}nt": (verb, "not") for verb in _NOT},
    **{f"{word}s": (word, "is") for word in word_list("that who where what there here")},
    **{f"{word}s": (word, "'s") for word in word_list("man woman child men women children lady")},
    "im": ("i", "am"), "ive": ("i", "have"), "youve": ("you", "have"), "lets": ("let", "us"),
    "gimme": ("give", "me"), "lemme": ("let", "me"), "wanna": ("want", "to"),
    "gonna": ("going", "to"), "cannot": ("can", "not"), "youre": ("you", "are"),
    "cant": ("can", "not"), "wont": ("will", "not"),
}  # fmt: skip
"""Contractions that a speech recogniser writes as one word."""

COMMA, STOP = ",", "."


class Token(NamedTuple):
    """One word in lower case with its span (start, end) in the normalised text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Tokens:
    """The tokens of ``source``, the text in lower case with plain quotes and single blanks."""

    source: str
    items: tuple[Token, ...]

    def span(self, first: int, last: int) -> str:
        """Return the text of tokens first..last-1 as written in the source."""
        if first >= last:
            return ""
        return " ".join(self.source[self.items[first].start : self.items[last - 1].end].split())


def tokenise(text: str) -> Tokens:
    """Return the tokens of one expression.

    Raises:
        InputError: The text holds no letter or digit.
    """
    source = unicodedata.normalize("NFC", text).lower().translate(_PLAIN)
    if not any(character.isalnum() for character in source):
        raise InputError(
            "the expression holds no word: say which object is meant, "
            'for example "the red mug on the left"'
        )
    items: list[Token] = []
    quoted = False
    for match in _TOKEN.finditer(source):
        word, start, end = match.group(), match.start(), match.end()
        if word == "'s":
            items.append(Token("'s", start, end))
        elif word == "'":
            before = source[start - 1 : start]
            if before == "s" and not quoted:
                items.append(Token("'s", start, end))
            quoted = not quoted and not before.strip()
        elif word in _SHORT and not (word == "w" and items and items[-1].text.isdecimal()):
            items.append(Token(_SHORT[word], start, end))
        elif word[0] in ".!?":
            items.append(Token(STOP, start, end))
        elif word[0] in ',;:()[]"':
            # Quotation marks around a label separate nothing.
            if word.strip('"'):
                items.append(Token(COMMA, start, end))
        elif word == "last" and (begin := _before_last(items)) is not None:
            items[begin:] = [Token("second-to-last", items[begin].start, end)]
        elif word == "down" and items and items[-1].text == "upside":
            items[-1] = Token("upside-down", items[-1].start, end)
        elif word == "most" and items and items[-1].text in _MOST:
            items[-1] = Token(items[-1].text + word, items[-1].start, end)
        elif "'" in word or word in SPOKEN or _starts_with_ordinal(word):
            items.extend(_split(word, start, end))
        else:
            items.append(Token(word, start, end))
    return Tokens(source, tuple(items))


def _before_last(items: list[Token]) -> int | None:
    """Return the start of "second to last" or "next to last", where "last" comes next."""
    joined = bool(items) and items[-1].text == "to"
    begin = len(items) - 1 - joined
    counted = ("second", "2nd", "next") if joined else ("second", "2nd")
    return begin if begin >= 0 and items[begin].text in counted else None


def _starts_with_ordinal(word: str) -> bool:
    """Return whether a word starts with an ordinal: second-closest, third-from-left."""
    first, _, rest = word.partition("-")
    return first in ORDINALS and (rest in SUPERLATIVES or rest.startswith("from-"))


def _split(word: str, start: int, end: int) -> Iterator[Token]:
    """Yield the parts of a word: is|n't, cow|'s, that|'s -> is."""
    if word in SPOKEN:
        first, second = SPOKEN[word]
        cut = end - 1 if second == "'s" else end
        yield Token(first, start, cut)
        yield Token(second, cut if second == "'s" else start, end)
        return
    if _starts_with_ordinal(word):
        for part in word.split("-"):
            yield Token(part, start, start + len(part))
            start += len(part) + 1
        return
    if word.endswith("n't") and len(word) > 3:
        yield Token(_BASES.get(word[:-3], word[:-3]), start, end - 3)
        yield Token("not", end - 3, end)
        return
    base, mark, suffix = word.rpartition("'")
    if mark and suffix == "s":
        cut = end - 2
        yield Token(base, start, cut)
        yield Token("is" if base in _IS else "us" if base == "let" else "'s", cut, end)
    elif mark and mark + suffix in _SUFFIXES:
        yield Token(base, start, end - len(suffix) - 1)
        yield Token(_SUFFIXES[mark + suffix], end - len(suffix) - 1, end)
    else:
        yield Token(word, start, end)

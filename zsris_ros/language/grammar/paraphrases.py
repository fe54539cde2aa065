"""Plain adjectives for paraphrases: "red-coloured", "red in colour", "whose colour is red"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from zsris_ros.language.grammar.tokens import COMMA, STOP, Token
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon.function_words import word_set

_COLOUR = word_set("color colour colors colours")
_COLOURED = word_set("colored coloured")
_SUFFIXES = _COLOURED | {"sized"}
_COMPOUND = re.compile(r"(?P<plain>\w+)-(?:colou?red|sized?)")
_SIZES = word_set("big small large little tiny huge medium")
_HAVING = word_set("of with in having has have had")


def plain_adjectives(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with each paraphrase replaced by its colour or size.

    Behind a noun the replacement is a clause: "the mug coloured red" is "the mug that is red".
    """
    words = [token.text for token in tokens] + [""] * 6
    kept: list[Token] = []
    i = 0
    while i < len(tokens):
        token, word = tokens[i], words[i]
        before = kept[-1].text if kept else ""
        compound = _COMPOUND.fullmatch(word)
        end = i
        if compound and compound["plain"] in adj.COLOURS | _SIZES:
            plain = compound["plain"]
            kept.append(Token(plain, token.start, token.start + len(plain)))
            end = i + 1
        elif before in (_SIZES if word == "sized" else adj.COLOURS) and word in _SUFFIXES:
            end = i + 1
        elif word == "in" and words[i + 1] in _COLOUR | {"size"} and before in adj.ADJECTIVES:
            end = i + 2
            if words[end] not in ("", COMMA, STOP, "and"):
                kept.append(Token(COMMA, token.start, token.start))
        elif word == "whose" and words[i + 1] in _COLOUR and words[i + 2] in lex.LINKING:
            end = i + 3
            kept += _clause(token, before)
        elif kept and (found := _colour_behind(words, i)) is not None:
            begin, end = found
            kept += _clause(token, before)
            kept += [each for each in tokens[begin:end] if each.text in adj.COLOURS | adj.SHADES]
        if end == i:
            kept.append(token)
            end = i + 1
        i = end
    return kept


def _colour_behind(words: Sequence[str], i: int) -> tuple[int, int] | None:
    """Return the range with the colours of "coloured red", "of red colour", "in the colour red"."""
    k = i + 1
    if words[i] in _COLOURED:
        k += words[k] == "in"
        end = _colours_end(words, k)
        return (k, end) if end > k else None
    if words[i] not in _HAVING:
        return None
    k += words[k] in lex.ARTICLES
    if words[k] in _COLOUR:
        end = _colours_end(words, k + 1)
        return (k + 1, end) if end > k + 1 else None
    end = _colours_end(words, k)
    return (k, end + 1) if end > k and words[end] in _COLOUR else None


def _colours_end(words: Sequence[str], i: int) -> int:
    while words[i] in adj.COLOURS or (words[i] in adj.SHADES and words[i + 1] in adj.COLOURS):
        i += 1
    return i


def _clause(token: Token, before: str) -> list[Token]:
    """Return "that is", or what of it does not stand before already."""
    added = [] if before in (*lex.RELATIVES, *lex.LINKING) else ["that"]
    added += [] if before in lex.LINKING else ["is"]
    return [Token(word, token.start, token.start) for word in added]

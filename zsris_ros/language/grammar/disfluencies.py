"""Hesitation, and what a speaker takes back: "the uh red, no the blue cup"."""

from __future__ import annotations

from collections.abc import Sequence

from zsris_ros.language.grammar.tokens import COMMA, Token, Tokens
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as w
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import phrase_table

_CUES = phrase_table({
    "": """
        no, sorry, wait, i mean, i meant, actually, make that, scratch that, or rather, no wait,
        no sorry, wait no, oh no, uh no, um no, no i mean, sorry i mean, sorry no, no sorry i mean
    """,
})  # fmt: skip


def mend(tokens: Tokens) -> Tokens:
    """The tokens without sounds of hesitation and without what was taken back, "the dogs tail" with
    its apostrophe.

    A cue before a determiner takes back the phrase begun so far; between two colours, sides,
    ordinals or numbers it takes back the first one.
    """
    items = _without_repeats(_with_owners(_without_sounds(tokens.items)))
    words = [token.text for token in items] + [""] * 8
    i = len(items) - 1
    while i > 0:
        row = w.match(_CUES, words, i)
        if row is not None:
            begin, end = i, i + row[1]
            begin -= words[begin - 1] == COMMA
            end += words[end] == COMMA
            start = _taken_back(words, begin, end)
            if start is not None:
                del items[start:end], words[start:end]
                i = start
        i -= 1
    return Tokens(tokens.source, tuple(items))


def _with_owners(tokens: Sequence[Token]) -> list[Token]:
    """A recogniser leaves out apostrophes: somebody's plural before a part is its owner."""
    found: list[Token] = []
    words = [token.text for token in tokens] + [""] * 3
    for i, token in enumerate(tokens):
        if not token.text.endswith("s"):
            found.append(token)
            continue
        owner, following = token.text[:-1], words[i + 1 + bool(w.positions(words[i + 1]))]
        worn = w.is_clothing(following) or w.is_clothing(f"{following}s")
        owned = worn or following in nouns.BODY or following in nouns.MARKS
        if owned and w.is_animate(owner):
            found.append(Token(owner, token.start, token.end - 1))
            found.append(Token("'s", token.end - 1, token.end))
        else:
            found.append(token)
    return found


def _without_sounds(tokens: Sequence[Token]) -> list[Token]:
    """Without "uh" and "um", nor the commas on both sides of them; "10 mm" is a length."""
    kept: list[Token] = []
    sounded = False
    for token in tokens:
        length = token.text == "mm" and bool(kept) and kept[-1].text.isdecimal()
        if token.text in lex.SOUNDS and not length:
            sounded = True
            continue
        if sounded and token.text == COMMA:  # ", um,"
            while kept and kept[-1].text == COMMA:
                kept.pop()
        else:
            kept.append(token)
        sounded = False
    return kept


def _without_repeats(tokens: Sequence[Token]) -> list[Token]:
    """ "the second the second hook", "on on the table": what is said twice counts once.

    "on the right right now" says it once, and something else.
    """
    kept: list[Token] = []
    words = [token.text for token in tokens] + [""] * 8
    for i, token in enumerate(tokens):
        kept.append(token)
        if w.match(lex.TIME_PHRASES, words, i) is not None:
            continue
        for n in (1, 2, 3):
            last = [t.text for t in kept[-n:]]
            again = len(kept) >= 2 * n and last == [t.text for t in kept[-2 * n : -n]]
            closed = last[0] in lex.DETERMINERS or last[0] in lex.RELATIONS
            if again and closed and (n > 1 or last[0] in lex.RELATIONS):
                del kept[-2 * n : -n]
                break
    return kept


def _taken_back(words: Sequence[str], begin: int, end: int) -> int | None:
    """Where the words begin that a cue at ``begin`` takes back, or None where it is no cue."""
    if words[end] in lex.ARTICLES or words[end] in lex.DEMONSTRATIVES:
        openers = lex.DETERMINERS | set(lex.CARDINALS)
        return next((k for k in range(begin) if words[k] in openers), None)
    before, after = _kind(words[begin - 1]), _kind(words[end])
    return begin - 1 if before is not None and before == after else None


def _kind(word: str) -> str | None:
    if word in adj.COLOURS:
        return "colour"
    if w.positions(word) or word in lex.SUPERLATIVES:
        return "place"
    return "number" if w.ordinal(word) is not None or w.cardinal(word) is not None else None

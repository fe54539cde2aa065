"""Removal of hesitations, repeats and corrections: "the uh red, no the blue cup"."""

from __future__ import annotations

from collections.abc import Sequence

from zsris_ros.language.grammar.paraphrases import plain_adjectives
from zsris_ros.language.grammar.tokens import COMMA, Token, Tokens
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import phrase_table

_CORRECTIONS = phrase_table({
    "": """
        no, sorry, wait, i mean, i meant, actually, make that, scratch that, or rather, no wait, no
        sorry, wait no, oh no, uh no, um no, no i mean, sorry i mean, sorry no, no sorry i mean
    """,
})  # fmt: skip


def remove_disfluencies(tokens: Tokens) -> Tokens:
    """Return the tokens without disfluencies and paraphrases of adjectives.

    "The dogs tail" gets its apostrophe. A correction before a determiner replaces the phrase begun
    so far, one between two colours, sides, ordinals or numbers the first of the two.
    """
    spoken = _restore_apostrophes(_remove_sounds(tokens.items))
    items = _remove_repeats(plain_adjectives(spoken))
    words = [token.text for token in items] + [""] * 8
    i = len(items) - 1
    while i > 0:
        row = morph.match(_CORRECTIONS, words, i)
        if row is not None:
            begin, end = i, i + row[1]
            begin -= words[begin - 1] == COMMA
            end += words[end] == COMMA
            start = _replaced_from(words, begin, end)
            if start is not None:
                del items[start:end], words[start:end]
                i = start
        i -= 1
    return Tokens(tokens.source, tuple(items))


def _restore_apostrophes(tokens: Sequence[Token]) -> list[Token]:
    """Restore missing apostrophes: the plural of an animate noun before a part is its owner."""
    found: list[Token] = []
    words = [token.text for token in tokens] + [""] * 3
    for i, token in enumerate(tokens):
        if not token.text.endswith("s"):
            found.append(token)
            continue
        owner, following = token.text[:-1], words[i + 1 + bool(morph.positions(words[i + 1]))]
        worn = morph.is_clothing(following) or morph.is_clothing(f"{following}s")
        owned = worn or following in nouns.BODY or following in nouns.MARKS
        if owned and morph.is_animate(owner):
            found.append(Token(owner, token.start, token.end - 1))
            found.append(Token("'s", token.end - 1, token.end))
        else:
            found.append(token)
    return found


def _remove_sounds(tokens: Sequence[Token]) -> list[Token]:
    """Remove "uh" and "um" with the commas around them; "10 mm" is a length."""
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


def _remove_repeats(tokens: Sequence[Token]) -> list[Token]:
    """Remove the first of two equal phrases: "the second the second hook", "on on the table".

    "on the right right now" has no repeat.
    """
    kept: list[Token] = []
    words = [token.text for token in tokens] + [""] * 8
    for i, token in enumerate(tokens):
        kept.append(token)
        if morph.match(lex.TIME_PHRASES, words, i) is not None:
            continue
        for n in (1, 2, 3):
            last = [t.text for t in kept[-n:]]
            again = len(kept) >= 2 * n and last == [t.text for t in kept[-2 * n : -n]]
            closed = last[0] in lex.DETERMINERS or last[0] in lex.RELATIONS
            if again and closed and (n > 1 or last[0] in lex.RELATIONS):
                del kept[-2 * n : -n]
                break
    return kept


def _replaced_from(words: Sequence[str], begin: int, end: int) -> int | None:
    """Return the start of the words that a correction at ``begin`` replaces, None without one."""
    if words[end] in lex.ARTICLES or words[end] in lex.DEMONSTRATIVES:
        openers = lex.DETERMINERS | set(lex.CARDINALS)
        return next((k for k in range(begin) if words[k] in openers), None)
    before, after = _category(words[begin - 1]), _category(words[end])
    return begin - 1 if before is not None and before == after else None


def _category(word: str) -> str | None:
    if word in adj.COLOURS:
        return "colour"
    if morph.positions(word) or word in lex.SUPERLATIVES:
        return "place"
    return "number" if morph.ordinal(word) is not None or morph.cardinal(word) is not None else None

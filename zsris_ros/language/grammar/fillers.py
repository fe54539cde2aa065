"""Words that describe no object: "right now", "please", "a bit"."""

from __future__ import annotations

from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph


def filler(state: ParserState, i: int) -> int | None:
    """Skip a filler, a degree or a time phrase at ``i``."""
    words = state.words
    if length := state.time_phrase(i):
        return i + length
    little = words[i] == "a" and words[i + 1] in ("bit", "little", "tad", "touch")
    if little and morph.may_describe(words[i + 2]) and state.closes(i + 3):
        return i + 2  # "a bit frayed"
    return i + 1 if words[i] in lex.FILLERS else None


def skip_fillers(state: ParserState, i: int) -> int:
    """Return the index after fillers, adverbs such as "down" and time phrases."""
    while word := state.words[i]:
        length = state.time_phrase(i)
        if not length and word not in lex.CLOSING and word not in lex.FILLERS:
            break
        i += length or 1
    return i

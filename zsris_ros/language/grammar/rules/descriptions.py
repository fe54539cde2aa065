"""Attributes behind a noun, and noun phrases without a preposition."""

from __future__ import annotations

from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.rules.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.rules.relations import is_telegraphic, relate
from zsris_ros.language.grammar.rules.relative_clauses import skip_verb
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph


def described(state: ParserState, i: int) -> int:
    """Read an attribute or a bare noun phrase at ``i``: the last rule, which fits any word."""
    words, word = state.words, state.words[i]
    if word in lex.DEGREE or word in lex.ADVERBS or morph.is_manner(word):
        return i + 1
    if word == "half" and words[i + 1] in ("full", "empty") and words[i + 2] != "of":
        owner = state.path.owner("state")
        owner.describe(word)
        owner.describe(words[i + 1])
        return i + 2
    if word == "number" and words[i + 1].isdecimal():
        return i + 1
    alone = state.closes(i + 1) or words[i + 1] in lex.ADVERBS
    adjective = morph.is_adjective(word) or (state.predicate and word not in lex.DETERMINERS)
    if word.isdecimal() or (alone and adjective and not state.closes(i)):
        state.path.owner("state").describe(word)
        return i + 1
    subject = bool(state.after_relative) and not state.predicate
    if subject and morph.is_noun_like(word):
        state.after_relative = ""
        state.predicate = True
        return i + 1
    found = read_noun_phrase(state, i)
    if found is None:
        return i + 1
    phrase, end = found
    if subject:  # "the toy that the dog dropped"
        return skip_verb(state, end)
    apposition = phrase.head in ("one", "ones") and (state.predicate or phrase.determiner)
    if phrase.headless or apposition:
        absorb(state, phrase)
    elif is_telegraphic(phrase):
        relate(state, "with", phrase)
    return end


def filler(state: ParserState, i: int) -> int | None:
    """Skip a filler, a degree or a time phrase at ``i``."""
    words = state.words
    if length := state.time_phrase(i):
        return i + length
    little = words[i] == "a" and words[i + 1] in ("bit", "little", "tad", "touch")
    if little and morph.may_describe(words[i + 2]) and state.closes(i + 3):
        return i + 2  # "a bit frayed"
    return i + 1 if words[i] in lex.FILLERS else None


def absorb(state: ParserState, phrase: PhraseDraft) -> None:
    """Add the modifiers of an apposition to the target: "the hammer, the big one"."""
    target = state.path.target
    for word in phrase.attributes:
        target.describe(word)
    target.position |= phrase.position
    target.superlative = target.superlative or phrase.superlative
    target.ordinal = phrase.ordinal if target.ordinal is None else target.ordinal
    state.resume_target()

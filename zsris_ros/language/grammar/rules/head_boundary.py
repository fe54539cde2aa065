"""The boundary between the head of a noun phrase and the words behind it."""

from __future__ import annotations

from collections.abc import Sequence

from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns


def is_behind_head(state: ParserState, i: int, run: Sequence[int], bare: bool) -> bool:
    """Return whether the word at ``i`` follows the head, by the noun chunk where there is one.

    ``run`` holds the indices of the noun phrase so far, ``bare`` is a phrase without a determiner.
    """
    end = state.dependencies.chunk_ends.get(run[0]) if state.dependencies else None
    if end is None:
        return _starts_phrase(state, i, run, bare)
    if i >= end:
        return True
    return bool(morph.positions(state.words[i])) and _position_follows(state, i, run)


def is_intensifier(state: ParserState, i: int) -> bool:
    """Return whether the word at ``i`` intensifies a relation: "right behind", "directly above".

    "right in red" and "right with" keep the position.
    """
    row = state.relation(i + 1)
    if state.words[i] == "right" and row is not None and row[1] == 1:
        return state.words[i + 1] not in ("in", "with", "wearing", "of")
    return row is not None or state.words[i + 1] in ("here", "there")


def _starts_phrase(state: ParserState, i: int, run: Sequence[int], bare: bool) -> bool:
    words, word, last = state.words, state.words[i], state.words[run[-1]]
    ends = state.closes(i + 1)
    if word in lex.ADVERBS and not morph.positions(word):
        return True
    if word in nouns.FAMILY and state.subject_and_verb(i) is not None:
        return True
    if _verb_follows(state, i, run) or morph.ordinal(word) is not None:
        return True
    if word in lex.EXTREMES and (morph.positions(words[i + 1]) or ends):
        return True
    if morph.superlative(word) and (bare or ends or state.is_position(i + 1)):
        return True
    numbered = word == "number" and morph.cardinal(words[i + 1]) is not None
    if (word.isdecimal() and ends) or numbered:
        return True
    if (word == "full" and ends) or (word == "half" and words[i + 1] in ("full", "empty")):
        return True
    if last in nouns.INDEFINITE and morph.is_adjective(word):
        return True  # "something red"
    if morph.positions(word):
        return _position_follows(state, i, run)
    if word in adj.SHADES and words[i + 1] in adj.COLOURS and bare and morph.is_person(last):
        return True
    worn = morph.is_clothing(word) or word in nouns.BODY
    if bare and last in nouns.ANYBODY and worn and (ends or state.is_position(i + 1)):
        return True  # "man sunglasses"
    if morph.is_manner(word):
        following = words[i + 1]
        verb = morph.is_ed(following) or morph.is_ing(following) or morph.is_adjective(following)
        return ends or (verb and state.closes(i + 2))
    if not morph.is_adjective(word) or last in nouns.SHADES_FIRST:
        return False
    person = morph.is_person(last)
    if ends:
        # "mug red", but "fresh orange" and "woman orange" keep their noun.
        noun = word in adj.COLOUR_NOUNS or (word in adj.NOUNS_TOO and not person)
        return morph.is_noun_like(last) and (not noun or person)
    known = morph.is_animate(last) or (
        bare and not morph.may_describe(last) and _can_have(state, i, last)
    )
    return known and not (last in adj.SHADES and not person)


def _verb_follows(state: ParserState, i: int, run: Sequence[int]) -> bool:
    """Return whether a participle at ``i`` follows the head rather than precedes one."""
    word, following = state.words[i], state.words[i + 1]
    if word in lex.HAVING and word not in ("hold", "carry", "bearing", "got"):
        return True
    if not state.is_final(i + 1) and (word in lex.LABELS or word in lex.OWNED):
        return state.relation(i + 1) is None or state.ends(i + 2)
    ends = (
        state.closes(i + 1)
        or state.is_position(i + 1)
        or following in lex.ADVERBS
        or (morph.ordinal(following) is not None and state.closes(i + 2))
        or following in lex.POSTURES
        or morph.is_manner(following)
    )
    if morph.is_placement(word):
        return ends or state.is_comparison(i + 1)
    if not (morph.is_ing(word) or morph.is_ed(word)):
        return False
    before = state.words[run[-1]]
    if morph.is_ing(word) and morph.is_person(before) and before not in ("baby", "kid"):
        return True  # "girl blowing bubbles"
    if morph.is_ed(word) and morph.is_adjective(following) and state.closes(i + 2):
        return True  # "painted red", "stamped fragile"
    return ends or (morph.is_animate(before) and word in adj.TRANSITIVE)


def _can_have(state: ParserState, i: int, noun: str) -> bool:
    """Return whether ``noun`` has the phrase at ``i``: "laptop blue sticker", not "grey parrot"."""
    while not state.closes(i + 1) and not state.is_position(i + 1):
        i += 1
    owners = nouns.VEHICLES | nouns.CONTAINERS | nouns.NEUTRAL
    return noun in owners or morph.is_detail(state.words[i])


def _position_follows(state: ParserState, i: int, run: Sequence[int]) -> bool:
    """Return whether "left" follows a head: "guy left", but not "car front bumper", "tank top"."""
    word, last = state.words[i], state.words[run[-1]]
    if word == "top" and last in nouns.TOPS:
        return False
    if word in ("center", "centre") and last in nouns.CENTRES:
        return False
    return state.is_position(i) or morph.is_person(last) or morph.is_adjective(state.words[i + 1])

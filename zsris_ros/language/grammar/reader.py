"""All rules of the grammar in their order: one text is read from left to right."""

from __future__ import annotations

from zsris_ros.language.grammar.command_prefix import (
    command_prefix,
    errand_start,
    goal_start,
    is_command_about_pronoun,
)
from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.rules.coordination import coordinated
from zsris_ros.language.grammar.rules.descriptions import described, filler
from zsris_ros.language.grammar.rules.negation import exclude, negated
from zsris_ros.language.grammar.rules.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.rules.order import compared, ordered, read_direction
from zsris_ros.language.grammar.rules.participles import participle
from zsris_ros.language.grammar.rules.places import located, read_place
from zsris_ros.language.grammar.rules.relations import possessed, related
from zsris_ros.language.grammar.rules.relative_clauses import clause
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import COMMA, STOP, Tokens
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns

RULES = (negated, filler, ordered, located, compared, clause, possessed, participle, related)
"""A rule reads one modifier at an index and returns the index after it, None if it does not apply.
The first rule that applies reads the modifier; ``described``, the last, applies always."""


def read_targets(state: ParserState) -> list[PhraseDraft]:
    """Return the targets of the text with their modifiers."""
    words = state.words
    prefix = command_prefix(words, state.size, errand_start(words, state.size))
    before = PhraseDraft("one", "one", headless=True)
    i = _read_introduction(state, prefix.end, before)
    i = state.dependencies.target_start(i) if state.dependencies else i
    target, i = (
        _read_target(state, i) or _read_target(state, 0 if i >= state.size else i) or (before, i)
    )
    _add_introduction(target, before)
    if _is_recipient(state, target, i):
        target, i = read_noun_phrase(state, i, target=True) or (target, i)
    if target.head in nouns.INVARIANT and target.number == "one":
        verb = words[i + (words[i] in lex.RELATIVES)]
        target.number = "all" if verb in ("are", "were", "have") else "one"
    state.start_target(target)
    if prefix.placing:
        state.truncate(goal_start(words, i, state.size))
    return _finish(state, target, i)


def read_object(state: ParserState) -> list[PhraseDraft] | None:
    """Return the targets of a text without a command prefix, None without an object."""
    found = read_noun_phrase(state, state.skip_fillers(0), target=True)
    if found is None:
        return None
    state.start_target(found[0])
    return _finish(state, *found)


def _finish(state: ParserState, target: PhraseDraft, i: int) -> list[PhraseDraft]:
    """Read the modifiers of the target from ``i`` on, and the further targets."""
    _read_modifiers(state, i)
    if state.elliptic:  # "the first and third cup from the right on the shelf"
        target.side = target.side or state.further[0].side
        target.relations = target.relations or state.further[0].relations
    if target.headless and not any(map(str.isalpha, state.tokens.source)):
        target.text = target.head = state.tokens.source.strip()  # a bare number is a label
        target.number = "one"
    elif target.headless and _is_bare(target):
        if found := _read_later(state):
            return found
        _name_by_last_word(state, target)
    return [target, *state.further]


def _read_introduction(state: ParserState, i: int, before: PhraseDraft) -> int:
    """Read a direction, a place or a negation before the target; return the index after it."""
    start, words = i, state.words
    while i < state.size:
        direction = read_direction(state, i)
        place = read_place(state, i) if words[i] in ("on", "in", "at", "to") else None
        if direction is not None:
            i, before.side = direction
        elif place is not None:
            before.position.update(place.sides)
            i, before.superlative = place.end, place.superlative
        elif words[i] in ("do", "does", "did") and words[i + 1] == "not":
            # "don't take the red one, take ..."
            i = exclude(state, command_prefix(words, state.size, i + 2).end, before)
        elif words[i] in ("not", "neither") and words[i + 1] in lex.DETERMINERS:
            i = exclude(state, i + 1, before)
        elif words[i] in (COMMA, STOP, "but", "and", "or", "i", "is") or (
            words[i] in lex.FILLERS or words[i] in ("want", "mean", "rather")
        ):
            i += 1
        elif i > start and (end := command_prefix(words, state.size, i).end) > i:
            i = end
        else:
            break
    return i


def _read_target(state: ParserState, i: int) -> tuple[PhraseDraft, int] | None:
    word = state.words[i]
    person = word in ("someone", "somebody")
    if person or (word in ("it", "them", "him", "her") and state.closes(i + 1)):
        return PhraseDraft(
            word, word, number="all" if word == "them" else "one", span=(i, i + 1)
        ), i + 1
    return read_noun_phrase(state, i, target=True)


def _add_introduction(target: PhraseDraft, before: PhraseDraft) -> None:
    if target is before:
        return
    target.side = target.side or before.side
    target.position |= before.position
    target.superlative = target.superlative or before.superlative
    target.excluded = before.excluded


def _is_recipient(state: ParserState, target: PhraseDraft, i: int) -> bool:
    """Return whether an object follows the noun phrase before ``i``: "give the dog the bone"."""
    giving = state.words[target.span[0] - 1] in ("give", "hand", "pass", "bring", "throw")
    receiver = morph.is_animate(target.head) or not target.determiner
    return giving and receiver and state.words[i] in lex.ARTICLES | lex.POSSESSIVES


def _read_modifiers(state: ParserState, i: int) -> None:
    while i < state.size and state.words[i]:
        end = _read_modifier(state, i)
        if end is None:
            return
        i = max(end, i + 1)


def _read_modifier(state: ParserState, i: int) -> int | None:
    """Read one modifier at ``i``; return the index after it, None at the end of the expression."""
    word = state.words[i]
    state.path.at = i
    if word == STOP:
        return _next_sentence(state, i + 1)
    if is_command_about_pronoun(state.words, i) or state.is_purpose(i):
        return None
    if word in (COMMA, "and", "but", "or"):
        return coordinated(state, i)
    for rule in RULES:
        end = rule(state, i)
        if end is not None:
            return end
    return None if word in lex.SUBORDINATORS else described(state, i)


def _next_sentence(state: ParserState, i: int) -> int | None:
    """Resume at a further sentence about the target: "It is on the left."."""
    words = state.words
    if words[i] in lex.CLAUSE_PRONOUNS and words[i + 1] in lex.LINKING:
        state.resume_target()
        return i + 2
    continues = words[i] in lex.NEGATORS or words[i + 1] in ("one", "ones")
    if continues or read_place(state, i) is not None:
        state.resume_target()
        return i
    return None


def _is_bare(target: PhraseDraft) -> bool:
    modified = target.attributes or target.position or target.relations or target.excluded
    ordered = target.superlative or target.ordinal is not None or target.number != "one"
    return not (modified or ordered)


def _read_later(state: ParserState) -> list[PhraseDraft] | None:
    """Read from the first determiner behind unknown words on, None without one.

    Once a text, which bounds the time.
    """
    words, items = state.words, state.tokens.items
    starts = lex.ARTICLES | lex.DEMONSTRATIVES | lex.POSSESSIVES
    start = next((k for k in range(1, state.size - 1) if words[k] in starts), None)
    if start is None or state.resumed:
        return None
    later = ParserState(Tokens(state.tokens.source, items[start:]))
    later.resumed = True
    return read_targets(later)


def _name_by_last_word(state: ParserState, target: PhraseDraft) -> None:
    """Name a target without any modifier by the last word."""
    spoken = [t.text for t in state.tokens.items if any(map(str.isalpha, t.text))]
    if spoken and spoken[-1] not in lex.DETERMINERS:
        target.text = target.head = spoken[-1]

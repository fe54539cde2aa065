"""Relative clauses, linking verbs and subjects: "that is red", "who wears a hat", "I left"."""

from __future__ import annotations

from zsris_ros.language.grammar.rules.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.rules.participles import place
from zsris_ros.language.grammar.rules.relations import relate
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import COMMA, STOP
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph


def clause(state: ParserState, i: int) -> int | None:
    """Read the opening of a clause at ``i``, which describes an earlier noun."""
    words, word = state.words, state.words[i]
    if word in lex.SUBJECTS and not (word == "you" and state.closes(i + 1)):
        return skip_verb(state, i + 1)
    if not state.predicate and (end := state.subject_and_verb(i)) is not None:
        state.predicate = True
        return end
    if word in lex.RELATIVES and (word != "which" or i):
        return _relative(state, i)
    if word in lex.LINKING:
        state.predicate = True
        return i + 1
    if word in lex.AUXILIARIES and (word not in lex.HAVING or words[i + 1] == "been"):
        return i + 1
    stands = word in lex.PLACEMENT and not morph.is_placement(word) and state.after_relative
    return place(state, i) if stands and state.relation(i) is None else None


def skip_verb(state: ParserState, i: int) -> int:
    """Return the index after auxiliaries and one verb behind a subject: "I", "you", "he"."""
    words = state.words
    while (
        words[i] in lex.AUXILIARIES
        or words[i] in lex.LINKING
        or words[i] in ("just", "always", "already")
    ):
        i += 1
    return i + (words[i] not in ("", COMMA, STOP) and state.relation(i) is None)


def _relative(state: ParserState, i: int) -> int:
    word = state.after_relative = state.words[i]
    state.predicate = False
    if word == "whose":
        found = read_noun_phrase(state, i + 1)
        if found is None:
            return i + 1
        relate(state, "with", found[0])
        return found[1]
    if word in lex.PEOPLE_RELATIVES:
        state.path.force(state.path.owner("person"))
    return i + 1

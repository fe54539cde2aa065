"""Participles behind a noun: "standing", "labeled X", "made of wool", "facing the wall"."""

from __future__ import annotations

from zsris_ros.language.grammar.command_prefix import is_next_command
from zsris_ros.language.grammar.rules.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.rules.relations import relate_to
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.lexicon import adjectives as adj
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon.function_words import word_set

_ATTACHING = word_set("""
    attached connected tied chained glued fixed pinned stuck clipped bolted strapped taped nailed
    mounted fastened hooked
""")


def participle(state: ParserState, i: int) -> int | None:
    """Read a participle at ``i`` with its label, material, posture or object."""
    word, following = state.words[i], state.words[i + 1]
    made = morph.match(lex.MADE, state.words, i)
    if made is not None:
        return _labels(state, i + made[1])
    if word in lex.LABELS and not state.is_final(i + 1) and state.ends(i + 2):
        state.path.owner("state").describe(following)
        return i + 2
    if word in lex.LABELS and (not state.closes(i + 1) or following == "no"):
        return _labels(state, i + 1)
    if word in lex.OWNED:
        return relate_to(state, "part_of", i + 1 + (following == "to"))
    if morph.is_placement(word):
        return place(state, i)
    if state.relation(i) is not None:
        return None
    if word in lex.PLACEMENT and state.predicate:
        return place(state, i)
    adjective = morph.is_adjective(word)
    if not (morph.is_ing(word) or morph.is_ed(word) or (state.predicate and adjective)):
        return None
    if not state.closes(i + 1) and word not in adj.TRANSITIVE and adjective:
        return None
    owner = state.path.owner("animate" if morph.is_ing(word) else "state")
    owner.describe(word)
    state.path.force(owner)
    state.predicate = True
    if word in ("facing", "pointing", "looking"):
        return _gaze(state, i + 1)
    if word in _ATTACHING and following == "to":
        return relate_to(state, "on", i + 2)
    if following in lex.DETERMINERS or (word in adj.TRANSITIVE and not state.closes(i + 1)):
        return relate_to(state, "with", i + 1)
    return i + 1


def place(state: ParserState, i: int) -> int:
    """Read a verb of lying or standing at ``i``: an attribute where nothing follows it."""
    word = state.words[i]
    owner = state.path.owner("parked" if word == "parked" else "place")
    after = state.skip_fillers(i + 1)
    final = state.is_final(after) or is_next_command(state.words, after)
    if final and (morph.is_ing(word) or morph.is_ed(word)):
        owner.describe(word)
    else:
        state.path.force(owner)
    return i + 1


def _labels(state: ParserState, i: int) -> int:
    """Add the words after "labeled" or "made of" up to the next phrase as attributes."""
    owner = state.path.owner("state")
    begin, words = i, state.words
    while not state.closes(i) or (i == begin and (words[i] in lex.DETERMINERS or words[i] == "no")):
        word = words[i]
        if word not in lex.DETERMINERS and word not in ("number", "word", "words"):
            if i > begin and (
                morph.is_placement(word) or state.is_position(i) or state.is_comparison(i)
            ):
                break
            owner.describe(word)
        i += 1
        if words[i] == "and" and morph.is_adjective(words[i + 1]):
            i += 1
    return i


def _gaze(state: ParserState, i: int) -> int:
    """Return the index after the object of a gaze, which gives no place of the gazer."""
    if state.is_position(i):
        return i + 1
    while state.words[i] in ("away", "from", "to", "towards", "toward", "at", "straight"):
        i += 1
    found = read_noun_phrase(state, i)
    return found[1] if found is not None else i + (state.words[i] in lex.OBJECT_PRONOUNS)

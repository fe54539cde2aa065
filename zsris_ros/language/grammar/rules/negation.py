"""Negations: "not the red one", "without a lid", "isn't on the scale"."""

from __future__ import annotations

from zsris_ros.language.grammar.command_prefix import command_prefix, is_next_command
from zsris_ros.language.grammar.introductions import manner
from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.rules.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.rules.places import read_place
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import COMMA
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import word_set

_NEGATABLE = word_set("does do did is are was has can could")
_ONE = ("one", "ones")
_LACKING = ("without", "no", "minus", "out")
_OR = ("or", "nor", "and", "neither")
_EMPTY = lex.ARTICLES | lex.DEMONSTRATIVES | lex.POSSESSIVES | {"any", "no", "all", "either"}
_NO_CONTENT = _EMPTY | lex.FILLERS | lex.DEGREE | {"one", "ones", "and", "or", COMMA}


def negated(state: ParserState, i: int) -> int | None:
    """Read a negation of the target at ``i``."""
    words, target = state.words, state.path.target
    if manner(words, i):  # "without spilling it"
        return None
    if words[i] in _NEGATABLE:
        if words[i + 1] != "not":
            return None
        i += 1
        if words[i + 1] in ("have", "has", "hold", "wear", "carry", "contain"):
            return exclude(state, i + 1, target)
    if words[i] in lex.HAVING and words[i + 1] == "no":
        i += 1
    if morph.match(lex.RELATIONS, words, i) == ("near", 3):  # "not far from"
        return None
    end = _cue(state, i)
    if end is None:
        return None
    if words[end - 1] == "not" and is_next_command(words, end):
        end = command_prefix(words, state.size, end).end
    return exclude(state, end, target)


def names_all(target: PhraseDraft) -> bool:
    """Return whether the target is all of its kind, of which "but" excludes some."""
    counted = target.determiner in ("all", "any", "each", "every")
    return target.number == "all" or counted or target.head in nouns.NEUTRAL


def exclude(state: ParserState, i: int, target: PhraseDraft) -> int:
    """Add the negated words at ``i`` to ``target``; return the index after them."""
    words = state.words
    lacking = words[i - 1] in _LACKING if i else False
    while True:
        end = _possession(state, i, target) if lacking else _constituent(state, i, target)
        if end == i:
            return i
        i = end
        if words[i] in _OR or (words[i] == COMMA and words[i + 1] in _OR):
            following = i + 1 + (words[i] == COMMA)
            if words[i] == "and" and _starts_predicate(state, following):
                return i
            if is_next_command(words, following):
                return i
            i = following
        elif words[i] == COMMA and {"or", "nor"} & set(words[i + 1 : i + 4]):
            i += 1  # "neither red, green nor blue"
        else:
            return i


def _cue(state: ParserState, i: int) -> int | None:
    """Return the index after a negation cue at ``i``: a bare "but" only after "all mugs"."""
    word, following = state.words[i], state.words[i + 1]
    row = morph.match(lex.NEGATIVE_PHRASES, state.words, i)
    if row is not None:
        return i + row[1]
    if word in lex.NEGATORS:
        return i + 1
    if word == "but" and following in ("not", "no", "without", "except"):
        return i + 2
    if word == "but" and following in lex.DETERMINERS and names_all(state.path.target):
        return i + 1
    return None


def _starts_predicate(state: ParserState, i: int) -> bool:
    word = state.words[i]
    verb = word in lex.HAVING or word in lex.RELATIVES or word in lex.LINKING
    return verb or state.relation(i) is not None


def _constituent(state: ParserState, i: int, target: PhraseDraft) -> int:
    words, begin = state.words, i
    while (
        words[i] in lex.DEGREE or words[i] in lex.HESITATIONS or words[i] in ("be", "been", "being")
    ):
        i += 1
    made = morph.match(lex.MADE, words, i)
    if made is not None:
        return _constituent(state, i + made[1], target)
    if words[i] in lex.HAVING:
        return _possession(state, i + 1, target)
    related = state.relation(i + 1) is not None
    if morph.is_placement(words[i]) or (words[i] in lex.PLACEMENT and related):
        if state.closes(i + 1) and not related:
            target.exclude(words[i])
            return i + 1
        return _constituent(state, i + 1, target)
    place = read_place(state, i)
    if place is not None:
        target.exclude(state.tokens.span(i, place.end))
        return place.end
    if state.relation(i) is not None:
        return _prepositional(state, i, target)
    if morph.is_ing(words[i]) and related:
        target.exclude(words[i])
        return _prepositional(state, i + 1, target)
    if words[i] in lex.DETERMINERS or morph.is_noun_like(words[i]) or morph.may_describe(words[i]):
        return _noun_phrase(state, i, target)
    if not state.closes(i):
        target.exclude(words[i])
        return i + 1
    return begin


def _possession(state: ParserState, i: int, target: PhraseDraft) -> int:
    """Exclude a possession alone: "not holding a flag"."""
    found = read_noun_phrase(state, i)
    if found is None:
        return i
    target.exclude(_without_determiner(state, i, found[1]))
    return _skip_on_it(state, found[1])


def _skip_on_it(state: ParserState, i: int) -> int:
    row = state.relation(i)
    if row is not None and state.words[i + row[1]] in lex.OBJECT_PRONOUNS:
        return i + row[1] + 1
    return i


def _prepositional(state: ParserState, i: int, target: PhraseDraft) -> int:
    """Exclude a preposition phrase as written, with the "of" phrases of its noun."""
    row = state.relation(i)
    assert row is not None
    if row[0] == "with":
        return _possession(state, i + row[1], target)
    end = i + row[1]
    while state.words[end] in lex.OBJECT_PRONOUNS:
        end += 1
    found = read_noun_phrase(state, end)
    while found is not None:
        end = found[1]
        found = read_noun_phrase(state, end + 1) if state.words[end] == "of" else None
    target.exclude(state.tokens.span(i, end))
    return end


def _without_determiner(state: ParserState, i: int, end: int) -> str:
    while i < end - 1 and (state.words[i] in _EMPTY or state.words[i] in lex.HESITATIONS):
        i += 1
    return state.tokens.span(i, end)


def _noun_phrase(state: ParserState, i: int, target: PhraseDraft) -> int:
    """Exclude the modifiers of a predicate or of "one", or a full noun phrase."""
    words = state.words
    if words[i] in lex.DEMONSTRATIVES and words[i + 1] in lex.ARTICLES:
        return i + 1  # "not that, the other one" without its comma
    found = read_noun_phrase(state, i)
    if found is None:
        target.exclude(words[i])
        return i + 1
    phrase, end = found
    determined = words[i] in lex.DETERMINERS or phrase.head in _ONE
    if determined and phrase.head not in _ONE and not phrase.headless:
        end = _with_places(state, end)
        target.exclude(_without_determiner(state, i, end))
        return _skip_on_it(state, end)
    dropped = _NO_CONTENT if determined else lex.FILLERS | lex.DEGREE | {"and", "or", COMMA}
    for word in words[i:end]:
        if word not in dropped:
            target.exclude(word)
    return _after_one(state, end, target) if determined else end


def _with_places(state: ParserState, end: int) -> int:
    """Return the end of a noun phrase with its preposition phrases: "the cup with the handle"."""
    while True:
        place = read_place(state, end)
        if place is not None:
            end = place.end
            continue
        row = state.relation(end)
        if row is None or row[0] in ("", "to", "from"):
            return end
        found = read_noun_phrase(state, end + row[1])
        if found is None:
            return end
        end = found[1]


def _after_one(state: ParserState, i: int, target: PhraseDraft) -> int:
    """Exclude the rest of "not the one": "on the left", "with the lid", "that is broken"."""
    words = state.words
    while words[i] in ("that", "which", "who") or words[i] in lex.LINKING:
        i += 1
    place = read_place(state, i)
    if place is not None:
        target.exclude(state.tokens.span(i, place.end))
        return place.end
    if words[i] in lex.HAVING or state.relation(i) is not None or words[i - 1] in lex.LINKING:
        return _constituent(state, i, target)
    return i

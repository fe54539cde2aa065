"""The continuation after "and", "but" or a comma: a further modifier, anchor or target."""

from __future__ import annotations

from zsris_ros.language.grammar.command_prefix import is_next_command
from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.rules.descriptions import absorb
from zsris_ros.language.grammar.rules.negation import names_all, negated
from zsris_ros.language.grammar.rules.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.rules.order import compared, read_direction
from zsris_ros.language.grammar.rules.places import read_place
from zsris_ros.language.grammar.rules.relations import is_telegraphic, relate
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import COMMA
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph


def coordinated(state: ParserState, i: int) -> int | None:
    """Read the continuation of a junction at ``i``; None where a further command starts."""
    words, path = state.words, state.path
    j = i + 1
    while words[j] in (COMMA, "and", "but", "then", "also") or words[j] in lex.HESITATIONS:
        j += 1
    if words[j] == "not" or (words[i] == "but" and names_all(path.target)):
        return None if words[j] == "" else negated(state, i) or j
    if is_next_command(words, j):
        return None
    if words[j] in lex.CLAUSE_PRONOUNS and words[j + 1] in lex.LINKING:
        state.resume_target()
        return j + 2
    if read_direction(state, j) or state.relation(j) or read_place(state, j):
        path.force(path.target)
        return j
    if state.is_comparison(j):
        path.force(path.target)
        return compared(state, j)
    if words[j] in lex.HAVING or morph.is_placement(words[j]) or morph.is_ing(words[j]):
        path.force(path.holder if words[i] == "and" else path.target)
        return j
    if words[j] in lex.RELATIVES or words[j] in lex.LINKING or words[j] in lex.NEGATORS:
        path.force(path.target)
        return j
    return _noun_phrase(state, j, words[i])


def _noun_phrase(state: ParserState, i: int, junction: str) -> int:
    """Read a further anchor of the same preposition, an apposition, a target or a possession."""
    words, path = state.words, state.path
    predicate = state.predicate and (morph.may_describe(words[i]) or morph.superlative(words[i]))
    if (predicate or morph.is_adjective(words[i])) and state.closes(i + 1):
        return i
    found = read_noun_phrase(state, i)
    if found is None:
        return i
    phrase, end = found
    anchors = _open_anchors(state)
    listing = junction == "and" or words[end] in (COMMA, "and")
    other = junction == "and" and bool(phrase.determiner) and not phrase.headless
    if other and (phrase.head == "one" or (anchors and anchors[-1].content)):
        _add_target(state, phrase)  # "a cup of tea and a biscuit", "and the one in front"
    elif phrase.headless or phrase.head in ("one", "ones"):
        absorb(state, phrase)
    elif anchors is not None and listing and junction != "but":
        phrase.role = anchors[-1].role
        anchors.append(phrase)
        path.close(max(len(path.nouns) - 1, 1))
        path.push(phrase)
    elif (
        not phrase.determiner
        and morph.is_detail(phrase.head)
        and not morph.is_detail(path.target.head)
    ):
        relate(state, "with", phrase)  # "red bottle, blue cap"
    elif anchors is None and listing:
        _add_target(state, phrase)
    elif is_telegraphic(phrase):
        relate(state, "with", phrase)
    return end


def _add_target(state: ParserState, phrase: PhraseDraft) -> None:
    """Attach later modifiers to a further target: "the mug and the bowl"."""
    first = state.path.target
    if first.headless:  # "the left and right speakers"
        first.text = state.tokens.span(first.span[0], phrase.span[1])
        first.head, first.headless, phrase.number = phrase.head, False, "one"
        state.elliptic = not state.further
    elif phrase.head == "one":
        phrase.head = first.head
    if state.words[first.span[0]] == "both":
        first.number = "one"
    state.further.append(phrase)
    state.start_target(phrase)


def _open_anchors(state: ParserState) -> list[PhraseDraft] | None:
    """Return the anchors that a further noun phrase joins: those of a lone "between" first."""
    path = state.path
    for k, noun in reversed(list(enumerate(path.nouns[:-1]))):
        if noun.relations and noun.relations[-1][0] == "between":
            anchors = noun.relations[-1][1]
            if len(anchors) == 1 and anchors[0].number == "one":
                path.close(k + 1)
                path.push(anchors[0])
                return anchors
    if len(path.nouns) > 1:
        owner = path.nouns[-2]
        if owner.relations and owner.relations[-1][1][-1] is path.nearest:
            return owner.relations[-1][1]
    return None

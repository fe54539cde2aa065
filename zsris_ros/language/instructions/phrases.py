"""The objects of one clause: targets, sources, destination, exclusions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from zsris_ros.language.grammar.phrase_draft import PhraseDraft
from zsris_ros.language.grammar.reader import read_object, read_targets
from zsris_ros.language.grammar.rules.negation import exclude
from zsris_ros.language.grammar.rules.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import COMMA, Token, Tokens
from zsris_ros.language.instructions.markers import (
    PLACED,
    destination_of,
    drop_early_tail,
    find_markers,
    is_own,
    is_pending,
)
from zsris_ros.language.instructions.particles import ENDS, drop_particles, trim, words_of
from zsris_ros.language.instructions.pieces import Phrase, Piece
from zsris_ros.language.lexicon import actions
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.types import Action, DestinationKind


def read_clause(source: str, items: Sequence[Token], action: Action, verb: str) -> list[Piece]:
    """Return the steps of one clause: several where the verb is left out before a further object.

    Args:
        source: The normalised text of the instruction.
        items: The tokens behind the verb.
        action: The action of the verb.
        verb: The verb.
    """
    tokens, action = drop_particles(trim(list(items)), action, verb)
    return [_read_piece(source, part, action, verb) for part in _split(source, tokens, action)]


def read_bare(source: str, items: Sequence[Token], verb: str = "") -> Piece:
    """Return the step of a clause without a command: a bare expression or a question."""
    tokens = trim(list(items)) or list(items)
    state = _state(source, tokens)
    if any(marker.role == "source" for marker in find_markers(state, 0)):
        piece = _read_piece(source, tokens, "find", verb)
        if piece.target.drafts:
            return piece
    return Piece("find", verb, Phrase(read_targets(state), state.tokens.span(0, state.size)))


def read_exclusion(source: str, items: Sequence[Token], target: PhraseDraft) -> None:
    """Add the object of a negative clause to the exclusions of ``target``."""
    tokens = trim(list(items))
    for k in range(len(tokens)):
        if morph.match(actions.KEEPING, words_of(tokens), k) is not None and k:
            tokens = tokens[:k]
            break
    pronoun = len(tokens) == 1 and tokens[0].text in actions.PRONOUNS | actions.RECEIVERS
    if tokens and not pronoun:
        exclude(_state(source, tokens), 0, target)


def keeps(items: Sequence[Token]) -> bool:
    """Return whether the tokens behind "leave" ask for no action: "the wet one where it is"."""
    tokens = trim(list(items))
    words = words_of(tokens)
    kept = any(morph.match(actions.KEEPING, words, k) is not None for k in range(1, len(tokens)))
    return kept or not any(marker.role in PLACED for marker in find_markers(_state("", tokens), 0))


def _split(source: str, tokens: list[Token], action: Action) -> Iterator[list[Token]]:
    """Yield the tokens of each step: "the plate on the table", "the knife in the sink"."""
    if action not in actions.TAKING and action != "hand_over":
        yield tokens
        return
    state = _state(source, tokens)
    own = [marker for marker in find_markers(state, 0) if is_own(marker, action)]
    words, begin = state.words, 0
    for i in range(1, state.size):
        start = i + 1 + (words[i] == COMMA and words[i + 1] in ("and", "then"))
        if words[i] not in (COMMA, "and") or not _starts_noun(state, start, words[begin]):
            continue
        left = [marker for marker in own if begin < marker.first < i]
        right = [marker for marker in own if marker.first > start]
        stop = next((k for k in range(start, state.size) if words[k] in (COMMA, "and")), state.size)
        if not left or not right or right[0].first > stop:
            continue
        if left[-1].kind == "between" and is_pending(words, left[-1], i):
            continue
        yield tokens[begin:i]
        begin = start
    yield tokens[begin:]


def _starts_noun(state: ParserState, i: int, first: str) -> bool:
    word = state.words[i]
    if word in lex.DETERMINERS or morph.cardinal(word) is not None or word in ("it", "them"):
        return True
    bare = first not in lex.DETERMINERS
    return bare and not state.closes(i) and not morph.is_adjective(word)


def _state(source: str, tokens: Sequence[Token]) -> ParserState:
    return ParserState(Tokens(source, tuple(tokens)), relations=actions.RELATIONS)


def _read_piece(source: str, items: Sequence[Token], action: Action, verb: str) -> Piece:
    tokens = trim(list(items))
    if tokens and tokens[0].text in actions.RECEIVERS:
        del tokens[0]
        tokens = trim(tokens)
        action = "hand_over" if verb in ("get", "grab") else action
    receiver: list[Token] = []
    state = _state(source, tokens)
    if verb in actions.GIVING and (second := _second_object(state)) is not None:
        first = read_noun_phrase(state, 0)
        if first is not None and (morph.is_animate(first[0].head) or not first[0].determiner):
            receiver, tokens, action = tokens[:second], tokens[second:], "hand_over"
            state = _state(source, tokens)
    elif state.size and _is_phrase(state, 0) and (second := _second_object(state)) is not None:
        tokens = tokens[second:] + tokens[:second]
        state = _state(source, tokens)
    pronoun = _pronoun_end(state, 0)
    if not state.size or (_is_phrase(state, 0) and pronoun == 0):
        markers = list(find_markers(state, 0))
        target = Phrase(pronoun="-")
    else:
        markers = list(find_markers(state, max(pronoun, 1)))
        target = Phrase(pronoun=state.tokens.span(0, pronoun))
    goal, action = destination_of(state, markers, action, verb, bool(target.pronoun))
    cuts = sorted(
        marker for marker in markers if marker is goal or marker.role in ("source", "tail", "aside")
    )
    cuts = drop_early_tail(cuts)
    ends = [*(marker.first for marker in cuts[1:]), state.size]
    segments = [tokens[m.first + m.length : end] for m, end in zip(cuts, ends, strict=False)]
    own = tokens[: cuts[0].first if cuts else state.size]
    if cuts and cuts[0].role == "source" and own and morph.is_placement(own[-1].text):
        own = own[:-1]  # "hanging from the hook"
    piece = Piece(action, verb, target)
    tail: list[Token] = []
    for marker, segment in zip(cuts, segments, strict=True):
        if marker.role == "tail":
            tail += tokens[marker.first : marker.first + marker.length] + segment
        elif marker is goal:
            piece.kind = cast(DestinationKind, marker.kind)
            sideways = state.words[marker.first + marker.length - 1] in ("left", "right")
            piece.anchor = None if sideways else _read_anchor(source, segment)
        elif marker.role == "source":
            piece.relations.append((marker.kind, _read_anchor(source, segment)))
    if receiver:
        piece.kind, piece.anchor = "at", _read_anchor(source, receiver)
    _finish(source, piece, own, tail)
    return piece


def _finish(source: str, piece: Piece, own: list[Token], tail: list[Token]) -> None:
    """Read the targets, and the destination's pronouns that a surface or source kind decides."""
    if piece.anchor is not None and piece.action == "hand_over":
        receivers = [draft.head for draft in piece.anchor.drafts] or [piece.anchor.pronoun]
        if receivers[0] in actions.RECEIVERS or receivers[0] in lex.VIEWERS:
            piece.kind = piece.anchor = None
    piece.relations = [(_source_kind(kind, phrase), phrase) for kind, phrase in piece.relations]
    if piece.target.pronoun:
        return
    own, related = _without_related_pronouns(source, trim(own))
    piece.relations += related
    tokens = own + tail
    drafts = read_object(_state(source, tokens)) if tokens else None
    if drafts is None and tokens:
        drafts = read_targets(_state(source, tokens))
    if drafts is None:
        piece.target.pronoun = "-"
    else:
        piece.target.drafts = drafts
        piece.target.sentence = Tokens(source, tuple(tokens)).span(0, len(tokens))


def _source_kind(kind: str, phrase: Phrase) -> str:
    """Return "on" or "inside" of a source after "from", by its noun."""
    if kind != "from":
        return kind
    head = phrase.drafts[0].head if phrase.drafts else ""
    return (
        "on" if morph.singular(head) in actions.SURFACES or head in actions.SURFACES else "inside"
    )


def _without_related_pronouns(
    source: str, tokens: list[Token]
) -> tuple[list[Token], list[tuple[str, Phrase]]]:
    """Take relations to pronouns out of the targets' tokens: "the cup next to it"."""
    state = _state(source, tokens)
    words, kept, related = state.words, list[Token](), list[tuple[str, Phrase]]()
    i = 0
    while i < state.size:
        row = state.relation(i)
        end = i + row[1] if row is not None else 0
        if row is not None and row[0] not in ("", "of", "with", "to"):
            pronoun = _pronoun_end(state, end)
            if not pronoun and words[end] == "there" and state.closes(end + 1):
                pronoun = end + 1
            if pronoun and not lex.HAVING & set(words[:i]):
                kind = "inside" if row[0] == "from" else row[0]
                related.append((kind, Phrase(pronoun=state.tokens.span(end, pronoun))))
                i = pronoun
                continue
        kept.append(tokens[i])
        i += 1
    return kept, related


def _pronoun_end(state: ParserState, i: int) -> int:
    """Return the index after a pronoun at ``i``, 0 without one."""
    words = state.words
    if words[i] in ("both", "all", "each") and words[i + 1] == "of" and words[i + 2] == "them":
        return i + 3
    if words[i] not in actions.PRONOUNS:
        return 0
    end = i + 1
    if words[i] in lex.DEMONSTRATIVES and words[end] in ("one", "ones"):
        end += 1
    if words[i] == "them" or words[i] == "it":
        end += words[end] in ("both", "all")
        return end
    return end if state.closes(end) or end >= state.size else 0


def _second_object(state: ParserState) -> int | None:
    """Return the start of a second noun phrase right after the first one."""
    words = state.words
    for i in range(1, state.size):
        word, before = words[i], words[i - 1]
        opens = word in lex.ARTICLES | lex.POSSESSIVES | {"some", "both", "all", "another"}
        if not (opens or word in lex.DEMONSTRATIVES or morph.cardinal(word) is not None):
            continue
        if (
            morph.is_noun_like(before)
            and not state.closes(i - 1)
            and not morph.is_ing(before)
            and not (word == "that" and words[i + 1] in lex.LINKING | lex.AUXILIARIES)
        ):
            return i
        if before in actions.PRONOUNS and words[i - 2] not in lex.HAVING and i > 1:
            return i  # "put in it the spoon"
    return None


def _is_phrase(state: ParserState, i: int) -> bool:
    """Return whether a preposition phrase starts at ``i``."""
    word = state.words[i]
    if word in ("from", "off", "out"):
        return True
    return morph.match(actions.DESTINATIONS, state.words, i) is not None and word != "near"


def _read_anchor(source: str, items: Sequence[Token]) -> Phrase:
    """Return the noun phrases of a destination or source, or its pronoun."""
    tokens = trim(list(items))
    if not tokens and items:
        tokens = list(items[:1])
    state = _state(source, tokens)
    if not tokens:
        return Phrase(pronoun="-")
    first = state.words[0]
    if pronoun := _pronoun_end(state, 0):
        return Phrase(pronoun=state.tokens.span(0, pronoun))
    if first in actions.PLACE_PRONOUNS or first in ENDS:
        return Phrase(pronoun=first)
    drafts = None
    if first not in actions.RECEIVERS:
        drafts = read_object(state)
    if drafts is None:
        return Phrase(pronoun=first)
    return Phrase(drafts, state.tokens.span(0, state.size))

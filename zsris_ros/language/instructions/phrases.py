"""The objects of one clause: targets, sources, destination, exclusions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, cast

from zsris_ros.language.grammar.draft import Draft
from zsris_ros.language.grammar.negation import exclude
from zsris_ros.language.grammar.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.order import read_direction
from zsris_ros.language.grammar.places import read_place
from zsris_ros.language.grammar.reader import read_object, read_targets
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import COMMA, STOP, Token, Tokens
from zsris_ros.language.lexicon import actions, nouns
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.rule_parser import build_noun_phrase
from zsris_ros.types import Action, DestinationKind, NounPhrase, Relation

_ENDS = frozenset((COMMA, STOP, "and", "but", "or", "then"))
_TAIL_CUES = lex.NEGATORS - {"without", "no", "n't", "minus", "never"}
_PREPOSITIONS = frozenset(("on", "in", "at", "to", "toward", "towards"))
_LONGEST_ASIDE = 9
"""The most words of "for me" and the like."""
_PLACED = frozenset(("goal", "place", "other"))
_MOVED = frozenset(
    ("take", "get", "lift", "raise", "pick", "collect", "gather", "bring", "deliver")
)
"""Verbs that move their object where a goal is named."""


@dataclass
class Phrase:
    """Noun phrases as read, or a pronoun: ``drafts`` is then empty.

    The pronoun "-" is left out: "put it inside".
    """

    drafts: list[Draft] = field(default_factory=list)
    sentence: str = ""
    pronoun: str = ""

    def noun_phrases(self) -> tuple[NounPhrase, ...]:
        """Return the noun phrases; the first one has the words of all as its sentence."""
        if len(self.drafts) > 1 and self.drafts[0].number == "one":
            self.drafts[0].text = self.drafts[0].text.removeprefix("both ")
        return tuple(
            adapt(build_noun_phrase(draft, "" if k else self.sentence))
            for k, draft in enumerate(self.drafts)
        )


@dataclass
class Piece:
    """One step as read, before its pronouns are resolved.

    Attributes:
        action: The action of its verb.
        verb: The verb in its base form.
        target: The objects of the verb.
        relations: Relations of all objects that are written apart from them: "off the shelf".
        kind: The kind of the destination, None without one.
        anchor: The anchors of the destination; None for "to the left".
    """

    action: Action
    verb: str
    target: Phrase
    relations: list[tuple[str, Phrase]] = field(default_factory=list)
    kind: DestinationKind | None = None
    anchor: Phrase | None = None


class _Marker(NamedTuple):
    """The start of a part of the clause behind its targets, at the token ``first``."""

    first: int
    length: int
    role: Literal["source", "goal", "place", "other", "aside", "tail"]
    kind: str


def adapt(phrase: NounPhrase) -> NounPhrase:
    """Return ``phrase`` with pieces of a content as "with", and without the owners of objects."""
    relations = []
    for relation in phrase.relations:
        anchors = tuple(map(adapt, relation.anchors))
        kind = relation.kind
        if kind == "part_of":
            if _is_piece(phrase, relation):
                kind = "with"
            elif _is_owner(phrase, relation):
                continue
        relations.append(replace(relation, kind=kind, anchors=anchors))
    return replace(phrase, relations=tuple(relations))


def _is_piece(phrase: NounPhrase, relation: Relation) -> bool:
    anchor = relation.anchors[0].text
    possessed = f"{anchor}'" in phrase.text
    return morph.singular(phrase.head) in nouns.AMOUNTS and not possessed


def _is_owner(phrase: NounPhrase, relation: Relation) -> bool:
    owner = relation.anchors[0].head
    component = phrase.head in nouns.BODY or morph.is_clothing(phrase.head)
    return morph.is_animate(owner) and owner not in ("robot", "robots") and not component


def read_clause(source: str, items: Sequence[Token], action: Action, verb: str) -> list[Piece]:
    """Return the steps of one clause: several where the verb is left out before a further object.

    Args:
        source: The normalised text of the instruction.
        items: The tokens behind the verb.
        action: The action of the verb.
        verb: The verb.
    """
    tokens, action = _without_particles(_trimmed(list(items)), action, verb)
    return [_read_piece(source, part, action, verb) for part in _split(source, tokens, action)]


def read_bare(source: str, items: Sequence[Token], verb: str = "") -> Piece:
    """Return the step of a clause without a command: a bare expression or a question."""
    tokens = _trimmed(list(items)) or list(items)
    state = _state(source, tokens)
    if any(marker.role == "source" for marker in _markers(state, 0)):
        piece = _read_piece(source, tokens, "find", verb)
        if piece.target.drafts:
            return piece
    return Piece("find", verb, Phrase(read_targets(state), state.tokens.span(0, state.size)))


def read_exclusion(source: str, items: Sequence[Token], target: Draft) -> None:
    """Add the object of a negative clause to the exclusions of ``target``."""
    tokens = _trimmed(list(items))
    for k in range(len(tokens)):
        if morph.match(actions.KEEPING, _words(tokens), k) is not None and k:
            tokens = tokens[:k]
            break
    pronoun = len(tokens) == 1 and tokens[0].text in actions.PRONOUNS | actions.RECEIVERS
    if tokens and not pronoun:
        exclude(_state(source, tokens), 0, target)


def keeps(items: Sequence[Token]) -> bool:
    """Return whether the tokens behind "leave" ask for no action: "the wet one where it is"."""
    tokens = _trimmed(list(items))
    words = _words(tokens)
    kept = any(morph.match(actions.KEEPING, words, k) is not None for k in range(1, len(tokens)))
    return kept or not any(marker.role in _PLACED for marker in _markers(_state("", tokens), 0))


def _words(tokens: Sequence[Token]) -> list[str]:
    return [token.text for token in tokens] + [""] * 8


def _trimmed(tokens: list[Token]) -> list[Token]:
    """Remove fillers, "for me", "here" and the like from both ends."""
    while tokens and (tokens[0].text in _ENDS or tokens[0].text in lex.FILLERS):
        del tokens[0]
    while tokens:
        last = tokens[-1].text
        if last in _ENDS or last in lex.FILLERS or (last == "here" and len(tokens) > 1):
            if last == "here" and tokens[-2].text in ("in", "on", "from"):
                return tokens
            del tokens[-1]
            continue
        end = tokens[-_LONGEST_ASIDE:]
        words, size = _words(end), len(end)
        cut = next((k for k in range(size) if _is_aside(words, k, size)), None)
        if cut is None:
            return tokens
        del tokens[len(tokens) - size + cut :]
    return tokens


def _is_aside(words: Sequence[str], i: int, size: int) -> bool:
    """Return whether a phrase that describes no object fills the words from ``i`` on."""
    if words[i + 1] == "there" and words[i] in ("in", "on"):
        return False
    for table in (lex.TIME_PHRASES, actions.SPEECH_ACTS):
        row = morph.match(table, words, i)
        if row is not None and not row[0] and i + row[1] == size:
            return True
    return words[i] == "a" and words[i + 1] in ("bit", "little") and i + 2 == size


def _without_particles(
    tokens: list[Token], action: Action, verb: str
) -> tuple[list[Token], Action]:
    """Remove the particles of the verb; return the action that they give as well."""
    words, size = _words(tokens), len(tokens)
    dropped: set[int] = set()
    if verb in actions.SWITCHING or (verb == "shut" and action == "close"):
        found = _switch(words, size, verb)
        if found is None:
            action = "other" if verb in actions.SWITCHING else action
        else:
            index, action = found
            dropped.add(index)
    elif size > 1 and action in ("push", "pull", "move", "place", "open", "close", "other"):
        for i in (0, *range(size - 1, 0, -1)):
            last = i == size - 1 or _closes(words, i + 1)
            if words[i] in actions.OPENED and (i == 0 or last) and not _modifies(words, i):
                action = cast(Action, actions.OPENED[words[i]])
                dropped.add(i)
                break
    for i in range(size):
        if i not in dropped and _is_particle(words, i, size, action):
            dropped.add(i)
    return [token for k, token in enumerate(tokens) if k not in dropped], action


def _modifies(words: Sequence[str], i: int) -> bool:
    """Return whether an adjective at ``i`` precedes its noun, or follows a determiner."""
    return i > 0 and (words[i - 1] in lex.DETERMINERS or words[i - 1] in lex.LINKING)


def _switch(words: Sequence[str], size: int, verb: str) -> tuple[int, Action] | None:
    """Return the index of "on" or "off", and the action."""
    named: dict[str, Action] = {"on": "turn_on", "off": "turn_off"}
    if verb == "power":
        named.update(up="turn_on", down="turn_off")
    if verb == "shut":
        named = {"off": "turn_off", "down": "turn_off"}
    if words[0] in named:
        return 0, named[words[0]]
    for i in range(size - 1, 0, -1):
        if words[i] in named and (i == size - 1 or _closes(words, i + 1)):
            return i, named[words[i]]
    return None


def _closes(words: Sequence[str], i: int) -> bool:
    word = words[i]
    phrase = morph.match(actions.RELATIONS, words, i) is not None
    return phrase or word in _ENDS or word in ("", "from", "off", "here", "there")


def _is_particle(words: Sequence[str], i: int, size: int, action: Action) -> bool:
    """Return whether "up", "back" or "over" at ``i`` belongs to the verb, not to a noun."""
    word, following = words[i], words[i + 1]
    before = words[i - 1] if i else ""
    if word == "here" and i and before not in ("in", "on", "from"):
        return True
    if i == 0 and action in ("point", "find", "other") and word in ("at", "to", "for", "towards"):
        return True
    if word not in actions.PARTICLES or (word in ("out", "off") and following == "of"):
        return False
    if word == "away" and following == "from" and i:
        return action in actions.TAKING
    if i == 0:
        return word in actions.VERB_PARTICLES
    if word == "back" and following in ("up", "down", "over", "out"):
        return before not in lex.DETERMINERS
    if word in ("in", "on", "around"):
        inserted = word == "in" and action == "place"  # "put the towels in"
        last = i == size - 1 and before not in lex.DETERMINERS
        return last and not inserted and action != "find"
    if before in lex.DETERMINERS or before == "upside" or morph.positions(before):
        return False
    return i == size - 1 or _closes(words, i + 1)


def _split(source: str, tokens: list[Token], action: Action) -> Iterator[list[Token]]:
    """Yield the tokens of each step: "the plate on the table", "the knife in the sink"."""
    if action not in actions.TAKING and action != "hand_over":
        yield tokens
        return
    state = _state(source, tokens)
    own = [marker for marker in _markers(state, 0) if _is_own(marker, action)]
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
        if left[-1].kind == "between" and _is_pending(words, left[-1], i):
            continue
        yield tokens[begin:i]
        begin = start
    yield tokens[begin:]


def _is_own(marker: _Marker, action: Action) -> bool:
    """Return whether a marker gives the destination or source of a step of ``action``."""
    if action == "pick":
        return marker.role == "source"
    if action == "hand_over":
        return marker.role == "source" or (marker.role == "goal" and marker.kind == "at")
    return marker.role in _PLACED


def _starts_noun(state: ParserState, i: int, first: str) -> bool:
    word = state.words[i]
    if word in lex.DETERMINERS or morph.cardinal(word) is not None or word in ("it", "them"):
        return True
    bare = first not in lex.DETERMINERS
    return bare and not state.closes(i) and not morph.is_adjective(word)


def _is_pending(words: Sequence[str], marker: _Marker, i: int) -> bool:
    """Return whether "between" still lacks its second anchor before ``i``."""
    between = words[marker.first + marker.length : i]
    return "and" not in between and not morph.is_plural(words[i - 1])


def _state(source: str, tokens: Sequence[Token]) -> ParserState:
    return ParserState(Tokens(source, tuple(tokens)), relations=actions.RELATIONS)


def _read_piece(source: str, items: Sequence[Token], action: Action, verb: str) -> Piece:
    tokens = _trimmed(list(items))
    if tokens and tokens[0].text in actions.RECEIVERS:
        del tokens[0]
        tokens = _trimmed(tokens)
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
        markers = list(_markers(state, 0))
        target = Phrase(pronoun="-")
    else:
        markers = list(_markers(state, max(pronoun, 1)))
        target = Phrase(pronoun=state.tokens.span(0, pronoun))
    goal, action = _destination(state, markers, action, verb, bool(target.pronoun))
    cuts = sorted(
        marker for marker in markers if marker is goal or marker.role in ("source", "tail", "aside")
    )
    cuts = _without_early_tail(cuts)
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


def _without_early_tail(cuts: list[_Marker]) -> list[_Marker]:
    """Leave an exclusion before all other parts to the targets' own phrase."""
    while cuts and cuts[0].role == "tail":
        cuts = cuts[1:]
    return cuts


def _finish(source: str, piece: Piece, own: list[Token], tail: list[Token]) -> None:
    """Read the targets, and the destination's pronouns that a surface or source kind decides."""
    if piece.anchor is not None and piece.action == "hand_over":
        receivers = [draft.head for draft in piece.anchor.drafts] or [piece.anchor.pronoun]
        if receivers[0] in actions.RECEIVERS or receivers[0] in lex.VIEWERS:
            piece.kind = piece.anchor = None
    piece.relations = [(_source_kind(kind, phrase), phrase) for kind, phrase in piece.relations]
    if piece.target.pronoun:
        return
    own, related = _without_related_pronouns(source, _trimmed(own))
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


def _markers(state: ParserState, begin: int) -> Iterator[_Marker]:
    """Yield the sources, possible destinations and exclusions from ``begin`` on."""
    words, i = state.words, begin
    counted = any(morph.ordinal(word) is not None for word in words[: state.size])
    had = False
    while i < state.size:
        word, before = words[i], words[i - 1] if i else ""
        had = had or word in lex.HAVING
        if source := _source(state, i, counted):
            yield source
            i += source.length
            continue
        if word in ("from", "off", "of") and i + 1 < state.size:
            i += 1 + (morph.match(actions.DESTINATIONS, words, i + 1) is not None)
            continue
        tail = morph.match(lex.NEGATIVE_PHRASES, words, i)
        if (
            (tail and tail[0] == "except")
            or word in _TAIL_CUES
            or word == STOP
            or (word == "but" and (words[i + 1] in _TAIL_CUES or words[i + 1] in lex.DETERMINERS))
        ):
            yield _Marker(i, 1, "tail", "")
            i += 2
            continue
        place = read_place(state, i) if word in _PREPOSITIONS else None
        row = morph.match(actions.DESTINATIONS, words, i)
        if place is not None and not (word == "on" and words[i + 1] == "top"):
            if word == "to" and place.end >= state.size and place.sides in (("left",), ("right",)):
                yield _Marker(i, place.end - i, "goal", f"{place.sides[0]}_of")
            i = place.end
            continue
        if word == "for" and i and _is_receiver(state, i + 1):
            yield _Marker(i, 1, "goal", "at")
            i += 1
            continue
        if row is None:
            i += 1
            continue
        kind, length = row
        held = had and words[i + length] in ("it", "them")
        if not (held or _is_protected(state, i, before)):
            first = words[i]
            role: Literal["goal", "place", "other"] = "other"
            goal = first in actions.GOALS and kind in ("at", "inside", "on")
            if (
                goal
                or first in actions.APPROACHES
                or (kind == "at" and words[i + length - 1] == "to")
            ):
                role = "goal"
            elif morph.match(actions.PLACES, words, i) is not None and kind in ("on", "inside"):
                role = "place"
            yield _Marker(i, length, role, kind)
        i += length


def _is_receiver(state: ParserState, i: int) -> bool:
    found = read_noun_phrase(state, i)
    return found is not None and morph.is_person(found[0].head)


def _source(state: ParserState, i: int, counted: bool) -> _Marker | None:
    """Return the marker of a source at ``i``: "off the shelf", "out of the box", "from under"."""
    words, word = state.words, state.words[i]
    before = words[i - 1] if i else ""
    if word == "off" and not _closes(words, i + 1 + (words[i + 1] == "of")):
        return _Marker(i, 1 + (words[i + 1] == "of"), "source", "on")
    if word == "off" and words[i + 1] == "of":
        return _Marker(i, 2, "source", "on")
    if word == "out" and words[i + 1] == "of" and before != "made":
        return _Marker(i, 2, "source", "inside")
    if word != "from" or i + 1 >= state.size:
        return None
    if before in ("far", "away", "apart", "aside", "across", "made", "different", "other"):
        return None
    if read_direction(state, i, counted) is not None:
        return None
    row = morph.match(actions.RELATIONS, words, i + 1)
    if row is not None and row[0] not in ("", "of", "to", "from"):
        return _Marker(i, 1 + row[1], "source", row[0])
    return _Marker(i, 1, "source", "from")


def _is_protected(state: ParserState, i: int, before: str) -> bool:
    """Return whether the preposition at ``i`` belongs to a clause or participle before it."""
    words, k = state.words, i - 1
    while (
        k > 0
        and (words[k] in lex.INTENSIFIERS or words[k] in lex.ADVERBS)
        and (words[k] not in ("left", "right"))
    ):
        k -= 1
    word = words[k] if k >= 0 else ""
    if word in lex.LINKING or (morph.is_placement(word) and word not in ("left", "seated")):
        return True
    if words[i] == "to" and (morph.superlative(before) in ("near", "far") or morph.is_ed(before)):
        return True
    earlier = words[max(0, k - 3) : k]
    if word in lex.ACTIONS or word in lex.PLACEMENT or word in actions.VERBS:
        subjects = lex.SUBJECTS | nouns.FAMILY | lex.RELATIVES
        if subjects & set(earlier):
            return True
        people = any(morph.is_person(each) for each in earlier)
        return people and word in lex.ACTIONS
    if (morph.is_ing(word) or morph.is_ed(word)) and k > 0:
        return not (words[k - 1] in lex.DETERMINERS or morph.is_adjective(words[k - 1]))
    return False


def _destination(
    state: ParserState, markers: list[_Marker], action: Action, verb: str, pronoun: bool
) -> tuple[_Marker | None, Action]:
    """Return the start of the destination, and the action that it gives the verb."""
    places = [marker for marker in markers if marker.role in _PLACED]
    goals = [marker for marker in places if marker.role == "goal"]
    if verb in _MOVED and action in ("pick", "hand_over"):
        if not goals:
            return None, action
        goal = goals[0]
        if verb in ("bring", "deliver") and goal.kind == "at" and _names_receiver(state, goal):
            return goal, action
        if action == "hand_over" and verb in ("get", "grab"):
            return None, action
        return goal, "move"
    if action == "hand_over":
        return (goals[0] if goals and goals[0].kind == "at" else None), action
    if action not in actions.TAKING or action == "pick" or not places:
        return None, action
    if action in ("push", "pull"):
        found = read_noun_phrase(state, 0)
        if found is not None and morph.singular(found[0].head) in actions.CONTROLS:
            return None, action
    if pronoun:
        return places[0], action
    if goals:
        return goals[0], action
    inner = [marker for marker in places if marker.role == "place"]
    return (inner[-1] if inner else places[0]), action


def _names_receiver(state: ParserState, marker: _Marker) -> bool:
    """Return whether a goal is a person: "to the porter", "to her", "to anna"."""
    begin = marker.first + marker.length
    words = state.words
    if words[begin] in lex.OBJECT_PRONOUNS and words[begin] not in ("it", "itself"):
        return True
    found = read_noun_phrase(state, begin)
    if found is None:
        return False
    head = found[0].head
    return morph.is_animate(head) or (not found[0].determiner and found[0].number == "one")


def _read_anchor(source: str, items: Sequence[Token]) -> Phrase:
    """Return the noun phrases of a destination or source, or its pronoun."""
    tokens = _trimmed(list(items))
    if not tokens and items:
        tokens = list(items[:1])
    state = _state(source, tokens)
    if not tokens:
        return Phrase(pronoun="-")
    first = state.words[0]
    if pronoun := _pronoun_end(state, 0):
        return Phrase(pronoun=state.tokens.span(0, pronoun))
    if first in actions.PLACE_PRONOUNS or first in _ENDS:
        return Phrase(pronoun=first)
    drafts = None
    if first not in actions.RECEIVERS:
        drafts = read_object(state)
    if drafts is None:
        return Phrase(pronoun=first)
    return Phrase(drafts, state.tokens.span(0, state.size))

"""Markers in a clause: the words where a source, a destination or a further part begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from zsris_ros.language.grammar.rules.noun_phrases import read_noun_phrase
from zsris_ros.language.grammar.rules.order import read_direction
from zsris_ros.language.grammar.rules.places import read_place
from zsris_ros.language.grammar.state import ParserState
from zsris_ros.language.grammar.tokens import STOP
from zsris_ros.language.instructions.particles import closes
from zsris_ros.language.lexicon import actions, nouns
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.types import Action

_TAIL_CUES = lex.NEGATORS - {"without", "no", "n't", "minus", "never"}
_PREPOSITIONS = frozenset(("on", "in", "at", "to", "toward", "towards"))
PLACED = frozenset(("goal", "place", "other"))
_MOVED = frozenset(
    ("take", "get", "lift", "raise", "pick", "collect", "gather", "bring", "deliver")
)
"""Verbs that move their object where a goal is named."""


class Marker(NamedTuple):
    """The start of a part of the clause behind its targets, at the token ``first``."""

    first: int
    length: int
    role: Literal["source", "goal", "place", "other", "aside", "tail"]
    kind: str


def find_markers(state: ParserState, begin: int) -> Iterator[Marker]:
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
            yield Marker(i, 1, "tail", "")
            i += 2
            continue
        place = read_place(state, i) if word in _PREPOSITIONS else None
        row = morph.match(actions.DESTINATIONS, words, i)
        if place is not None and not (word == "on" and words[i + 1] == "top"):
            if word == "to" and place.end >= state.size and place.sides in (("left",), ("right",)):
                yield Marker(i, place.end - i, "goal", f"{place.sides[0]}_of")
            i = place.end
            continue
        if word == "for" and i and _is_receiver(state, i + 1):
            yield Marker(i, 1, "goal", "at")
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
            yield Marker(i, length, role, kind)
        i += length


def destination_of(
    state: ParserState, markers: list[Marker], action: Action, verb: str, pronoun: bool
) -> tuple[Marker | None, Action]:
    """Return the start of the destination, and the action that it gives the verb."""
    places = [marker for marker in markers if marker.role in PLACED]
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


def drop_early_tail(cuts: list[Marker]) -> list[Marker]:
    """Leave an exclusion before all other parts to the targets' own phrase."""
    while cuts and cuts[0].role == "tail":
        cuts = cuts[1:]
    return cuts


def is_own(marker: Marker, action: Action) -> bool:
    """Return whether a marker gives the destination or source of a step of ``action``."""
    if action == "pick":
        return marker.role == "source"
    if action == "hand_over":
        return marker.role == "source" or (marker.role == "goal" and marker.kind == "at")
    return marker.role in PLACED


def is_pending(words: Sequence[str], marker: Marker, i: int) -> bool:
    """Return whether "between" still lacks its second anchor before ``i``."""
    between = words[marker.first + marker.length : i]
    return "and" not in between and not morph.is_plural(words[i - 1])


def _is_receiver(state: ParserState, i: int) -> bool:
    found = read_noun_phrase(state, i)
    return found is not None and morph.is_person(found[0].head)


def _source(state: ParserState, i: int, counted: bool) -> Marker | None:
    """Return the marker of a source at ``i``: "off the shelf", "out of the box", "from under"."""
    words, word = state.words, state.words[i]
    before = words[i - 1] if i else ""
    if word == "off" and not closes(words, i + 1 + (words[i + 1] == "of")):
        return Marker(i, 1 + (words[i + 1] == "of"), "source", "on")
    if word == "off" and words[i + 1] == "of":
        return Marker(i, 2, "source", "on")
    if word == "out" and words[i + 1] == "of" and before != "made":
        return Marker(i, 2, "source", "inside")
    if word != "from" or i + 1 >= state.size:
        return None
    if before in ("far", "away", "apart", "aside", "across", "made", "different", "other"):
        return None
    if read_direction(state, i, counted) is not None:
        return None
    row = morph.match(actions.RELATIONS, words, i + 1)
    if row is not None and row[0] not in ("", "of", "to", "from"):
        return Marker(i, 1 + row[1], "source", row[0])
    return Marker(i, 1, "source", "from")


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


def _names_receiver(state: ParserState, marker: Marker) -> bool:
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

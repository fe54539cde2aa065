"""Words of a clause that belong to its verb: particles, asides, and the ends of a clause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from zsris_ros.language.grammar.tokens import COMMA, STOP, Token
from zsris_ros.language.lexicon import actions
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.types import Action

ENDS = frozenset((COMMA, STOP, "and", "but", "or", "then"))
_LONGEST_ASIDE = 9
"""The most words of "for me" and the like."""


def trim(tokens: list[Token]) -> list[Token]:
    """Remove fillers, "for me", "here" and the like from both ends."""
    while tokens and (tokens[0].text in ENDS or tokens[0].text in lex.FILLERS):
        del tokens[0]
    while tokens:
        last = tokens[-1].text
        if last in ENDS or last in lex.FILLERS or (last == "here" and len(tokens) > 1):
            if last == "here" and tokens[-2].text in ("in", "on", "from"):
                return tokens
            del tokens[-1]
            continue
        end = tokens[-_LONGEST_ASIDE:]
        words, size = words_of(end), len(end)
        cut = next((k for k in range(size) if _is_aside(words, k, size)), None)
        if cut is None:
            return tokens
        del tokens[len(tokens) - size + cut :]
    return tokens


def drop_particles(tokens: list[Token], action: Action, verb: str) -> tuple[list[Token], Action]:
    """Remove the particles of the verb; return the action that they give as well."""
    words, size = words_of(tokens), len(tokens)
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
            last = i == size - 1 or closes(words, i + 1)
            if words[i] in actions.OPENED and (i == 0 or last) and not _modifies(words, i):
                action = cast(Action, actions.OPENED[words[i]])
                dropped.add(i)
                break
    for i in range(size):
        if i not in dropped and _is_particle(words, i, size, action):
            dropped.add(i)
    return [token for k, token in enumerate(tokens) if k not in dropped], action


def words_of(tokens: Sequence[Token]) -> list[str]:
    """Return the words of tokens, padded with empty words."""
    return [token.text for token in tokens] + [""] * 8


def _is_aside(words: Sequence[str], i: int, size: int) -> bool:
    """Return whether a phrase that describes no object fills the words from ``i`` on."""
    if words[i + 1] == "there" and words[i] in ("in", "on"):
        return False
    for table in (lex.TIME_PHRASES, actions.SPEECH_ACTS):
        row = morph.match(table, words, i)
        if row is not None and not row[0] and i + row[1] == size:
            return True
    return words[i] == "a" and words[i + 1] in ("bit", "little") and i + 2 == size


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
        if words[i] in named and (i == size - 1 or closes(words, i + 1)):
            return i, named[words[i]]
    return None


def closes(words: Sequence[str], i: int) -> bool:
    """Return whether a phrase ends at ``i``: a stop, a relation or a destination."""
    word = words[i]
    phrase = morph.match(actions.RELATIONS, words, i) is not None
    return phrase or word in ENDS or word in ("", "from", "off", "here", "there")


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
    return i == size - 1 or closes(words, i + 1)

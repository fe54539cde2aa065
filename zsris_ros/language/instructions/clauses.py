"""The clauses of an instruction: one a verb, a question, an announcement or a negation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from zsris_ros.language.grammar.command_prefix import (
    is_unknown_verb,
)
from zsris_ros.language.grammar.tokens import COMMA, STOP
from zsris_ros.language.lexicon import actions, nouns
from zsris_ros.language.lexicon import commands as com
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph

Kind = Literal["command", "find", "hand_over", "announce", "negative", "bare", "front"]
_JUNCTIONS = frozenset((COMMA, STOP, "and", "but", "or"))
_OPEN_PREPOSITIONS = frozenset(("from", "off", "out"))
_BEFORE_NOUN = lex.DETERMINERS | lex.SUBJECTS | lex.AUXILIARIES | lex.RELATIVES | lex.LINKING
_AIMS = {"point": ("at", "to", "out", "towards"), "look": ("for", "at"), "search": ("for",)}
_LONGEST_OPENING = 24
"""The most words before a verb; the bound keeps the time linear."""
_SEEN = frozenset(("see", "check", "look"))


@dataclass(frozen=True)
class Clause:
    """The tokens begin..end-1 of a clause without its verb.

    Attributes:
        kind: "command" with a ``verb``, the question "find", the wish "hand_over", the
            announcement of an object ("announce", or "bare" without any opening), a "negative"
            command, or the phrase "front" before the verb of the next clause.
        verb: The verb in its base form, "" without one.
        begin: The first token.
        end: The token after the last one.
    """

    kind: Kind
    verb: str
    begin: int
    end: int


class _Opening(NamedTuple):
    kind: Kind
    verb: str
    begin: int


def split_clauses(words: Sequence[str], size: int) -> list[Clause]:
    """Return the clauses of padded ``words`` in their order."""
    clauses: list[Clause] = []
    i = 0
    while i < size:
        opening = _opening(words, i, size)
        if opening is None:
            while i < size and words[i] in _JUNCTIONS:
                i += 1
            if i >= size:
                break
            opening = _Opening("front" if _is_fronted(words, i, size) else "bare", "", i)
        end = _end(words, opening, size)
        clauses.append(Clause(opening.kind, opening.verb, opening.begin, end))
        i = end
    return clauses


def _end(words: Sequence[str], opening: _Opening, size: int) -> int:
    begin = opening.begin
    for i in range(begin, size):
        word = words[i]
        if word == STOP:
            if not _continues(words, i + 1):
                return i
        elif word in _JUNCTIONS or word in lex.FILLERS:
            if i > begin and _opening(words, i, size) is not None:
                return i
            if word == "and" and i > begin and _is_fronted(words, i + 1, size):
                return i
        elif i > begin and _starts_unjoined(words, begin, i, size):
            return i
    return size


def _continues(words: Sequence[str], i: int) -> bool:
    """Return whether a sentence describes the object before it: "It is red.", "The big one."."""
    if words[i] in lex.CLAUSE_PRONOUNS and words[i + 1] in lex.LINKING:
        return True
    if words[i] in lex.NEGATORS and words[i] != "never":
        return True
    return bool({"one", "ones"} & set(words[i + 1 : i + 4])) and words[i] in lex.DETERMINERS


def _opening(words: Sequence[str], i: int, size: int) -> _Opening | None:
    """Return the opening of a clause at ``i`` after junctions and wrappers, None without one."""
    begin, commanded, doing = i, i == 0, False
    while i < min(size, begin + _LONGEST_OPENING):
        word, following = words[i], words[i + 1]
        verb = actions.base_form(word) if doing else word
        negation = _negation(words, i)
        act = morph.match(actions.SPEECH_ACTS, words, i)
        if negation is not None:
            return _Opening("negative", "", negation)
        if act is not None and act[0]:
            if act[0] == "find":
                return _Opening("find", "find", _after_question(words, i, i + act[1]))
            return _Opening("hand_over" if act[0] == "hand_over" else "announce", "", i + act[1])
        if act is not None:
            doing = doing or "mind" in words[i : i + act[1]] or word in ("how", "what")
            commanded, i = True, i + act[1]
        elif word in ("which", "what") and _is_question(words, i):
            return _Opening("find", "find", i)
        elif verb in actions.VERBS and _commands(words, i, verb, commanded, i == 0):
            return _Opening("command", verb, i + 1)
        elif _is_unknown_verb(words, i, commanded):
            return _Opening("command", word, i + 1)
        elif (
            word in _JUNCTIONS
            or word in lex.FILLERS
            or word in com.GREETINGS
            or (word in actions.SEQUENCE and _is_sequence(words, i))
            or (word in com.ADDRESSEES and (i == begin or words[i - 1] in com.GREETINGS))
            or (i > 0 and words[i - 1] in com.GREETINGS and following == COMMA)
            or (morph.is_manner(word) and i < size - 1)
            or (commanded and word in ("to", "just", "also", "kindly", "you"))
        ):
            i += 1
        else:
            return None
    return None


def _negation(words: Sequence[str], i: int) -> int | None:
    """Return the index after "do not touch" or "without touching" at ``i``."""
    if words[i] == "do" and words[i + 1] == "not":
        i += 2
        while words[i] in lex.FILLERS or words[i] in ("you", "dare", "ever", "to"):
            i += 1
        return i + 1 if words[i] else None
    if words[i] == "never" and words[i + 2] in lex.DETERMINERS:
        return i + 2
    if words[i] == "without" and morph.is_ing(words[i + 1]) and words[i + 2] in lex.DETERMINERS:
        return i + 2
    return None


def _after_question(words: Sequence[str], start: int, i: int) -> int:
    """Return the start of the object of a question: "where did my brother put the keys"."""
    if words[start] == "where" and words[start + 1] in ("did", "has", "have"):
        for k in range(start + 2, start + 6):
            leaving = words[k] in lex.ACTIONS or actions.VERBS.get(words[k]) == "place"
            if leaving and words[k + 1] not in ("", STOP, COMMA):
                return k + 1
    return i


def _is_question(words: Sequence[str], i: int) -> bool:
    if words[i] == "which":
        return True
    return bool(set(words[i + 1 : i + 5]) & {"is", "are"})


def _is_sequence(words: Sequence[str], i: int) -> bool:
    """Return whether "first" or "next" orders steps, not objects."""
    following = words[i + 1]
    if following == COMMA or words[i] in ("then", "finally", "afterwards", "also", "now"):
        return True
    while following in lex.FILLERS or following == "you":
        i += 1
        following = words[i + 1]
    if following in actions.VERBS:
        return _commands(words, i + 1, following, False, False)
    return morph.match(actions.SPEECH_ACTS, words, i + 1) is not None


def _starts_object(word: str) -> bool:
    return (
        word in lex.DETERMINERS
        or word in actions.PRONOUNS
        or word in actions.RECEIVERS
        or word in ("everything", "something", "all", "another")
        or morph.cardinal(word) is not None
    )


def _commands(words: Sequence[str], i: int, verb: str, commanded: bool, first: bool) -> bool:
    """Return whether the verb at ``i`` is a command rather than a noun or an adjective."""
    j = i + 1
    following = words[j]
    if following in ("of", "'s") or (verb in _SEEN and not commanded and following == "to"):
        return False
    if _starts_object(following):
        return True
    if following in _particles(verb):
        while words[j] in _particles(verb) and j < i + 3:
            j += 1
        if _starts_object(words[j]) or words[j] == "of":
            return True
        if verb not in actions.NOUNS_TOO or verb == "pick" or commanded:
            return True
        return words[j] not in ("", COMMA, STOP, "and") and not _is_preposition(words, j)
    if following in ("", COMMA, STOP) or following in lex.LINKING or following in lex.RELATIVES:
        return False
    if following == "and":
        return verb not in actions.NOUNS_TOO and words[i + 2] in actions.VERBS
    if verb not in actions.NOUNS_TOO:
        return True
    if _is_preposition(words, j):
        return verb in ("place", "set", "lay") and following not in ("for", "to", "with", "from")
    return (commanded and not first) or (first and verb in actions.BARE_COMMANDS)


def _is_preposition(words: Sequence[str], i: int) -> bool:
    return morph.match(actions.RELATIONS, words, i) is not None


def _particles(verb: str) -> frozenset[str]:
    if verb in actions.SWITCHING:
        return frozenset(("on", "off", "up", "down"))
    if verb in _AIMS:
        return frozenset(_AIMS[verb])
    if verb in ("go", "come", "walk", "drive", "navigate"):
        return frozenset(("to", "over", "back", "up", "towards", "into", "in", "on"))
    if actions.VERBS[verb] in ("push", "pull", "move", "open", "close"):
        return actions.VERB_PARTICLES | {"open", "shut", "closed"}
    return frozenset() if verb in ("see", "check") else actions.VERB_PARTICLES


def _is_unknown_verb(words: Sequence[str], i: int, commanded: bool) -> bool:
    """Return whether a word outside of the lexicon is a verb: "iron it", "illuminate the mug"."""
    pronoun = words[i + 1] in ("it", "them") and morph.is_noun_like(words[i])
    if pronoun and words[i] not in _BEFORE_NOUN and not _is_preposition(words, i):
        return words[i] not in lex.OBJECT_PRONOUNS | lex.HAVING | lex.NEGATORS
    return commanded and is_unknown_verb(words, i)


def _starts_unjoined(words: Sequence[str], begin: int, i: int, size: int) -> bool:
    """Return whether a command starts at ``i`` without any word before it that joins it."""
    word, before = words[i], words[i - 1]
    row = morph.match(actions.SPEECH_ACTS, words, i)
    if row is not None and row[0] == "announce" and word == "there":
        return True
    if row is not None and not row[0]:
        opening = _opening(words, i, size)
        return opening is not None and opening.kind == "command"
    if words[i] == "without" or (words[i] == "do" and words[i + 1] == "not"):
        return _negation(words, i) is not None
    if word not in actions.VERBS or before in _BEFORE_NOUN or before in ("to", "not", "of", "'s"):
        return False
    if before in nouns.FAMILY or morph.match(actions.RELATIONS, words, i - 1) is not None:
        closed = before in _OPEN_PREPOSITIONS or before in actions.PARTICLES
        if before in nouns.FAMILY or not closed:
            return False
    if morph.is_adjective(before) and morph.is_noun_like(word) and word in actions.NOUNS_TOO:
        return False
    if not any(morph.is_noun_like(each) for each in words[begin:i]):
        return False
    j = i + 1
    if word not in actions.NOUNS_TOO or word in ("pick", "turn"):
        while words[j] in _particles(word) and j < i + 3:
            j += 1
    following = words[j]
    determined = following in lex.DETERMINERS and following not in ("that", "which", "what")
    pronoun = following in ("it", "them", "me", "us")
    return determined or pronoun


def _is_fronted(words: Sequence[str], i: int, size: int) -> bool:
    """Return whether the phrase at ``i`` stands before its verb: "from the bar bring me ..."."""
    if not _is_preposition(words, i) and words[i] not in _OPEN_PREPOSITIONS:
        return False
    for k in range(i + 2, min(size, i + 20)):
        if words[k] == COMMA:
            opening = _opening(words, k, size)
            return opening is not None and opening.kind in ("command", "hand_over", "find")
        if words[k] in (STOP, "and"):
            return False
        if _starts_unjoined(words, i, k, size):
            return True
    return False

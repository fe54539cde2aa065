"""The words around an expression: greetings, politeness, commands and their goals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zsris_ros.language.grammar.introductions import introduced
from zsris_ros.language.grammar.tokens import COMMA, STOP
from zsris_ros.language.lexicon import commands as com
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph


class CommandPrefix(NamedTuple):
    """The index after the prefix; whether its command moves the object to a goal."""

    end: int
    placing: bool


def command_prefix(words: Sequence[str], size: int, begin: int = 0) -> CommandPrefix:
    """Read greetings, politeness, questions and commands from ``begin`` on."""
    i, commanded, placing = begin, False, False
    while i < size:
        word, following = words[i], words[i + 1]
        opener = morph.match(com.OPENERS, words, i)
        found = introduced(words, i, size, commanded)
        asked = word in ("someone", "somebody") and following in com.STRONG
        if asked or (word == "somewhere" and morph.match(com.OPENERS, words, i + 1) is not None):
            i += 1
        elif word == "what" and following in com.ASKED and words[i + 2] in lex.LINKING:
            commanded, i = True, i + 3
        elif (
            word in (COMMA, STOP)
            or word in lex.FILLERS
            or word in com.GREETINGS
            or (word == "no" and (following == COMMA or following in lex.DETERMINERS or i == begin))
            or (word in com.ADDRESSEES and _is_addressed(words, i))
            or (word == "there" and i > 0 and words[i - 1] in com.GREETINGS)
            or (word == "where" and following in lex.DETERMINERS)
            or (morph.is_manner(word) and following in com.COMMANDS)
            or (word in ("just", "only") and following in lex.DETERMINERS)
        ):
            i += 1
        elif found is not None:
            commanded, placing, i = True, False, found
        elif (then := _sequence(words, i)) is not None:
            i = then
        elif (
            word in ("i", "we") and words[i + 2] in lex.DETERMINERS and following not in lex.HAVING
        ):
            commanded, i = True, i + 2  # "I left my phone on the couch"
        elif opener is not None:
            commanded, i = True, i + opener[1]
        elif (word in ("its", "thats") and following in lex.ARTICLES) or (
            commanded and (word in com.LINKS or morph.is_manner(word)) and not _is_head(words, i)
        ):
            i += 1
        elif (end := _command(words, i, commanded)) is not None:
            placing = placing or (word in com.PLACING and following not in com.PARTICLES_AWAY)
            commanded, i = True, end
        else:
            break
    return CommandPrefix(begin, False) if i >= size else CommandPrefix(i, placing)


def _sequence(words: Sequence[str], i: int) -> int | None:
    """Return the index after "first" or "next" before a command or a comma, None without one."""
    row = morph.match(com.SEQUENCE, words, i)
    if row is None:
        return None
    i += row[1]
    objects = lex.DETERMINERS | lex.OBJECT_PRONOUNS | com.PARTICLES_AFTER_VERB
    if words[i] == COMMA or (words[i] in com.COMMANDS and words[i + 1] in objects):
        return i
    return None


def _is_addressed(words: Sequence[str], i: int) -> bool:
    following = words[i + 1]
    return (
        (i > 0 and words[i - 1] in com.GREETINGS)
        or following == COMMA
        or following in com.COMMANDS
        or following in ("please", "kindly")
        or (following in lex.FILLERS and words[i + 2] in com.COMMANDS)
        or morph.match(com.OPENERS, words, i + 1) is not None
    )


def _is_head(words: Sequence[str], i: int) -> bool:
    """Return whether "that" or "which" belongs to a noun phrase."""
    if words[i] in ("that", "which", "what", "her"):
        return words[i + 1] not in ("is", "are", "has", "was")
    return words[i] == "them" and words[i + 1] in ("", STOP)


def _command(words: Sequence[str], i: int, commanded: bool) -> int | None:
    """Return the index after the command verb at ``i`` with its particles."""
    word, following = words[i], words[i + 1]
    if following in ("", COMMA, STOP):
        return None
    row = morph.match(lex.RELATIONS, words, i + 1)
    beside = row is not None and words[i + 1 + row[1]] in lex.DETERMINERS and row[1] > 1
    moving = word in com.MOTION and (commanded or word not in com.OFTEN_NOUNS)
    if moving and beside and (i == 0 or commanded):
        accepted = True
    elif commanded and morph.is_ing(word):  # "would you mind picking up the mug"
        k = i + 1 + (following in com.PARTICLES_AFTER_VERB)
        accepted = words[k] in lex.DETERMINERS | lex.OBJECT_PRONOUNS and _is_gerund(word)
    elif word in com.COMMANDS:
        accepted = (
            word in com.STRONG
            or following in com.OBJECT_STARTS
            or morph.cardinal(following) is not None
            or commanded
            or following in com.STRONG
            or _particles_lead_to_noun(words, i)
        )
    else:
        accepted = (
            i == 0 or commanded or words[i - 1] in lex.FILLERS or words[i - 1] == COMMA
        ) and is_unknown_verb(words, i)
    if not accepted:
        return None
    i += 1
    row = morph.match(lex.RELATIONS, words, i) if word in com.MOTION else None
    if row is not None and row[1] > 1 and words[i + row[1]] in lex.DETERMINERS:
        return i + row[1]
    while words[i] in lex.OBJECT_PRONOUNS - {"her", "it", "mine"} or (
        words[i] in com.PARTICLES and (word in com.MOTION or words[i] in com.PARTICLES_AFTER_VERB)
    ):
        i += 1
    return i


def _is_gerund(word: str) -> bool:
    """Return whether a word is the -ing form of a command: picking, taking, grabbing."""
    stem = word.removesuffix("ing")
    return not com.COMMANDS.isdisjoint((stem, stem + "e", stem[:-1]))


def _particles_lead_to_noun(words: Sequence[str], i: int) -> bool:
    """Return whether particles follow a verb: "go over to the", but not "drill on the bench"."""
    verb = words[i]
    moving = verb in com.MOTION and verb not in com.OFTEN_NOUNS
    first = (
        com.PARTICLES if moving or verb in ("switch", "put", "take") else com.PARTICLES_TO_OBJECT
    )
    begin = i = i + 1
    if words[i] not in first:
        return False
    while words[i] in com.PARTICLES and i < begin + 3:
        i += 1
    aimed = verb in com.MOTION and words[i - 1] in ("to", "at", "for", "towards", "toward")
    return i > begin and (words[i] in lex.DETERMINERS or (aimed and words[i] not in ("", COMMA)))


def is_unknown_verb(words: Sequence[str], i: int) -> bool:
    """Return whether an unknown word before a determiner is a verb: "illuminate the mug"."""
    word, following = words[i], words[i + 1]
    clause = following == "that" and (
        words[i + 2] in lex.LINKING or words[i + 2] in lex.AUXILIARIES or words[i + 2] in lex.HAVING
    )
    if following in com.PARTICLES_AWAY:  # "dig out the trowel"
        following = words[i + 2]
    return (
        not clause
        and following in lex.ARTICLES | lex.POSSESSIVES | {"this", "that", "those", "these"}
        and morph.is_noun_like(word)
        and word not in lex.DETERMINERS
        and not morph.is_person(word)
        and not morph.is_ing(word)
        and word not in lex.LINKING
        and word not in lex.RELATIVES
        and word not in lex.NEGATORS
        and word not in ("counting", "from", "and", "half")
        and morph.match(lex.RELATIONS, words, i) is None
        and not morph.is_plural(word)
    )


def errand_start(words: Sequence[str], size: int) -> int:
    """Return the start of an errand: "go to the kitchen and bring me the mug"; 0 without one."""
    if not any(word in com.GOING for word in words[:4]):
        return 0
    for i in range(2, size - 2):
        if words[i] in com.STRONG and words[i - 1] in ("and", "then", COMMA):
            j = i + 1
            while words[j] in lex.OBJECT_PRONOUNS or words[j] in com.PARTICLES_AFTER_VERB:
                j += 1
            if words[j] in lex.DETERMINERS and words[j - 1] != "it":
                return i
    return 0


def is_command_about_pronoun(words: Sequence[str], i: int) -> bool:
    """Return whether "show me" or "grab it" stands at ``i``."""
    return words[i] in com.COMMANDS and words[i + 1] in ("it", "them", "me", "us")


def is_strong_command(words: Sequence[str], i: int) -> bool:
    """Return whether a command such as "take the red one" stands at ``i``."""
    return words[i] in com.STRONG and words[i + 1] in lex.ARTICLES


def is_next_command(words: Sequence[str], i: int) -> bool:
    """Return whether a further command starts at ``i``: "hand them to me", "and bring it here"."""
    while words[i] in ("and", "then", "please", "just", COMMA) or words[i] in lex.HESITATIONS:
        i += 1
    if morph.match(com.OPENERS, words, i) is not None and words[i] in (
        "can",
        "could",
        "would",
        "will",
    ):
        return True
    if words[i] not in com.COMMANDS:
        return False
    following = words[i + 1]
    pronoun = following in ("it", "them", "that", "this", "me", "him", "one", "us")
    return pronoun or (words[i] in com.STRONG and following in lex.DETERMINERS)


def goal_start(words: Sequence[str], start: int, size: int) -> int:
    """Return the start of the goal of a placing command: "put X in Y" ends X before "in".

    Of several places the last "in" or "on" phrase is the goal; earlier ones describe X.
    """
    found, explicit, i = [], [], start
    while i < size:
        row = morph.match(lex.RELATIONS, words, i)
        kind, length = row if row is not None else ("", 1)
        clause = i > 0 and (
            words[i - 1] in lex.LINKING
            or (words[i - 1] in lex.PLACEMENT and words[i - 1] != "left")
            or (i > 1 and words[i - 2] in lex.SUBJECTS)
        )
        if words[i] == STOP and i > start:
            size = i
        elif (words[i] in lex.GOAL_ONLY and not clause) or (
            words[i] == "back" and morph.match(lex.RELATIONS, words, i + 1) is not None
        ):
            explicit.append(i)
        elif kind and kind not in ("with", "of", "from") and not clause:
            found.append((i, words[i]))
        i += length
    if explicit:
        return explicit[0]
    if not found:
        return size
    if found[-1][1] in ("in", "on", "inside", "onto"):
        return found[-1][0]
    first = [i for i, word in found if word in ("in", "on", "inside")]
    return first[0] if first else found[-1][0]

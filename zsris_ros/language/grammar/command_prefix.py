"""The words around an expression: greetings, politeness, commands and their goals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zsris_ros.language.grammar.introductions import introduced
from zsris_ros.language.grammar.tokens import COMMA, STOP
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon.function_words import phrase_table, word_set

GREETINGS = word_set("hey hi hello yo dear")
ADDRESSEES = word_set("robot computer assistant buddy bot siri alexa machine mate sir")
_COMMANDS = word_set("""
    grab get give bring fetch find locate segment show select detect identify highlight pick take
    put place move throw go drive navigate look see want need choose retrieve deliver search tell
    remove collect reach point follow track inspect describe approach spot recognize recognise
    outline localize localise lift carry head hand pass come i'd grasp walk roll return drop toss
    seek mark pull push open close touch press hold focus aim zoom examine check watch turn switch
    wash clean wipe empty fill feed water cut hit kick set lay hang store stack insert slide pour
    dump load pack leave keep use buy serve help clear raise lower flip rotate shake catch start
    stop run ride park wait stand count
""")
_STRONG = word_set("""
    grab get give bring fetch find locate segment select detect identify retrieve deliver choose
    grasp show put navigate want need remove describe localize localise recognize recognise take
    pick
""")
_MOTION = word_set("""
    go drive navigate walk come head roll approach move reach run wait stand park stop return point
    look search focus aim zoom follow turn
""")
_PLACING = word_set("""
    put place set drop throw toss move lay insert stack store hang pour slide push dump load pack
    return leave keep stick
""")
_PARTICLES_TO_OBJECT = word_set("up out off away back down for at to toward towards over")
_OFTEN_NOUNS = word_set("head roll point")
_PARTICLES_AWAY = ("away", "out")
_PARTICLES = word_set("""
    up out over back away down on off in for at to toward towards along through into around near by
    behind
""")
_ASKED = word_set("color colour size shape kind type sort brand material")
_GOING = word_set("go drive navigate walk come head")
_PARTICLES_AFTER_VERB = word_set("up out off on for over back down away")
_OPENERS = phrase_table({
    "": """
        can you, could you, would you, will you, can u, could u, can we, can i, could i, may i, do
        you, did you, have you, are you able to, i want, i would, i am, i will, i have, i can, i
        could, i can not, i could not, do you mind, mind passing, mind handing, mind giving, mind
        bringing, mind getting, mind grabbing, i need, we need, we want, i should, let me, let us, i
        was, we are, do we, is there, are there, there is, there are, here is, here are, where is,
        where are, where did i, where did you, where was, where were, where can i, what is, what
        are, who is, who are, it is, that is, this is, these are, those are, they are, which is, i
        think, i mean, i meant, i see, it was, would you mind, you should, you can, you need, i
        wish, i wonder, there was, there were, tell me, show me, how about, what about, try to, go
        ahead and, go and, come and, do you know, get rid of, make sure, be so kind as to, want you,
        like you, need you, you could, does it, is it, would it be possible to, is it possible to, i
        was wondering if, i wonder if, isn't there, the robot should, looking for, look for, if you
        could, if you can, if possible, in case, you know, you see, have a look at, take a look at,
        have a look for, have a look, take a look, get a look at, have a peek at, take a peek at,
        keep an eye on, keep track of, take care of, how many, there should be, there must be, there
        might be, can someone, could someone, would someone, will someone, can somebody, could
        somebody, would somebody, can anyone, could anyone, i am after, we are after, excuse me,
        pardon me, sorry to bother you, id like, id love, were looking for, any chance you could,
        any chance of, do me a favour and, do me a favor and, be a dear and, i would appreciate it
        if you could, if you see, if you find, if there is, when you get a chance, when you have a
        moment, when you have time, when you have a minute, when you can, whenever you can, before
        you go, before you leave, while you are there, once you are done, where has, where have,
        where had, grab hold of, get hold of, take hold of, catch hold of, get your hands on, click
        on, tap on, that would be, this would be, it would be, it should be, that should be, that
        must be, it must be, we should, you must, i must, you have to, i have to, we have to, i
        could do with, we could do with, i would rather have, i would rather, try, attempt to, be
        so kind and, make it, make that, work with, start with, begin with, continue with, go on
        with, carry on with, deal with, align with, align yourself with, line up with, hover over,
        hover above, stop above, stop over, concentrate on, attend to, pay attention to, tip over,
        knock over, let go of, tidy up, offer me, lend me, reach over and, lean over and, get closer
        to, get nearer to, when you see, once you see, as soon as you see, once you have, once you
        find, when you find, if you have
    """,
})  # fmt: skip
_LINKS = word_set("""
    please kindly to where what which who if and see seen able like you u me us find getting
    bringing grabbing giving handing passing finding mind looking trying searching asking just now
    also then so have had love prefer got going for at is are that about him her them
""")
_SEQUENCE = phrase_table({
    "": """
        first, second, third, firstly, secondly, next, then, finally, lastly, after that, look
    """,
})  # fmt: skip
_OBJECT_STARTS = lex.DETERMINERS | lex.OBJECT_PRONOUNS | {"one", "just", "please", "up"}


class CommandPrefix(NamedTuple):
    """The index after the prefix; whether its command moves the object to a goal."""

    end: int
    placing: bool


def command_prefix(words: Sequence[str], size: int, begin: int = 0) -> CommandPrefix:
    """Read greetings, politeness, questions and commands from ``begin`` on."""
    i, commanded, placing = begin, False, False
    while i < size:
        word, following = words[i], words[i + 1]
        opener = morph.match(_OPENERS, words, i)
        found = introduced(words, i, size, commanded)
        asked = word in ("someone", "somebody") and following in _STRONG
        if asked or (word == "somewhere" and morph.match(_OPENERS, words, i + 1) is not None):
            i += 1
        elif word == "what" and following in _ASKED and words[i + 2] in lex.LINKING:
            commanded, i = True, i + 3
        elif (
            word in (COMMA, STOP)
            or word in lex.FILLERS
            or word in GREETINGS
            or (word == "no" and (following == COMMA or following in lex.DETERMINERS or i == begin))
            or (word in ADDRESSEES and _is_addressed(words, i))
            or (word == "there" and i > 0 and words[i - 1] in GREETINGS)
            or (word == "where" and following in lex.DETERMINERS)
            or (morph.is_manner(word) and following in _COMMANDS)
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
            commanded and (word in _LINKS or morph.is_manner(word)) and not _is_head(words, i)
        ):
            i += 1
        elif (end := _command(words, i, commanded)) is not None:
            placing = placing or (word in _PLACING and following not in _PARTICLES_AWAY)
            commanded, i = True, end
        else:
            break
    return CommandPrefix(begin, False) if i >= size else CommandPrefix(i, placing)


def _sequence(words: Sequence[str], i: int) -> int | None:
    """Return the index after "first" or "next" before a command or a comma, None without one."""
    row = morph.match(_SEQUENCE, words, i)
    if row is None:
        return None
    i += row[1]
    objects = lex.DETERMINERS | lex.OBJECT_PRONOUNS | _PARTICLES_AFTER_VERB
    if words[i] == COMMA or (words[i] in _COMMANDS and words[i + 1] in objects):
        return i
    return None


def _is_addressed(words: Sequence[str], i: int) -> bool:
    following = words[i + 1]
    return (
        (i > 0 and words[i - 1] in GREETINGS)
        or following == COMMA
        or following in _COMMANDS
        or following in ("please", "kindly")
        or (following in lex.FILLERS and words[i + 2] in _COMMANDS)
        or morph.match(_OPENERS, words, i + 1) is not None
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
    moving = word in _MOTION and (commanded or word not in _OFTEN_NOUNS)
    if moving and beside and (i == 0 or commanded):
        accepted = True
    elif commanded and morph.is_ing(word):  # "would you mind picking up the mug"
        k = i + 1 + (following in _PARTICLES_AFTER_VERB)
        accepted = words[k] in lex.DETERMINERS | lex.OBJECT_PRONOUNS and _is_gerund(word)
    elif word in _COMMANDS:
        accepted = (
            word in _STRONG
            or following in _OBJECT_STARTS
            or morph.cardinal(following) is not None
            or commanded
            or following in _STRONG
            or _particles_lead_to_noun(words, i)
        )
    else:
        accepted = (
            i == 0 or commanded or words[i - 1] in lex.FILLERS or words[i - 1] == COMMA
        ) and is_unknown_verb(words, i)
    if not accepted:
        return None
    i += 1
    row = morph.match(lex.RELATIONS, words, i) if word in _MOTION else None
    if row is not None and row[1] > 1 and words[i + row[1]] in lex.DETERMINERS:
        return i + row[1]
    while words[i] in lex.OBJECT_PRONOUNS - {"her", "it", "mine"} or (
        words[i] in _PARTICLES and (word in _MOTION or words[i] in _PARTICLES_AFTER_VERB)
    ):
        i += 1
    return i


def _is_gerund(word: str) -> bool:
    """Return whether a word is the -ing form of a command: picking, taking, grabbing."""
    stem = word.removesuffix("ing")
    return not _COMMANDS.isdisjoint((stem, stem + "e", stem[:-1]))


def _particles_lead_to_noun(words: Sequence[str], i: int) -> bool:
    """Return whether particles follow a verb: "go over to the", but not "drill on the bench"."""
    verb = words[i]
    moving = verb in _MOTION and verb not in _OFTEN_NOUNS
    first = _PARTICLES if moving or verb in ("switch", "put", "take") else _PARTICLES_TO_OBJECT
    begin = i = i + 1
    if words[i] not in first:
        return False
    while words[i] in _PARTICLES and i < begin + 3:
        i += 1
    aimed = verb in _MOTION and words[i - 1] in ("to", "at", "for", "towards", "toward")
    return i > begin and (words[i] in lex.DETERMINERS or (aimed and words[i] not in ("", COMMA)))


def is_unknown_verb(words: Sequence[str], i: int) -> bool:
    """Return whether an unknown word before a determiner is a verb: "illuminate the mug"."""
    word, following = words[i], words[i + 1]
    clause = following == "that" and (
        words[i + 2] in lex.LINKING or words[i + 2] in lex.AUXILIARIES or words[i + 2] in lex.HAVING
    )
    if following in _PARTICLES_AWAY:  # "dig out the trowel"
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
    if not any(word in _GOING for word in words[:4]):
        return 0
    for i in range(2, size - 2):
        if words[i] in _STRONG and words[i - 1] in ("and", "then", COMMA):
            j = i + 1
            while words[j] in lex.OBJECT_PRONOUNS or words[j] in _PARTICLES_AFTER_VERB:
                j += 1
            if words[j] in lex.DETERMINERS and words[j - 1] != "it":
                return i
    return 0


def is_command_about_pronoun(words: Sequence[str], i: int) -> bool:
    """Return whether "show me" or "grab it" stands at ``i``."""
    return words[i] in _COMMANDS and words[i + 1] in ("it", "them", "me", "us")


def is_strong_command(words: Sequence[str], i: int) -> bool:
    """Return whether a command such as "take the red one" stands at ``i``."""
    return words[i] in _STRONG and words[i + 1] in lex.ARTICLES


def is_next_command(words: Sequence[str], i: int) -> bool:
    """Return whether a further command starts at ``i``: "hand them to me", "and bring it here"."""
    while words[i] in ("and", "then", "please", "just", COMMA) or words[i] in lex.HESITATIONS:
        i += 1
    if morph.match(_OPENERS, words, i) is not None and words[i] in (
        "can",
        "could",
        "would",
        "will",
    ):
        return True
    if words[i] not in _COMMANDS:
        return False
    following = words[i + 1]
    pronoun = following in ("it", "them", "that", "this", "me", "him", "one", "us")
    return pronoun or (words[i] in _STRONG and following in lex.DETERMINERS)


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

"""Words around an expression that name no object: "the goal is", "target:", "by its handle"."""

from __future__ import annotations

from collections.abc import Sequence

from zsris_ros.language.grammar.tokens import COMMA, STOP
from zsris_ros.language.lexicon import function_words as lex
from zsris_ros.language.lexicon import morphology as morph
from zsris_ros.language.lexicon import nouns
from zsris_ros.language.lexicon.function_words import phrase_table, word_set

_AIMS = word_set("""
    target goal task job aim mission order request instruction command answer choice pick favourite
    favorite preference question query prompt step
""")
"""Nouns of what is asked for: "the goal is to grasp the mug"."""
_LABELS = _AIMS | word_set("""
    find grab pick locate segment get q user human operator me output input item object
""")
"""Words before a colon: "target: the mug"."""
_CHOSEN = word_set("right correct next first second last only actual desired wanted exact")
_WANTING = word_set("""
    want wanted need needed mean meant like love see asked choose chose picked require seek
""")
_CALLING = phrase_table({
    "": """
        called, named, known as, labelled, labeled, resembling, that is called, which is called,
        that looks like, which looks like, that resembles, which resembles
    """,
})  # fmt: skip
_GRIPPERS = word_set("gripper claw fingers effector end-effector tcp")
"""The robot's own parts, also after "the"; those of ``_LIMBS`` after "your" alone."""
_LIMBS = _GRIPPERS | word_set("hand hands arm arms wrist tool eye eyes")
_TOWARDS = word_set("on onto over above to at towards toward around near in into")
_PARTS = word_set("handle handles grip rim brim neck stem edge edges base lid cap spout loop knob")
_BREAKING = word_set("""
    dropping touching hitting spilling knocking moving breaking colliding damaging squeezing
    crushing pushing tipping bumping disturbing
""")
_FINAL = ("", STOP, COMMA, "and", "then")


def introduced(words: Sequence[str], i: int, size: int, commanded: bool) -> int | None:
    """Return the start of what an introduction at ``i`` introduces, None without one.

    ``commanded`` is whether a command stands before ``i``.
    """
    found = _labelled(words, i) if i == 0 else None
    if found is None and commanded:
        found = _robot_part(words, i)
    if found is None:
        found = _named(words, i, size)
    return found if found is not None and found < size else None


def manner(words: Sequence[str], i: int) -> int:
    """Return the number of words at ``i`` that say how to grasp, and of which object nothing.

    "By its handle", "with your left hand", "without spilling it", "first" at the end.
    """
    word, following, third = words[i : i + 3]
    if word in ("with", "using") and following != "both":  # "a man with both arms up"
        end = limb_end(words, i + 1)
        if end is not None:
            return end - i
    if word in ("by", "around", "at") and following == "its":
        return 3 if third and third != "side" and not morph.positions(third) else 0
    if word == "by" and following == "the" and third in _PARTS and words[i + 3] != "of":
        return 3
    if word == "first" and i > 1 and following in _FINAL:
        return 1
    if word == "without" and following in _BREAKING:
        return next(k for k in range(i, len(words)) if words[k] in ("", STOP)) - i
    return 0


def _labelled(words: Sequence[str], i: int) -> int | None:
    """Read "target: the mug", "step 2: find the mug", "1. find the mug"."""
    if words[i].isdecimal() and words[i + 1] == STOP:
        return i + 2
    k = i + 1 + words[i + 1].isdecimal()
    return k + 1 if words[i] in _LABELS and words[k] == COMMA else None


def _robot_part(words: Sequence[str], i: int) -> int | None:
    """Read "(put) your gripper on the mug", "(move) the left arm next to the mug"."""
    end = limb_end(words, i)
    if end is None:
        return None
    row = morph.match(lex.RELATIONS, words, end)
    if row is not None and row[0] in ("on", "near", "next_to", "above"):
        end += row[1]
    elif words[end] in _TOWARDS:
        end += 1
    else:
        return None
    return end if words[end] in lex.DETERMINERS else None


def limb_end(words: Sequence[str], i: int) -> int | None:
    """Return the index after "your hand" or "the gripper"; "the tool" may be an object."""
    k = i + 1 + (words[i + 1] in ("left", "right", "robot", "end"))
    limbs = _GRIPPERS if words[i] == "the" else _LIMBS
    return k + 1 if words[i] in ("your", "both", "the") and words[k] in limbs else None


def _named(words: Sequence[str], i: int, size: int) -> int | None:
    """Read a neutral noun with the name of the object behind it.

    "The goal is to grasp the mug", "the thing I want is the mug", "what I need is the mug", "which
    of these is the mug", "the object called a spatula", "something that looks like a banana".
    """
    if words[i] in ("which", "what") and words[i + 1] == "of":
        k = next((k for k in range(i + 2, min(i + 6, size)) if words[k] in lex.LINKING), size)
        neutral = words[k - 1] in nouns.NEUTRAL | {"all"}  # "which of the plants" names the kind
        return k + 1 if neutral and words[k + 1] in lex.DETERMINERS else None
    k = i
    if words[i] not in ("what", "all", "mine"):
        k += words[i] in lex.DETERMINERS
        while words[k] in _CHOSEN and k < i + 3:
            k += 1
    head = words[k]
    if head not in nouns.NEUTRAL | _AIMS | {"what", "all", "mine"}:
        return None
    k += 1
    calling = morph.match(_CALLING, words, k)
    if calling is None and words[k] == "like" and head in nouns.INDEFINITE:
        calling = "", 1
    if calling is not None and head in nouns.NEUTRAL:
        k += calling[1]
        return k if words[k] in lex.DETERMINERS else None
    if words[k] in ("that", "which", "i", "we", "you"):
        verb = _wanted(words, k + (words[k] in ("that", "which")), size)
        if verb is None:
            return None
        k = verb
    elif head in ("what", "all"):
        return None
    if words[k] not in lex.LINKING:
        return None
    if words[k + 1] == "to" and head in _AIMS | {"what", "all"}:
        return k + 2
    return k + 1 if words[k + 1] in lex.DETERMINERS else None


def _wanted(words: Sequence[str], i: int, size: int) -> int | None:
    """Return the index of "is" after "I want" or "we are looking for" at ``i``."""
    if words[i] not in ("i", "we", "you"):
        return None
    seeking = words[i + 1] in ("am", "are") and words[i + 2] in ("looking", "after", "searching")
    begin = i + 3 if seeking else i + 1
    k = next((k for k in range(begin, min(begin + 4, size)) if words[k] in lex.LINKING), None)
    if k is None or not (seeking or _WANTING & set(words[begin:k])):
        return None
    return k

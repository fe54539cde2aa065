"""Whether a vessel has a handle, by the words of its expression."""

from __future__ import annotations

import re
from dataclasses import replace

from zsris_ros.language.lexicon import morphology
from zsris_ros.language.lexicon.function_words import word_set
from zsris_ros.types import NounPhrase

_VESSELS = word_set("""
    cup mug teacup beaker tankard stein glass tumbler goblet bowl ramekin dish plate jug pitcher
    carafe pot vessel
""")
"""Objects with a round body, beside which a shorter handle shows; a pan's handle is longer, and a
hammer's is most of the hammer."""
_HANDLE_WORDS = {"handled": True, **dict.fromkeys(("handleless", "handle-less"), False)}
_NOT_THE_PART = re.compile(r"\bnot (by |at |on )?(the|its) handle")


def split_handle(phrase: NounPhrase) -> tuple[NounPhrase, bool | None]:
    """Return a phrase without its words of a handle, and whether its vessel has one.

    A handle with attributes ("the red handle") also stays a description.
    """
    if morphology.singular(phrase.head.lower()) not in _VESSELS:
        return phrase, None
    anchors = [a for each in phrase.relations if each.kind == "with" for a in each.anchors]
    named = [anchor for anchor in anchors if _is_handle(anchor)]
    denied = _denied_handles(phrase)
    words = [_HANDLE_WORDS[a] for a in phrase.attributes if a in _HANDLE_WORDS]
    has, lacks = bool(named) or True in words, bool(denied) or False in words
    if has == lacks:
        return phrase, None
    kept = [
        (each, tuple(a for a in each.anchors if a not in named or a.attributes))
        for each in phrase.relations
    ]
    described = replace(
        phrase,
        attributes=tuple(a for a in phrase.attributes if a not in _HANDLE_WORDS),
        relations=tuple(replace(each, anchors=anchors) for each, anchors in kept if anchors),
        excluded=tuple(each for each in phrase.excluded if each not in denied),
    )
    return described, has


def _denied_handles(phrase: NounPhrase) -> list[NounPhrase]:
    """Return the handles among the excluded objects that the target lacks.

    After an anchor it may be the anchor's, "next to the cup without a handle", and "grab the mug,
    not its handle" names the part to grasp.
    """
    sentence = phrase.sentence.lower()
    if _NOT_THE_PART.search(sentence):
        return []
    related = (each.anchors for each in phrase.relations if each.kind != "with")
    start = min((sentence.find(a.text.lower()) for each in related for a in each), default=None)
    said = sentence if start is None else sentence[:start]
    return [each for each in phrase.excluded if _is_handle(each) and each.text.lower() in said]


def _is_handle(part: NounPhrase) -> bool:
    return morphology.singular(part.head.lower()) == "handle"

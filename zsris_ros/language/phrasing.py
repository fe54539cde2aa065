"""Noun phrases for the text encoder, without the modifiers that geometry decides."""

from __future__ import annotations

from zsris_ros.language.lexicon import morphology, nouns
from zsris_ros.types import NounPhrase


def is_neutral(head: str) -> bool:
    """Return whether a head names no class: object, thing, item, one, stuff, something, it."""
    return head.lower() in nouns.NEUTRAL or morphology.singular(head.lower()) in nouns.NEUTRAL


def core_phrase(phrase: NounPhrase) -> str:
    """Return attributes and head in the singular: "the second red mugs from the left" -> "red mug".

    Attributes said after the head come before it. A neutral head stays: the text is never empty.
    """
    return " ".join((*phrase.attributes, morphology.singular(phrase.head)))


def description(phrase: NounPhrase) -> str | None:
    """Return the core phrase with its "with" and "of" phrases: "bottle with white cap".

    None for a phrase without any description of the object.
    """
    text = core_phrase(phrase)
    descriptive = bool(phrase.attributes) or not is_neutral(phrase.head)
    sentence = phrase.sentence.lower()
    described = (each for each in phrase.relations if each.kind in ("with", "part_of"))
    for relation in described:
        for anchor in relation.anchors:
            if anchor.attributes or not is_neutral(anchor.head):
                content = f" of {anchor.text}" in sentence or relation.kind == "part_of"
                inner = " ".join((*anchor.attributes, anchor.head))
                text, descriptive = f"{text} {'of' if content else 'with'} {inner}", True
    return text if descriptive else None

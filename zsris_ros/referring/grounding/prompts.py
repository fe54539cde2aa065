"""The texts that masks are compared with to answer an expression, for one batch of encoding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from zsris_ros.language.interpretation import interpret
from zsris_ros.language.lexicon.adjectives import COLOUR_SYNONYMS
from zsris_ros.language.lexicon.morphology import is_adjective, singular
from zsris_ros.language.phrasing import core_phrase, description, is_neutral
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import NounPhrase


def fill_templates(phrase: str, templates: Sequence[str]) -> list[str]:
    """Return a phrase in each of the prompt templates."""
    return [template.format(phrase) for template in templates]


def expression_texts(
    target: NounPhrase,
    settings: ReferSettings,
    localiser_template: str | None,
    unknown_words: Callable[[str], Sequence[str]],
    presence: bool | None = None,
) -> list[str]:
    """Return the texts of a noun phrase, its anchors and its excluded objects.

    Args:
        target: The noun phrase.
        settings: The preset's settings.
        localiser_template: The localiser's prompt template, None without a localiser.
        unknown_words: Returns the words of a text that the text encoder leaves out.
        presence: Whether the presence of the phrase is scored; by default if the calibration has
            coefficients for it.
    """
    calibration = settings.calibration
    if presence is None:
        presence = "presence" in calibration.scaling
    target = interpret(target).phrase
    texts: list[str] = []
    if description(target) is not None:
        texts.append(target.sentence)
    colours, colourless = split_colours(target, settings)
    for each in (target, colourless) if colours else (target,):
        for named in (description(each), *kinds_of(each, settings, unknown_words)):
            texts += fill_templates(named, settings.templates) if named else []
    if target.attributes or not is_neutral(target.head):
        phrase = core_phrase(target)
        if presence:
            texts += [phrase, *negative_texts(target, settings)]
        if localiser_template is not None:
            texts.append(localiser_template.format(phrase))
    anchors = [anchor for relation in target.relations for anchor in relation.anchors]
    for inner in (*anchors, *target.excluded):
        # Without a calibration, the presence of anchors weights their relations.
        inner_presence = presence or not calibration.measured
        texts += expression_texts(
            inner, settings, localiser_template, unknown_words, inner_presence
        )
    return texts


def kinds_of(
    target: NounPhrase, settings: ReferSettings, unknown_words: Callable[[str], Sequence[str]]
) -> list[str]:
    """Return descriptions of the kinds of the target's category: "red carton" of "red box".

    Empty for a compound of known words ("cookie box"), which is a kind itself.

    Args:
        target: The noun phrase.
        settings: The preset's settings.
        unknown_words: Returns the words of a text that the text encoder leaves out.
    """
    nouns = [each for each in target.attributes if not is_adjective(each)]
    if len(unknown_words(" ".join(nouns))) < len(nouns):
        return []
    kinds = settings.kinds.get(singular(target.head.lower()), ())
    found = (description(replace(target, head=kind)) for kind in kinds)
    return [each for each in found if each is not None]


def split_colours(
    target: NounPhrase, settings: ReferSettings
) -> tuple[tuple[str, ...], NounPhrase]:
    """Return the colours of a phrase that are recognised by pixels, and the phrase without them.

    The colours are those of ``ReferSettings.colours``: "grey" for "gray". Without a noun there are
    none: in "the red thing" the text encoder compares nothing but colours.
    """
    if is_neutral(target.head):
        return (), target
    basic = [COLOUR_SYNONYMS.get(each, each) for each in target.attributes]
    known = [each in settings.colours for each in basic]
    rest = tuple(a for a, colour in zip(target.attributes, known, strict=True) if not colour)
    colours = tuple(a for a, colour in zip(basic, known, strict=True) if colour)
    return colours, replace(target, attributes=rest)


def related_nouns(target: NounPhrase, settings: ReferSettings) -> list[str]:
    """Return the kinds of the target's noun and the categories that it is a kind of."""
    head = singular(target.head.lower())
    categories = [category for category, kinds in settings.kinds.items() if head in kinds]
    return [*settings.kinds.get(head, ()), *categories]


def is_known(target: NounPhrase, settings: ReferSettings) -> bool:
    """Return whether the weights were trained with the head noun, as far as the preset says."""
    if not settings.vocabulary or is_neutral(target.head):
        return True
    head = target.head.lower()
    return head in settings.vocabulary or singular(head) in settings.vocabulary


def negative_texts(target: NounPhrase, settings: ReferSettings) -> list[str]:
    """Return the texts that compete with a noun phrase; see ``ReferSettings.negatives``.

    A category of the noun and a kind of it do not compete with it.
    """
    named = not is_neutral(target.head)
    related, attributes = related_nouns(target, settings), " ".join(target.attributes)
    return [
        text.format(attributes).strip()
        for text in settings.negatives
        # A "red object" may well be a "red box".
        if "{}" not in text or (named and text.removeprefix("{} ") not in related)
    ]

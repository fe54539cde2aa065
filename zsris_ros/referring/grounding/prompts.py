"""The texts that masks are compared with to answer an expression, for one batch of encoding."""

from __future__ import annotations

from collections.abc import Sequence

from zsris_ros.language.interpretation import interpret
from zsris_ros.language.lexicon.morphology import singular
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
    presence: bool | None = None,
) -> list[str]:
    """Return the texts of a noun phrase, its anchors and its excluded objects.

    Args:
        target: The noun phrase.
        settings: The preset's settings.
        localiser_template: The localiser's prompt template, None without a localiser.
        presence: Whether the presence of the phrase is scored; by default if the calibration has
            coefficients for it.
    """
    calibration = settings.calibration
    if presence is None:
        presence = "presence" in calibration.scaling
    target = interpret(target).phrase
    texts: list[str] = []
    described = description(target)
    if described is not None:
        texts += [target.sentence, *fill_templates(described, settings.templates)]
    if target.attributes or not is_neutral(target.head):
        phrase = core_phrase(target)
        if presence:
            texts += [phrase, *negative_texts(target, settings.negatives)]
        if localiser_template is not None:
            texts.append(localiser_template.format(phrase))
    anchors = [anchor for relation in target.relations for anchor in relation.anchors]
    for inner in (*anchors, *target.excluded):
        # Without a calibration, the presence of anchors weights their relations.
        inner_presence = presence or not calibration.measured
        texts += expression_texts(inner, settings, localiser_template, inner_presence)
    return texts


def is_known(target: NounPhrase, settings: ReferSettings) -> bool:
    """Return whether the weights were trained with the head noun, as far as the preset says."""
    if not settings.vocabulary or is_neutral(target.head):
        return True
    head = target.head.lower()
    return head in settings.vocabulary or singular(head) in settings.vocabulary


def negative_texts(target: NounPhrase, negatives: Sequence[str]) -> list[str]:
    """Return the texts that compete with a noun phrase; see ``ReferSettings.negatives``."""
    named = not is_neutral(target.head)
    attributes = " ".join(target.attributes)
    return [
        text.format(attributes).strip()
        for text in negatives
        if named or "{}" not in text  # a "red object" may well be a "red box"
    ]

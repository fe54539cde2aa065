"""Every text that masks are compared with to answer an expression, to be encoded in one go."""

from __future__ import annotations

from collections.abc import Sequence

from zsris_ros.language.interpretation import interpret
from zsris_ros.language.phrasing import core_phrase, description, is_neutral
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import NounPhrase


def prompts(phrase: str, templates: Sequence[str]) -> list[str]:
    """A phrase in each of the templates."""
    return [template.format(phrase) for template in templates]


def texts_of(
    target: NounPhrase,
    settings: ReferSettings,
    template: str | None,
    negatives: bool | None = None,
) -> list[str]:
    """The texts of an expression, its anchors and what it excludes.

    ``template`` is the sentence that the localiser puts a phrase into, None without a localiser.
    ``negatives`` is whether the presence of the phrase is judged, by default where the weights
    have measured it.
    """
    calibration = settings.calibration
    if negatives is None:
        negatives = "presence" in calibration.scaling
    target = interpret(target).phrase
    texts: list[str] = []
    described = description(target)
    if described is not None:
        texts += [target.sentence, *prompts(described, settings.templates)]
    if target.attributes or not is_neutral(target.head):
        phrase = core_phrase(target)
        if negatives:
            texts += [phrase, *negatives_of(target, settings.negatives)]
        if template is not None:
            texts.append(template.format(phrase))
    anchors = [anchor for relation in target.relations for anchor in relation.anchors]
    for inner in (*anchors, *target.excluded):
        # Without a calibration an anchor is neutral unless some mask shows it.
        texts += texts_of(inner, settings, template, negatives or not calibration.measured)
    return texts


def negatives_of(target: NounPhrase, negatives: Sequence[str]) -> list[str]:
    """The texts against which an expression's noun phrase must hold its own."""
    named = not is_neutral(target.head)
    said = " ".join(target.attributes)
    return [
        text.format(said).strip()
        for text in negatives
        if named or "{}" not in text  # a "red object" may well be a "red box"
    ]

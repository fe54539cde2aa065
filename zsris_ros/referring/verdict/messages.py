"""The answer as one plain sentence to show or speak."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from zsris_ros.language.interpretation import interpret
from zsris_ros.language.lexicon.morphology import plural, singular
from zsris_ros.language.phrasing import is_neutral
from zsris_ros.referring.calibration import EVIDENCE
from zsris_ros.referring.grounding.grounding import Grounding
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.verdict.decision import fits_without_order
from zsris_ros.types import Candidate, NounPhrase, Verdict

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_RANKS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_ALTERNATIVES = {
    "across": ("left", "middle", "right"),
    "away": ("near", "middle", "far"),
    "down": ("upper", "middle", "lower"),
}


def message(
    verdict: Verdict,
    target: NounPhrase,
    candidates: Sequence[Candidate],
    grounding: Grounding | None,
    settings: ReferSettings,
) -> str:
    """Return the found objects and their place, a question, or the reason of NOT_FOUND."""
    if not candidates or grounding is None:
        return "Nothing in this picture was proposed as an object."
    selected = [candidate for candidate in candidates if candidate.selected]
    if verdict is Verdict.NOT_FOUND:
        return _not_found_text(target, candidates, grounding, settings)
    if verdict is Verdict.AMBIGUOUS:
        return _question_text(target, selected)
    return _found_text(target, selected)


def _found_text(target: NounPhrase, selected: Sequence[Candidate]) -> str:
    if target.number == "one":
        return f"Found {target.text} {_location(selected[0])}."
    found = number(len(selected))
    if isinstance(target.number, int) and len(selected) < target.number:
        fit = "fits" if len(selected) == 1 else "fit"
        return f"{number(target.number).capitalize()} were asked for, {found} {fit}."
    return f"Found {found} {noun(target, len(selected))}, the first {_location(selected[0])}."


def _location(candidate: Candidate) -> str:
    x, y = candidate.centroid_pixel
    place = f"at pixel ({x:.0f}, {y:.0f})"
    if candidate.centroid is None:
        return f"{place}, score {candidate.score:.2f}"
    distance = float(np.linalg.norm(candidate.centroid))
    return f"{place}, {distance:.2f} m away, score {candidate.score:.2f}"


def _question_text(target: NounPhrase, selected: Sequence[Candidate]) -> str:
    """Return a question by position: "the left one or the right one?"."""
    fit = f"{number(len(selected)).capitalize()} {noun(target, len(selected))} fit"
    if isinstance(target.number, int):
        return f"{fit}, {number(target.number)} were asked for: which ones?"
    axis = _separating_axis(selected)
    if axis is None:
        return f"{fit}: which one?"
    first, middle, last = _ALTERNATIVES[axis]
    if len(selected) == 2:
        return f"{fit}: the {first} one or the {last} one?"
    if len(selected) == 3:
        return f"{fit}: the {first}, the {middle} or the {last} one?"
    start = {"across": "left", "away": "nearest", "down": "top"}[axis]
    return f"{fit}: which one, counted from the {start}?"


def _separating_axis(selected: Sequence[Candidate]) -> str | None:
    """Return the axis along which neighbours are farthest apart; None at the same place."""
    across, down = np.array([candidate.centroid_pixel for candidate in selected]).T
    points = [candidate.centroid for candidate in selected if candidate.centroid is not None]
    if len(points) == len(selected):
        x, _, z = np.array(points).T
        gaps = {"across": _min_gap(x), "away": _min_gap(z)}
        least = 0.01  # metres
    else:
        gaps = {"across": _min_gap(across), "down": _min_gap(down)}
        least = 2.0  # pixels
    # Left and right are easier to see than near and far, and preferred up to a ratio.
    best = (
        "across" if gaps["across"] >= 0.7 * max(gaps.values()) else max(gaps, key=gaps.__getitem__)
    )
    return best if gaps[best] >= least else None


def _min_gap(places: np.ndarray) -> float:
    return float(np.diff(np.sort(places)).min())


def _not_found_text(
    target: NounPhrase,
    candidates: Sequence[Candidate],
    grounding: Grounding,
    settings: ReferSettings,
) -> str:
    """Return the first requirement that no candidate meets."""
    name = noun(target, 1)
    if target.ordinal is not None:
        fits = fits_without_order(candidates, settings.calibration)
        if count := sum(fit > settings.min_score for fit in fits):
            return _too_few_text(target, count, abs(target.ordinal.index))
    failed = failed_evidence(grounding, settings)
    if failed in ("match", "presence", "thing"):
        return f"{absence(name)}: the best match scores {candidates[0].score:.2f}."
    if failed == "anchor":
        missing = min(grounding.anchors, key=lambda anchor: anchor.score)
        phrase, relation = _without_article(missing.phrase), relation_words(missing.kind)
        return f"I see no {phrase} that anything could be {relation}."
    read = interpret(target)
    if failed in ("posture", "handle"):
        name = noun(read.phrase, 1)  # without "lying" and "handleless"
    seen = "something" if is_neutral(target.head) else f"{_article(name)} {name}"
    nothing = "nothing" if is_neutral(target.head) else "none"
    anchors = [anchor.phrase for anchor in grounding.anchors if anchor.kind == failed]
    if anchors:
        return (
            f"I see {seen}, but {nothing} that is {relation_words(failed)} {' and '.join(anchors)}."
        )
    if failed == "not":
        return f"I see {seen}, but {nothing} besides what was excluded."
    if failed == "posture":
        return f"I see {seen}, but {nothing} that is {read.posture}."
    if failed == "handle":
        return f"I see {seen}, but {nothing} {'with' if read.handle else 'without'} a handle."
    return f"I see {seen}, but {nothing} at the place that was named."


def _too_few_text(target: NounPhrase, count: int, rank: int) -> str:
    """Return why there is no object of a rank among ``count`` that fit."""
    verb = "is" if count == 1 else "are"
    ordinal = _RANKS[rank] if rank < len(_RANKS) else f"number {rank}"
    return f"There {verb} only {number(count)} {noun(target, count)}, so there is no {ordinal} one."


def failed_evidence(grounding: Grounding, settings: ReferSettings) -> str:
    """Return the name of the first evidence that lowers every mask's score to ``min_score``.

    If none does, the evidence with the largest factor.
    """
    score, last = torch.ones_like(grounding.scores), 1.0
    costs: dict[str, float] = {}
    for name, term in grounding.terms.items():
        if name not in EVIDENCE:
            continue
        score = score * settings.calibration.scaled(EVIDENCE[name], term)
        best = float(score.max())
        if best <= settings.min_score:
            return name
        costs[name], last = best / max(last, 1e-9), best
    return min(costs, key=lambda name: costs[name])


def number(count: int) -> str:
    """Return a count as a word up to ten, in digits above."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def absence(name: str) -> str:
    """Return the words for a name that no object in the scene matches."""
    return f"I see no {name}"


def noun(target: NounPhrase, count: int) -> str:
    """Return attributes and head, in the plural unless ``count`` is 1: "red mugs"."""
    head = singular(target.head)
    return " ".join([*target.attributes, head if count == 1 else plural(head)])


def relation_words(kind: str) -> str:
    """Return the words of a kind of evidence: "left of" for "left_of"."""
    return kind.replace("_", " ")


def _without_article(phrase: str) -> str:
    """Return a phrase without its article."""
    first, _, rest = phrase.partition(" ")
    return rest if rest and first in ("the", "a", "an") else phrase


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeiou" else "a"

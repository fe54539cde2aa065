"""From scores to an answer: the candidates, the verdict, and which of them are selected."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import torch

from zsris_ros.referring.grounding import Grounding
from zsris_ros.referring.object_filter import distinct
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import BoolArray, Candidate, NounPhrase, Proposals, Scene, Verdict

FITS = 1 / 3
"""Share of the best score from which a candidate is one of several that were asked for."""


def rank(scene: Scene, grounding: Grounding) -> tuple[Candidate, ...]:
    """One candidate a thing, the most probable first.

    A mask that mostly shares one with a better product of terms is left out: these decide which of
    a thing's masks stands for it, and between things that are equally probable.
    """
    order = torch.argsort(grounding.scores, descending=True, stable=True).tolist()
    kept = distinct(scene.proposals, order)
    kept.sort(key=lambda index: -float(grounding.probability[index]))
    return tuple(candidate(scene, grounding, index) for index in kept)


def decide(
    candidates: tuple[Candidate, ...], target: NounPhrase, settings: ReferSettings
) -> Verdict:
    """NOT_FOUND up to the preset's score, AMBIGUOUS where two things fit alike, else FOUND.

    An order ("leftmost", "second from the right") leaves one thing: it is never ambiguous.
    """
    if not candidates:
        return Verdict.NOT_FOUND
    if settings.calibration.measured and candidates[0].score <= settings.found:
        return Verdict.NOT_FOUND
    ordered = target.ordinal or target.superlative
    single = target.number == "one" and not ordered
    if single and len(alike(candidates, settings)) > 1:
        return Verdict.AMBIGUOUS
    return Verdict.FOUND


def alike(candidates: tuple[Candidate, ...], settings: ReferSettings) -> tuple[Candidate, ...]:
    """The best candidate and those that fit as well."""
    least = settings.alike * candidates[0].score
    if settings.calibration.measured:
        least = max(least, settings.found)
    return candidates[:1] + tuple(c for c in candidates[1:] if c.score > least)


def candidate(scene: Scene, grounding: Grounding, index: int) -> Candidate:
    """One proposal as an answer, with its probability and the terms it was ranked by."""
    x, y, w, h = (float(value) for value in scene.proposals.boxes[index])
    u, v = (float(value) for value in scene.pixels[index])
    a, b, c = scene.points[index]
    return Candidate(
        index=index,
        score=float(grounding.probability[index]),
        box=(x, y, w, h),
        centroid_pixel=(u, v),
        centroid=(float(a), float(b), float(c)) if np.isfinite([a, b, c]).all() else None,
        source=scene.proposals.sources[index],
        scores={name: float(term[index]) for name, term in grounding.terms.items()},
    )


def select(
    candidates: tuple[Candidate, ...], target: NounPhrase, settings: ReferSettings
) -> tuple[Verdict, tuple[Candidate, ...]]:
    """The verdict, and the candidates with those marked that it speaks of.

    FOUND selects the answer: one, as many as were asked for (or as there are), or all that fit.
    AMBIGUOUS selects all that fit alike, more than were asked for; NOT_FOUND none.
    """
    verdict = decide(candidates, target, settings)
    if verdict is Verdict.NOT_FOUND:
        return verdict, candidates
    if verdict is Verdict.AMBIGUOUS:
        return verdict, _marked(candidates, len(alike(candidates, settings)))
    if target.number == "one":
        return verdict, _marked(candidates, 1)
    least = _least(candidates[0].score, settings)
    fitting = max(1, sum(candidate.score >= least for candidate in candidates))
    if target.number == "all" or fitting <= target.number:
        return verdict, _marked(candidates, fitting)
    last = candidates[target.number - 1]
    as_well = sum(candidate.score > settings.alike * last.score for candidate in candidates)
    if target.superlative is None and as_well > target.number:
        return Verdict.AMBIGUOUS, _marked(candidates, as_well)
    return verdict, _marked(candidates, target.number)


def _least(best: float, settings: ReferSettings) -> float:
    """The score from which a candidate is one of several that were asked for."""
    if settings.calibration.measured:
        return max(FITS * best, settings.found)
    return best * exp(-settings.margin)


def answer_mask(
    proposals: Proposals,
    candidates: tuple[Candidate, ...],
    verdict: Verdict,
    target: NounPhrase,
) -> BoolArray:
    """Bool HxW: the union of the selected masks; with AMBIGUOUS of the best, as many as asked."""
    count = len(candidates)
    if verdict is Verdict.AMBIGUOUS:
        count = target.number if isinstance(target.number, int) else 1
    meant = [candidate.index for candidate in candidates[:count] if candidate.selected]
    mask: BoolArray = np.any(proposals.masks[meant], axis=0)
    return mask


def _marked(candidates: tuple[Candidate, ...], count: int) -> tuple[Candidate, ...]:
    return tuple(
        replace(candidate, selected=rank < count) for rank, candidate in enumerate(candidates)
    )

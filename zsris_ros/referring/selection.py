"""How many are meant: which candidates are the answer to "the mug", "both mugs", "all mugs"."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np

from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.verdict import alike, decide
from zsris_ros.types import BoolArray, Candidate, Expression, Proposals, Verdict

FITS = 1 / 3
"""Share of the best score from which a candidate is one of several that were asked for."""


def select(
    candidates: tuple[Candidate, ...], expression: Expression, settings: ReferSettings
) -> tuple[Verdict, tuple[Candidate, ...]]:
    """The verdict, and the candidates with those marked that it speaks of.

    FOUND selects the answer: one, as many as were asked for (or as there are), or all that fit.
    AMBIGUOUS selects all that fit alike, more than were asked for; NOT_FOUND none.
    """
    verdict = decide(candidates, expression, settings)
    if verdict is Verdict.NOT_FOUND:
        return verdict, candidates
    if verdict is Verdict.AMBIGUOUS:
        return verdict, _marked(candidates, len(alike(candidates, settings)))
    if expression.number == "one":
        return verdict, _marked(candidates, 1)
    least = _least(candidates[0].score, settings)
    fitting = max(1, sum(candidate.score >= least for candidate in candidates))
    if expression.number == "all" or fitting <= expression.number:
        return verdict, _marked(candidates, fitting)
    last = candidates[expression.number - 1]
    as_well = sum(candidate.score > settings.alike * last.score for candidate in candidates)
    if expression.superlative is None and as_well > expression.number:
        return Verdict.AMBIGUOUS, _marked(candidates, as_well)
    return verdict, _marked(candidates, expression.number)


def _least(best: float, settings: ReferSettings) -> float:
    """The score from which a candidate is one of several that were asked for."""
    if settings.calibration.measured:
        return max(FITS * best, settings.found)
    return best * exp(-settings.margin)


def answer_mask(
    proposals: Proposals,
    candidates: tuple[Candidate, ...],
    verdict: Verdict,
    expression: Expression,
) -> BoolArray:
    """bool HxW: the union of the selected masks; with AMBIGUOUS of the best, as many as asked."""
    count = len(candidates)
    if verdict is Verdict.AMBIGUOUS:
        count = expression.number if isinstance(expression.number, int) else 1
    meant = [candidate.index for candidate in candidates[:count] if candidate.selected]
    mask: BoolArray = np.any(proposals.masks[meant], axis=0)
    return mask


def _marked(candidates: tuple[Candidate, ...], count: int) -> tuple[Candidate, ...]:
    return tuple(
        replace(candidate, selected=rank < count) for rank, candidate in enumerate(candidates)
    )

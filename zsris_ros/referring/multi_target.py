"""Several things asked for in one sentence: "the red mug and the bowl"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from zsris_ros.types import Candidate, Expression, ReferringResult, Verdict

_WORST_FIRST = (Verdict.NOT_FOUND, Verdict.AMBIGUOUS, Verdict.FOUND)


def targets(expression: Expression) -> Iterator[Expression]:
    """Yield one expression for each target."""
    if not expression.further:
        yield expression
        return
    for target in (expression.target, *expression.further):
        alone = replace(target, sentence=target.text)
        yield Expression(target.text, alone, parser=expression.parser)


def together(expression: Expression, referrals: Sequence[ReferringResult]) -> ReferringResult:
    """The answers about every thing as one: the worst verdict, all masks, all sentences.

    What was meant of each comes first among the candidates, then the others by their scores. Where
    one thing is missing nothing is selected, and the message says which.
    """
    verdict = next(each for each in _WORST_FIRST if any(r.verdict is each for r in referrals))
    mask = np.any([referral.mask for referral in referrals], axis=0)
    candidates = _merged(referrals)
    if verdict is Verdict.NOT_FOUND:
        mask = np.zeros_like(mask)
        candidates = tuple(replace(each, selected=False) for each in candidates)
    ordered = sorted(referrals, key=lambda referral: referral.verdict is Verdict.AMBIGUOUS)
    timings: dict[str, float] = {}
    for referral in referrals:
        for stage, value in referral.timings.items():
            timings[stage] = timings.get(stage, 0.0) + value
    return ReferringResult(
        verdict,
        expression,
        candidates,
        mask,
        " ".join(referral.message for referral in ordered),
        " Also: ".join(referral.explanation for referral in referrals),
        timings,
    )


def _merged(referrals: Sequence[ReferringResult]) -> tuple[Candidate, ...]:
    """Every candidate once: as the answer that meant it has it, or the one that scores it best."""
    best: dict[int, Candidate] = {}
    for candidate in (each for referral in referrals for each in referral.candidates):
        known = best.get(candidate.index)
        if known is None or _rank(candidate) > _rank(known):
            best[candidate.index] = candidate
    return tuple(sorted(best.values(), key=_rank, reverse=True))


def _rank(candidate: Candidate) -> tuple[bool, float]:
    return candidate.selected, candidate.score

"""The decision from scores: candidates, verdict and selection."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import exp

import numpy as np
import torch

from zsris_ros.referring.calibration import Calibration
from zsris_ros.referring.grounding.grounding import Grounding
from zsris_ros.referring.objects.object_filter import suppress_overlaps
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import BoolArray, Candidate, NounPhrase, Proposals, Scene, Verdict

GROUP_RATIO = 1 / 3
"""Share of the best score from which a candidate is one of several requested objects."""
_OBJECT = 0.5
"""The evidence "thing" from which a mask shows an object more probably than not."""


def rank_candidates(scene: Scene, grounding: Grounding) -> tuple[Candidate, ...]:
    """Return one candidate for each object, the most probable first.

    ``Grounding.scores`` choose between masks of one object, and between equal probabilities.
    """
    order = torch.argsort(grounding.scores, descending=True, stable=True).tolist()
    kept = suppress_overlaps(scene.proposals, order)
    kept.sort(key=lambda index: -float(grounding.probability[index]))
    return tuple(make_candidate(scene, grounding, index) for index in kept)


def make_candidate(scene: Scene, grounding: Grounding, index: int) -> Candidate:
    """Return the candidate of one proposal, with its probability and its terms."""
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


def rivals(
    candidates: Sequence[Candidate], target: NounPhrase, settings: ReferSettings
) -> list[int]:
    """Return the masks of the candidates that fit as well as the best one, itself included.

    Empty without a question of rivals: several objects are meant, an order decides, or the scores
    are not measured.
    """
    ordered = target.ordinal or target.superlative
    if not candidates or target.number != "one" or ordered or not settings.calibration.measured:
        return []
    return [each.index for each in candidates[: _similar_count(candidates, settings)]]


def demote_non_rivals(
    candidates: Sequence[Candidate],
    fitting: Sequence[int],
    better_names: Collection[int],
    settings: ReferSettings,
) -> tuple[Candidate, ...]:
    """Return the candidates, with lower scores for masks that are no rivals of the best one.

    These are masks with a better name, and masks that more probably show no object, such as a dark
    part of the wall beside a book.

    Args:
        candidates: The most probable first.
        fitting: The masks of ``rivals``; the scores of all others stay.
        better_names: The fitting masks with a better name.
        settings: The preset's settings.
    """
    if not fitting:
        return tuple(candidates)
    most = _min_rival_score(candidates[0].score, settings)

    def is_no_rival(each: Candidate) -> bool:
        no_object = each.index in fitting[1:] and each.scores.get("thing", 1.0) < _OBJECT
        return no_object or each.index in better_names

    scored = [replace(each, score=most) if is_no_rival(each) else each for each in candidates]
    return tuple(sorted(scored, key=lambda each: -each.score))


def select(
    candidates: Sequence[Candidate], target: NounPhrase, settings: ReferSettings
) -> tuple[Verdict, tuple[Candidate, ...]]:
    """Return the verdict and the candidates with ``selected`` set.

    FOUND selects one candidate, the requested number (or fewer that fit), or all that fit.
    AMBIGUOUS selects all similar ones, more than requested. NOT_FOUND selects none.
    """
    verdict, count = decide(candidates, target, settings), 1
    if verdict is Verdict.NOT_FOUND:
        count = 0
    elif verdict is Verdict.AMBIGUOUS:
        count = _similar_count(candidates, settings)
    elif target.number != "one":
        least = _min_group_score(candidates[0].score, settings)
        count = max(1, sum(candidate.score >= least for candidate in candidates))
        if target.number != "all" and count > target.number:
            least = _min_rival_score(candidates[target.number - 1].score, settings)
            similar = sum(candidate.score > least for candidate in candidates)
            count = target.number
            if target.superlative is None and similar > target.number:
                verdict, count = Verdict.AMBIGUOUS, similar
    return verdict, tuple(
        replace(candidate, selected=rank < count) for rank, candidate in enumerate(candidates)
    )


def decide(candidates: Sequence[Candidate], target: NounPhrase, settings: ReferSettings) -> Verdict:
    """Return the verdict on one object.

    NOT_FOUND if its ``existence`` is up to ``min_score``, AMBIGUOUS if another candidate fits as
    well, else FOUND. An order ("leftmost", "second from the right") is never ambiguous.
    """
    if not candidates:
        return Verdict.NOT_FOUND
    calibration = settings.calibration
    if calibration.measured and existence(candidates, target, calibration) <= settings.min_score:
        return Verdict.NOT_FOUND
    ordered = target.ordinal or target.superlative
    single = target.number == "one" and not ordered
    if single and _similar_count(candidates, settings) > 1:
        return Verdict.AMBIGUOUS
    return Verdict.FOUND


def existence(
    candidates: Sequence[Candidate], target: NounPhrase, calibration: Calibration
) -> float:
    """Return the probability that the requested object is in the scene, in [0, 1].

    It is the best score. An order selects one of the fitting objects and is no evidence of their
    existence: "the leftmost mug" exists if one mug fits without its order, "the third mug from the
    left" if three do.

    Args:
        candidates: At least one, the most probable first.
        target: The noun phrase.
        calibration: The weights of the evidence.
    """
    if target.ordinal is None and target.superlative is None:
        return candidates[0].score
    rank = abs(target.ordinal.index) if target.ordinal else 1
    fits = fits_without_order(candidates, calibration)
    return fits[rank - 1] if rank <= len(fits) else 0.0


def fits_without_order(candidates: Sequence[Candidate], calibration: Calibration) -> list[float]:
    """Return the scores without the evidence "order", in [0, 1], the highest first.

    Args:
        candidates: At least one, of one answer: all have the same evidence.
        calibration: The weights of the evidence.
    """
    terms = {
        name: torch.tensor([each.scores[name] for each in candidates])
        for name in candidates[0].scores
        if name != "order"
    }
    fits: list[float] = calibration.probability(terms).tolist()
    return sorted(fits, reverse=True)


def _similar_count(candidates: Sequence[Candidate], settings: ReferSettings) -> int:
    """Return the number of candidates that fit as well as the best one, itself included."""
    least = _min_rival_score(candidates[0].score, settings)
    return 1 + sum(candidate.score > least for candidate in candidates[1:])


def _min_rival_score(best: float, settings: ReferSettings) -> float:
    """Return the score above which a candidate fits as well as one with the score ``best``."""
    if settings.calibration.measured:
        return max(settings.min_rival_score, settings.min_score)
    return settings.ambiguity_ratio * best


def _min_group_score(best: float, settings: ReferSettings) -> float:
    """Return the score from which a candidate is one of several requested objects."""
    if settings.calibration.measured:
        return max(GROUP_RATIO * best, settings.min_score)
    return best * exp(-settings.logit_margin)


def answer_mask(
    proposals: Proposals,
    candidates: Sequence[Candidate],
    verdict: Verdict,
    target: NounPhrase,
) -> BoolArray:
    """Return bool HxW: the union of the selected masks, with AMBIGUOUS of the requested number."""
    count = len(candidates)
    if verdict is Verdict.AMBIGUOUS:
        count = target.number if isinstance(target.number, int) else 1
    selected = [candidate.index for candidate in candidates[:count] if candidate.selected]
    mask: BoolArray = np.any(proposals.masks[selected], axis=0)
    return mask

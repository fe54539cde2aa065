"""From scores to an answer: which masks are candidates, and is the thing there, once or twice?"""

from __future__ import annotations

import numpy as np
import torch

from zsris_ros.referring.grounding import Grounding
from zsris_ros.referring.matching import distinct
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import Candidate, Expression, Scene, Verdict


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
    candidates: tuple[Candidate, ...], expression: Expression, settings: ReferSettings
) -> Verdict:
    """NOT_FOUND up to the preset's score, AMBIGUOUS where two things fit alike, else FOUND.

    An order ("leftmost", "second from the right") leaves one thing: it is never ambiguous.
    """
    if not candidates:
        return Verdict.NOT_FOUND
    if settings.calibration.measured and candidates[0].score <= settings.found:
        return Verdict.NOT_FOUND
    ordered = expression.ordinal or expression.superlative
    single = expression.number == "one" and not ordered
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

"""From scores to an answer: which masks are candidates, and is the thing there, once or twice?"""

from __future__ import annotations

import numpy as np
import torch

from zsris_ros.referring.grounding import Grounding
from zsris_ros.referring.matching import distinct
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import Candidate, Expression, Scene, Verdict


def rank(scene: Scene, grounding: Grounding) -> tuple[Candidate, ...]:
    """One candidate a thing, best first: a mask that mostly shares a better one is left out."""
    order = torch.argsort(grounding.scores, descending=True, stable=True).tolist()
    kept = distinct(scene.proposals, order)
    return tuple(candidate(scene, grounding, index) for index in kept)


def decide(
    candidates: tuple[Candidate, ...], expression: Expression, settings: ReferSettings
) -> Verdict:
    """NOT_FOUND below the preset's score, AMBIGUOUS where two things fit alike, else FOUND."""
    if not candidates or candidates[0].score <= settings.found:
        return Verdict.NOT_FOUND
    if expression.number == "one" and len(alike(candidates, settings)) > 1:
        return Verdict.AMBIGUOUS
    return Verdict.FOUND


def alike(candidates: tuple[Candidate, ...], settings: ReferSettings) -> tuple[Candidate, ...]:
    """The best candidate and those that fit nearly as well."""
    least = settings.alike * candidates[0].score
    return tuple(c for c in candidates if c.score >= least and c.score > settings.found)


def candidate(scene: Scene, grounding: Grounding, index: int) -> Candidate:
    """One proposal as an answer, with its scores."""
    x, y, w, h = (float(value) for value in scene.proposals.boxes[index])
    u, v = (float(value) for value in scene.pixels[index])
    a, b, c = scene.points[index]
    return Candidate(
        index=index,
        score=float(grounding.scores[index]),
        box=(x, y, w, h),
        centroid_pixel=(u, v),
        centroid=(float(a), float(b), float(c)) if np.isfinite([a, b, c]).all() else None,
        source=scene.proposals.sources[index],
        scores={name: float(term[index]) for name, term in grounding.terms.items()},
    )

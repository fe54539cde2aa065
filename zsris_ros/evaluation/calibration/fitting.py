"""Fits the coefficients of a ``Calibration`` to a data set with the truth.

Every candidate of every answer is one sample: its evidence, and whether it matches a target. In a
data set without absent objects, the questions of the previous frame are also asked about each
frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from zsris_ros.evaluation.calibration.verdict_measures import (
    RIGHT_IOU,
    expected_calibration_error,
    reliability_bins,
    verdict_shares,
)
from zsris_ros.evaluation.datasets.items import DataSet, EvaluationItem, Question
from zsris_ros.evaluation.metrics import overlap
from zsris_ros.referring.calibration import EVIDENCE, KINDS, Calibration, bounded_logit
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.verdict.decision import decide, existence
from zsris_ros.types import BoolArray, Candidate, Expression, InputError, Scene, Verdict

CANDIDATES = 10
"""Candidates of each answer that are samples."""
ALLOWED_REFUSALS, ALLOWED_MISSES = 0.05, 0.10
"""Shares at which two errors have equal weight: present objects refused, absent objects found. Most
requests name a visible object, so a refusal costs more."""


@dataclass(frozen=True)
class AnsweredQuestion:
    """One question with its answer: the candidates, and which of them are ``right``."""

    item: int
    expression: Expression
    expected: Verdict
    candidates: tuple[Candidate, ...]
    right: tuple[bool, ...]


def answer_questions(
    data_sets: Sequence[DataSet], segmenter: Segmenter, limit: int | None = None
) -> list[AnsweredQuestion]:
    """Answer all questions about the first ``limit`` items of each set. Shows progress on stderr.

    Raises:
        InputError: No target was found.
    """
    answered: list[AnsweredQuestion] = []
    items = count(1)
    for data_set in data_sets:
        previous: tuple[Question, ...] = ()
        for name in tqdm(data_set.names()[:limit], data_set.title, unit="frame"):
            item = data_set.item(name)
            scene = segmenter.look(item.frame)
            questions = item.questions
            if all(each.verdict is Verdict.FOUND for each in questions):
                missing = (replace(q, targets=(), verdict=Verdict.NOT_FOUND) for q in previous)
                questions += tuple(missing)
            previous = item.questions
            answered.extend(_answers(next(items), item, questions, segmenter, scene))
    if not any(any(each.right) for each in answered):
        titles = " and ".join(each.title for each in data_sets)
        raise InputError(f"no target of {titles} was found: the calibration has no samples")
    return answered


def _answers(
    number: int,
    item: EvaluationItem,
    questions: Sequence[Question],
    segmenter: Segmenter,
    scene: Scene,
) -> Iterator[AnsweredQuestion]:
    for question in questions:
        if question.box is not None:
            continue  # a box does not decide between two overlapping masks
        try:
            result = segmenter.refer(scene, question.text)
        except InputError:
            continue
        candidates = result.candidates[:CANDIDATES]
        truths = [item.masks[target] for target in question.targets]
        right = tuple(_matches(scene.proposals.masks[c.index], truths) for c in candidates)
        yield AnsweredQuestion(number, result.expression, question.verdict, candidates, right)


def _matches(mask: BoolArray, truths: Sequence[BoolArray]) -> bool:
    return any(overlap(mask, truth).iou > RIGHT_IOU for truth in truths)


def calibrate(answered: Sequence[AnsweredQuestion], settings: ReferSettings) -> ReferSettings:
    """Return ``settings`` with the calibration and thresholds fitted to ``answered``."""
    calibration = replace(settings.calibration, scaling=fit_scaling(answered))
    settings = replace(settings, calibration=calibration)
    scored = rescore(answered, calibration)
    return replace(settings, min_score=best_min_score(scored, calibration))


def fit_scaling(
    answered: Sequence[AnsweredQuestion], ridge: float = 1.0
) -> dict[str, tuple[float, float]]:
    """Return the maximum-likelihood offset and slope of each kind of evidence that occurs.

    ``ridge`` pulls rare kinds towards (0, 1), the identity.
    """
    kinds, logits = _evidence([each for one in answered for each in one.candidates])
    right = torch.tensor([float(right) for one in answered for right in one.right])
    offset = torch.zeros(len(KINDS), requires_grad=True)
    log_slope = torch.zeros(len(KINDS), requires_grad=True)
    optimizer = torch.optim.LBFGS([offset, log_slope], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        each = F.logsigmoid(offset[kinds] + log_slope.exp()[kinds] * logits)
        fits = torch.where(kinds >= 0, each, torch.zeros(())).sum(dim=1).exp()
        error = F.binary_cross_entropy(fits.clamp(1e-6, 1 - 1e-6), right, reduction="sum")
        total: Tensor = error + ridge * (offset.square().sum() / 4 + log_slope.square().sum())
        total.backward()
        return total

    optimizer.step(loss)
    used = {int(kind) for kind in kinds.unique() if kind >= 0}
    slope = log_slope.detach().exp()
    return {
        name: (round(float(offset[index].detach()), 4), round(float(slope[index]), 4))
        for index, name in enumerate(KINDS)
        if index in used
    }


def _evidence(candidates: Sequence[Candidate]) -> tuple[Tensor, Tensor]:
    """Return kind (a number, -1 for none) and logit of every piece of evidence, both NxK."""
    found = [
        [
            (KINDS.index(EVIDENCE[name]), value)
            for name, value in each.scores.items()
            if name in EVIDENCE
        ]
        for each in candidates
    ]
    width = max(map(len, found))
    kinds = torch.full((len(found), width), -1)
    values = torch.full((len(found), width), 0.5)
    for row, pieces in enumerate(found):
        for column, (kind, value) in enumerate(pieces):
            kinds[row, column], values[row, column] = kind, value
    return kinds, bounded_logit(values)


def rescore(
    answered: Sequence[AnsweredQuestion], calibration: Calibration
) -> list[AnsweredQuestion]:
    """Return the answers with the scores and the order of ``calibration``."""
    scored = []
    for one in answered:
        pairs = [
            (replace(candidate, score=_score(candidate, calibration)), right)
            for candidate, right in zip(one.candidates, one.right, strict=True)
        ]
        pairs.sort(key=lambda pair: -pair[0].score)
        candidates, right = tuple(c for c, _ in pairs), tuple(right for _, right in pairs)
        scored.append(replace(one, candidates=candidates, right=right))
    return scored


def _score(candidate: Candidate, calibration: Calibration) -> float:
    terms = {name: torch.tensor([value]) for name, value in candidate.scores.items()}
    return float(calibration.probability(terms))


def first_candidates(answered: Sequence[AnsweredQuestion]) -> tuple[list[float], list[bool]]:
    """Return the score of every first candidate (0 without one), and whether it is right."""
    scores = [one.candidates[0].score if one.candidates else 0.0 for one in answered]
    return scores, [bool(one.right) and one.right[0] for one in answered]


def best_min_score(answered: Sequence[AnsweredQuestion], calibration: Calibration) -> float:
    """Return the score up to which an object counts as absent; 0 without absent objects."""
    scores = np.array(
        [
            existence(one.candidates, one.expression.target, calibration) if one.candidates else 0.0
            for one in answered
        ]
    )
    absent = np.array([one.expected is Verdict.NOT_FOUND for one in answered])
    return separating_score(scores[~absent], scores[absent])


def separating_score(present: np.ndarray, absent: np.ndarray) -> float:
    """Return the score up to which an object counts as absent; 0 where one of the two is empty.

    It minimises the larger of the two errors, each relative to its allowed share.

    Args:
        present: Float N, the best score of each question about a visible object, in [0, 1].
        absent: Float M, that of each question about an absent one.
    """
    if not len(present) or not len(absent):
        return 0.0
    grid = np.linspace(0.01, 0.99, 197)
    worst = [
        max(np.mean(present <= least) / ALLOWED_REFUSALS, np.mean(absent > least) / ALLOWED_MISSES)
        for least in grid
    ]
    return _middle_of_best(grid, -np.array(worst))


def _middle_of_best(grid: np.ndarray, value: np.ndarray) -> float:
    """Return the middle one of the places with the largest value."""
    best = grid[value >= value.max() - 1e-9]
    return round(float(best[len(best) // 2]), 4)


def cross_fitted(
    answered: Sequence[AnsweredQuestion], settings: ReferSettings
) -> tuple[list[AnsweredQuestion], list[Verdict]]:
    """Return every answer scored and decided by the fit to the other half of the items.

    The figures of a calibration are thus those of unseen data.
    """
    scored: list[tuple[AnsweredQuestion, ReferSettings]] = []
    for fold in (0, 1):
        training = [one for one in answered if one.item % 2 != fold]
        fitted = calibrate(training or answered, settings)
        held_out = [one for one in answered if one.item % 2 == fold]
        scored += [(one, fitted) for one in rescore(held_out, fitted.calibration)]
    return (
        [one for one, _ in scored],
        [decide(one.candidates, one.expression.target, fitted) for one, fitted in scored],
    )


def cross_validated_figures(
    answered: Sequence[AnsweredQuestion], settings: ReferSettings
) -> dict[str, Any]:
    """Return the figures of a calibration from cross-fitting, beside those without calibration."""
    scored, verdicts = cross_fitted(answered, settings)
    before = reliability_bins(*first_candidates(rescore(answered, Calibration())))
    after = reliability_bins(*first_candidates(scored))
    pairs = [(one.expected.value, v.value) for one, v in zip(scored, verdicts, strict=True)]
    return {
        "n": len(answered),
        "ece_before": expected_calibration_error(before),
        "ece": expected_calibration_error(after),
        **verdict_shares(pairs),
        "reliability_before": before,
        "reliability": after,
    }

"""Fits what scores mean to a data set with the truth: the coefficients of a ``Calibration``.

Every candidate of every answer is one sample: its evidence, and whether it really is (one of) what
was asked for. Where a data set asks for nothing that is absent, each frame is also asked the
questions of the frame before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from zsris_ros.evaluation.calibration.verdict_measures import RIGHT_IOU
from zsris_ros.evaluation.datasets.items import DataSet, EvaluationItem, Question
from zsris_ros.evaluation.metrics import overlap
from zsris_ros.referring.calibration import EVIDENCE, KINDS, Calibration, bounded_logit
from zsris_ros.referring.decision import decide
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import BoolArray, Candidate, Expression, InputError, Scene, Verdict

CANDIDATES = 10
"""How many things of each answer are samples."""
ALLOWED_REFUSALS, ALLOWED_MISSES = 0.03, 0.10
"""Errors weigh alike at these shares: present things refused, absent things found. People mostly
ask for what they see, so a refusal costs more."""


@dataclass(frozen=True)
class Asked:
    """One question with its answer: the candidates and which of them are ``right``."""

    item: int
    expression: Expression
    expected: Verdict
    candidates: tuple[Candidate, ...]
    right: tuple[bool, ...]


def ask(data_set: DataSet, segmenter: Segmenter, limit: int | None = None) -> list[Asked]:
    """Ask all questions of the first ``limit`` items. Progress is shown on stderr."""
    asked: list[Asked] = []
    before: tuple[Question, ...] = ()
    names = data_set.names()[:limit]
    for number, name in enumerate(tqdm(names, data_set.title, unit="frame")):
        item = data_set.item(name)
        scene = segmenter.look(item.frame)
        questions = item.questions
        if all(each.verdict is Verdict.FOUND for each in questions):
            questions += tuple(replace(q, targets=(), verdict=Verdict.NOT_FOUND) for q in before)
        before = item.questions
        asked.extend(_answers(number, item, questions, segmenter, scene))
    if not any(any(each.right) for each in asked):
        raise InputError(f"nothing was found in {data_set.title}: there is nothing to fit to")
    return asked


def _answers(
    number: int,
    item: EvaluationItem,
    questions: Sequence[Question],
    segmenter: Segmenter,
    scene: Scene,
) -> Iterator[Asked]:
    for question in questions:
        try:
            referral = segmenter.refer(scene, question.text)
        except InputError:
            continue
        candidates = referral.candidates[:CANDIDATES]
        truths = [item.masks[target] for target in question.targets]
        right = tuple(_fits(scene.proposals.masks[c.index], truths) for c in candidates)
        yield Asked(number, referral.expression, question.verdict, candidates, right)


def _fits(mask: BoolArray, truths: Sequence[BoolArray]) -> bool:
    return any(overlap(mask, truth).iou > RIGHT_IOU for truth in truths)


def calibrate(asked: Sequence[Asked], settings: ReferSettings) -> ReferSettings:
    """``settings`` with the calibration and the thresholds that suit ``asked`` best."""
    calibration = replace(settings.calibration, scaling=fit_scaling(asked))
    settings = replace(settings, calibration=calibration)
    scored = rescore(asked, calibration)
    settings = replace(settings, found=best_found(scored))
    return replace(settings, alike=best_alike(scored, settings))


def fit_scaling(asked: Sequence[Asked], ridge: float = 1.0) -> dict[str, tuple[float, float]]:
    """The offset and slope of each kind of evidence that occurs: the most likely ones.

    ``ridge`` holds kinds that are rare near (0, 1), where evidence is taken as it is.
    """
    samples = [(each, right) for one in asked for each, right in _pairs(one)]
    kinds, logits = _evidence([each for each, _ in samples])
    right = torch.tensor([float(right) for _, right in samples])
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


def _pairs(one: Asked) -> Iterator[tuple[Candidate, bool]]:
    return zip(one.candidates, one.right, strict=True)


def _evidence(candidates: Sequence[Candidate]) -> tuple[Tensor, Tensor]:
    """The kind (a number, -1 for none) and the logit of every piece of evidence, both NxK."""
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


def rescore(asked: Sequence[Asked], calibration: Calibration) -> list[Asked]:
    """The same answers with the scores and the order that ``calibration`` gives."""
    scored = []
    for one in asked:
        pairs = [(replace(c, score=_score(c, calibration)), right) for c, right in _pairs(one)]
        pairs.sort(key=lambda pair: -pair[0].score)
        candidates, right = tuple(c for c, _ in pairs), tuple(right for _, right in pairs)
        scored.append(replace(one, candidates=candidates, right=right))
    return scored


def _score(candidate: Candidate, calibration: Calibration) -> float:
    terms = {name: torch.tensor([value]) for name, value in candidate.scores.items()}
    return float(calibration.probability(terms))


def firsts(asked: Sequence[Asked]) -> tuple[list[float], list[bool]]:
    """The score of every first candidate (0 where there is none), and whether it is right."""
    scores = [one.candidates[0].score if one.candidates else 0.0 for one in asked]
    return scores, [bool(one.right) and one.right[0] for one in asked]


def best_found(asked: Sequence[Asked]) -> float:
    """The score up to which a thing counts as absent: the larger of the two errors is smallest,
    each in units of what is allowed. 0 where nothing absent was asked for.
    """
    scores = np.array(firsts(asked)[0])
    absent = np.array([one.expected is Verdict.NOT_FOUND for one in asked])
    if not absent.any() or absent.all():
        return 0.0
    grid = np.linspace(0.01, 0.99, 197)
    worst = [
        max(
            np.mean(scores[~absent] <= least) / ALLOWED_REFUSALS,
            np.mean(scores[absent] > least) / ALLOWED_MISSES,
        )
        for least in grid
    ]
    return _middle_of_best(grid, -np.array(worst))


def best_alike(asked: Sequence[Asked], settings: ReferSettings) -> float:
    """The share of the best score from which a second candidate makes an answer ambiguous: the
    smaller of recall and precision is largest. As it was where nothing ambiguous was asked for.
    """
    if not any(one.expected is Verdict.AMBIGUOUS for one in asked):
        return settings.alike
    grid = np.linspace(0.05, 0.95, 91)
    return _middle_of_best(grid, np.array([_ambiguity(asked, settings, least) for least in grid]))


def _ambiguity(asked: Sequence[Asked], settings: ReferSettings, alike: float) -> float:
    settings = replace(settings, alike=float(alike))
    called = [
        decide(one.candidates, one.expression.target, settings) is Verdict.AMBIGUOUS
        for one in asked
    ]
    meant = [one.expected is Verdict.AMBIGUOUS for one in asked]
    both = sum(c and m for c, m in zip(called, meant, strict=True))
    return both / max(sum(called), sum(meant), 1)


def _middle_of_best(grid: np.ndarray, value: np.ndarray) -> float:
    """Of the places with the largest value the one in the middle."""
    best = grid[value >= value.max() - 1e-9]
    return round(float(best[len(best) // 2]), 4)


def cross_fitted(
    asked: Sequence[Asked], settings: ReferSettings
) -> tuple[list[Asked], list[Verdict]]:
    """Every answer scored and decided by what was fitted to the other half of the items.

    So the figures of a calibration are those of data it has not seen.
    """
    scored: list[tuple[Asked, ReferSettings]] = []
    for fold in (0, 1):
        seen = [one for one in asked if one.item % 2 != fold]
        fitted = calibrate(seen or asked, settings)
        mine = [one for one in asked if one.item % 2 == fold]
        scored += [(one, fitted) for one in rescore(mine, fitted.calibration)]
    return (
        [one for one, _ in scored],
        [decide(one.candidates, one.expression.target, fitted) for one, fitted in scored],
    )

"""Scores answers about one frame against the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar, cast

import numpy as np

from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.metrics import (
    Overlap,
    answer_iou,
    best_ious,
    best_overlap,
    closest_object,
    overlap,
)
from zsris_ros.evaluation.records import REFUSED, AnswerRecord
from zsris_ros.geometry import run_lengths
from zsris_ros.geometry.masks import filled_box
from zsris_ros.types import BoolArray, FloatArray, InputError, Proposals, ReferringResult, Verdict

T = TypeVar("T")


class Scorer:
    """Scores the answers of any number of methods about ``item``.

    Methods often give equal answers, so the counts of a mask are memoised.
    """

    def __init__(self, item: EvaluationItem) -> None:
        self._item = item
        self._results: dict[Hashable, Any] = {}
        self._proposals: list[Proposals] = []

    def score(
        self, question: Question, result: ReferringResult, proposals: Proposals, ms: float
    ) -> AnswerRecord:
        """Return the record of an answer chosen from ``proposals`` in ``ms`` milliseconds."""
        best = result.best
        first = result.mask
        if best is not None and not first.any():
            first = proposals.masks[best.index]
        return self._record(
            question,
            proposals,
            result.mask,
            first,
            verdict=result.verdict.value,
            score=None if best is None or math.isnan(best.score) else round(best.score, 4),
            source=None if best is None else best.source,
            message=result.message,
            explanation=result.explanation,
            ms=round(ms, 3),
        )

    def score_refusal(
        self, question: Question, error: InputError, proposals: Proposals
    ) -> AnswerRecord:
        """Return the record of an expression that could not be parsed: an empty mask."""
        empty = np.zeros(self._item.frame.rgb.shape[:2], bool)
        fields: dict[str, Any] = {
            "score": None,
            "source": None,
            "message": str(error),
            "explanation": str(error),
            "ms": 0.0,
        }
        return self._record(question, proposals, empty, empty, verdict=REFUSED, **fields)

    def bounds(self, proposals: Mapping[str, Proposals]) -> dict[str, tuple[float, ...]]:
        """Return, for each name, the IoU of every true object with its best proposal."""
        return {
            name: tuple(round(float(value), 6) for value in self._best(each))
            for name, each in proposals.items()
        }

    def _record(
        self,
        question: Question,
        proposals: Proposals,
        mask: BoolArray,
        first: BoolArray,
        **fields: Any,
    ) -> AnswerRecord:
        targets, classes = question.targets, self._item.classes
        truths = self._truths(question)
        compared = self._compared(question, mask)
        truth = max(truths, key=lambda each: self._overlap(each, compared).iou)
        answered, bound = self._overlap(truth, compared), self._bound(question, proposals)
        first = self._compared(question, first)
        best = max(self._overlap(each, first).iou for each in truths)
        closest = self._memoised(
            ("class", _key(mask)), lambda: closest_object(self._item.masks, mask)
        )
        return AnswerRecord(
            item=self._item.name,
            expression=question.text,
            category=question.category,
            targets=targets,
            expected=question.verdict.value,
            intersection=answered.intersection,
            union=answered.union,
            iou=round(answer_iou(answered, question.has_target), 6),
            best_iou=round(best, 6),
            bound=round(answer_iou(bound, question.has_target), 6),
            bound_intersection=bound.intersection,
            bound_union=bound.union,
            target_class=classes[targets[0]] if classes and targets else None,
            answered_class=classes[closest] if classes and closest is not None else None,
            mask=self._counts(mask),
            truth=self._counts(truth),
            height=mask.shape[0],
            width=mask.shape[1],
            box=question.box,
            **fields,
        )

    def _truths(self, question: Question) -> list[BoolArray]:
        """Return the right masks: the union of all targets, or each target if one is asked for."""
        if question.verdict is Verdict.AMBIGUOUS and question.targets:
            return [self._item.masks[target] for target in question.targets]
        return [self._memoised(("truth", question), lambda: self._item.truth(question))]

    def _compared(self, question: Question, mask: BoolArray) -> BoolArray:
        """Return the part of an answer that is compared with the truth: with a box, its box."""
        return mask if question.box is None else filled_box(mask)

    def _bound(self, question: Question, proposals: Proposals) -> Overlap:
        """Return the overlap of the best choice: one proposal, or one for each target."""

        def compute() -> Overlap:
            if not question.has_target:
                return Overlap(0, 0)  # without a target the empty answer is always possible
            truths = self._truths(question)
            masks = proposals.masks
            if question.box is not None:
                masks = np.array([filled_box(mask) for mask in masks], bool)
            found = [best_overlap(truth, masks) for truth in truths]
            if len(question.targets) > len(truths) and len(proposals):
                each = [
                    int(np.argmax([overlap(self._item.masks[i], m).iou for m in proposals.masks]))
                    for i in question.targets
                ]
                union: BoolArray = np.any(proposals.masks[each], axis=0)
                found.append(overlap(truths[0], union))
            return max(found, key=lambda each: each.iou)

        return self._memoised(("bound", question, self._number(proposals)), compute)

    def _best(self, proposals: Proposals) -> FloatArray:
        number = self._number(proposals)
        return self._memoised(("best", number), lambda: best_ious(self._item.masks, proposals))

    def _overlap(self, a: BoolArray, b: BoolArray) -> Overlap:
        return self._memoised(("overlap", _key(a), _key(b)), lambda: overlap(a, b))

    def _counts(self, mask: BoolArray) -> str:
        return self._memoised(
            ("counts", _key(mask)), lambda: str(run_lengths.encode(mask)["counts"])
        )

    def _number(self, proposals: Proposals) -> int:
        """Return a number for these proposals; keeping them makes their identity unique."""
        for number, known in enumerate(self._proposals):
            if known is proposals:
                return number
        self._proposals.append(proposals)
        return len(self._proposals) - 1

    def _memoised(self, key: Hashable, compute: Callable[[], T]) -> T:
        if key not in self._results:
            self._results[key] = compute()
        return cast(T, self._results[key])


def _key(mask: BoolArray) -> bytes:
    """Return equal bytes for equal masks of one frame."""
    return np.packbits(mask).tobytes()

"""Accuracy of the verdicts NOT_FOUND and AMBIGUOUS, and the calibration error of scores.

Every figure comes from the answers' records alone. A share of no answers is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from zsris_ros.evaluation.records import AnswerRecord

RIGHT_IOU = 0.5
"""A mask matches the target above this IoU."""
BINS = 10


def verdict_summary(answers: Sequence[AnswerRecord]) -> dict[str, Any]:
    """Return the figures of a verdict benchmark, all shares in [0, 1].

    ``right``: of all questions, those with the right verdict and, for FOUND, the right mask. The
    answer AMBIGUOUS to a question that means one object is wrong, whatever its mask.
    ``expected_verdicts``: the numbers of the right verdicts.
    ``no_target_accuracy``: of the questions without a target, those answered NOT_FOUND.
    ``false_refusals``: of the questions with a target, those answered NOT_FOUND.
    ``ambiguous_recall``, ``ambiguous_precision``: of the answer AMBIGUOUS. ``found_accuracy``: of
    the questions with the right answer FOUND, those answered so with the right mask. ``ece``:
    expected calibration error of the first candidate's score, from the bins in ``reliability``
    (``reliability_bins``). ``by_category``: number, right verdicts, and ``right``. ``n``: the
    answers.
    """
    scores = [a.score or 0.0 for a in answers]
    bins = reliability_bins(scores, [_first_is_right(a) for a in answers])
    return {
        "n": len(answers),
        "right": _share(map(_is_right, answers)),
        "expected_verdicts": dict(sorted(Counter(a.expected for a in answers).items())),
        **verdict_shares([(a.expected, a.verdict) for a in answers]),
        "found_accuracy": _share(_is_right(a) for a in answers if a.expected == "FOUND"),
        "ece": expected_calibration_error(bins),
        "by_category": {
            category: _of_category([a for a in answers if a.category == category])
            for category in sorted({a.category for a in answers})
        },
        "reliability": bins,
    }


def verdict_shares(pairs: Sequence[tuple[str, str]]) -> dict[str, float | None]:
    """Return the first four figures of ``verdict_summary`` from (right, given) verdicts."""
    nothing = [given for right, given in pairs if right == "NOT_FOUND"]
    present = [given for right, given in pairs if right != "NOT_FOUND"]
    several = [given for right, given in pairs if right == "AMBIGUOUS"]
    reported = [right for right, given in pairs if given == "AMBIGUOUS"]
    return {
        "no_target_accuracy": _share(given == "NOT_FOUND" for given in nothing),
        "false_refusals": _share(given == "NOT_FOUND" for given in present),
        "ambiguous_recall": _share(given == "AMBIGUOUS" for given in several),
        "ambiguous_precision": _share(right == "AMBIGUOUS" for right in reported),
    }


def reliability_bins(
    scores: Sequence[float], right: Sequence[bool], bins: int = BINS
) -> list[dict[str, float]]:
    """Return the nonempty of ``bins`` intervals of equal width for scores in [0, 1].

    Each has ``low`` and ``high``, ``n`` scores, their mean ``confidence``, and ``accuracy``, the
    share of right ones. A score on a border belongs to the upper interval, 1 to the last.
    """
    values, outcomes = np.asarray(scores, float), np.asarray(right, bool)
    place = np.minimum((values * bins).astype(int), bins - 1)
    found = []
    for index in range(bins):
        here = place == index
        if here.any():
            found.append(
                {
                    "low": index / bins,
                    "high": (index + 1) / bins,
                    "n": int(here.sum()),
                    "confidence": round(float(values[here].mean()), 4),
                    "accuracy": round(float(outcomes[here].mean()), 4),
                }
            )
    return found


def expected_calibration_error(bins: Sequence[dict[str, float]]) -> float | None:
    """Return the mean gap between confidence and accuracy (Guo et al., 2017, Eq. 3)."""
    total = sum(each["n"] for each in bins)
    if not total:
        return None
    apart = sum(each["n"] * abs(each["confidence"] - each["accuracy"]) for each in bins)
    return round(apart / total, 4)


def _first_is_right(answer: AnswerRecord) -> bool:
    """Return whether the first candidate matches a target, whatever the verdict."""
    return answer.has_target and answer.best_iou > RIGHT_IOU


def _is_right(answer: AnswerRecord) -> bool:
    if answer.verdict != answer.expected:
        return False
    return answer.expected != "FOUND" or _first_is_right(answer)


def _of_category(answers: Sequence[AnswerRecord]) -> dict[str, Any]:
    expected = sorted({a.expected for a in answers})
    return {
        "n": len(answers),
        "expected": "/".join(expected),
        "right": _share(map(_is_right, answers)),
    }


def _share(held: Iterable[bool]) -> float | None:
    values = list(held)
    return round(sum(values) / len(values), 4) if values else None

"""The figures of the verdict benchmark, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsris_ros.evaluation.calibration.verdict_measures import (
    expected_calibration_error,
    reliability_bins,
    verdict_summary,
)
from zsris_ros.evaluation.records import AnswerRecord


def answer(expected: str, verdict: str, score: float | None, best_iou: float = 0.9) -> AnswerRecord:
    known: dict[str, Any] = dict.fromkeys(AnswerRecord.__dataclass_fields__, 0)
    known |= {
        "box": None,
        "category": expected.lower(),
        "targets": {"FOUND": (0,), "AMBIGUOUS": (0, 1), "NOT_FOUND": ()}[expected],
        "expected": expected,
        "verdict": verdict,
        "score": score,
        "best_iou": best_iou,
    }
    return AnswerRecord(**known)


def test_the_figures_of_a_few_answers() -> None:
    summary = verdict_summary(
        [
            answer("FOUND", "FOUND", 0.95),
            answer("FOUND", "FOUND", 0.95, best_iou=0.1),  # the wrong thing
            answer("FOUND", "NOT_FOUND", 0.15),
            answer("FOUND", "AMBIGUOUS", 0.85),
            answer("AMBIGUOUS", "AMBIGUOUS", 0.85),
            answer("AMBIGUOUS", "FOUND", 0.95),
            answer("NOT_FOUND", "NOT_FOUND", None, best_iou=0.0),
            answer("NOT_FOUND", "FOUND", 0.55, best_iou=0.9),  # whatever it covers, it is wrong
        ]
    )
    assert (summary["n"], summary["right"]) == (8, 0.375)
    assert summary["no_target_accuracy"] == 0.5
    assert summary["false_refusals"] == pytest.approx(1 / 6, abs=1e-4)
    assert summary["ambiguous_recall"] == 0.5
    assert summary["ambiguous_precision"] == 0.5
    assert summary["found_accuracy"] == 0.25
    assert summary["by_category"]["found"] == {
        "n": 4,
        "expected": "FOUND",
        "right": 0.25,
    }
    # Bins: {0: wrong}, {.15: right}, {.55: wrong}, {.85: both right}, {.95: two of three right}.
    apart = 0.0 + 0.85 + 0.55 + 2 * 0.15 + 3 * (0.95 - 2 / 3)
    assert summary["ece"] == pytest.approx(apart / 8, abs=1e-3)


def test_shares_without_answers_are_none() -> None:
    summary = verdict_summary([answer("FOUND", "FOUND", 0.9)])
    assert summary["no_target_accuracy"] is None and summary["ambiguous_precision"] is None
    assert verdict_summary([])["ece"] is None


def test_borders_belong_to_the_upper_bin_and_one_to_the_last() -> None:
    bins = reliability_bins([0.0, 0.1, 0.5, 1.0], [False, False, True, True])
    assert [(each["low"], each["n"]) for each in bins] == [(0.0, 1), (0.1, 1), (0.5, 1), (0.9, 1)]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_error_is_a_share_and_bins_hold_everything(pairs: list[tuple[float, bool]]) -> None:
    bins = reliability_bins([p for p, _ in pairs], [right for _, right in pairs])
    assert sum(each["n"] for each in bins) == len(pairs)
    error = expected_calibration_error(bins)
    assert error is not None and 0 <= error <= 1

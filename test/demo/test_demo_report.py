"""The demo's results, and a sentence for every missed threshold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zsris_ros.demo import demo_report
from zsris_ros.demo.demo_report import DemoAnswer
from zsris_ros.types import Verdict

KEYS = {
    *("expression", "status", "expected", "right", "iou", "centroid_m", "truth_m", "error_mm"),
    *("total_ms", "cache_hit", "stamp"),
}


def answer(**changes: object) -> DemoAnswer:
    good = DemoAnswer(
        expression="the red mug, please!",
        status="FOUND",
        expected=Verdict.FOUND,
        message="found",
        iou=0.95,
        centroid=(0.1, 0.2, 0.9),
        truth=(0.1, 0.2, 0.902),
        error_mm=2.0,
        total_ms=1000.0,
        cache_hit=False,
        stamp_ns=1_700_000_000_250_000_000,
        image=np.zeros((48, 64, 3), np.uint8),
    )
    return replace(good, **changes)  # type: ignore[arg-type]


GOOD = [answer(), answer(cache_hit=True, total_ms=90.0)]


def test_good_answers_have_no_problems() -> None:
    assert list(demo_report.problems(GOOD)) == []
    assert "mean IoU 0.950" in demo_report.summary(GOOD)
    assert "9.0%" in demo_report.summary(GOOD)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"iou": 0.0, "status": "NOT_FOUND", "error_mm": None, "centroid": None}, "wrongly"),
        ({"status": "AMBIGUOUS"}, "expected: FOUND"),
        ({"expected": Verdict.NOT_FOUND, "truth": None, "iou": 0.0}, "expected: NOT_FOUND"),
        ({"expected": Verdict.AMBIGUOUS}, "expected: AMBIGUOUS"),
        ({"error_mm": 15.1}, "15.1 mm off"),
        ({"error_mm": None, "centroid": None}, "without a point"),
        ({"iou": 0.6}, "mean IoU is 0.775"),
        ({"total_ms": 111.0}, "cached answers take 11%"),
        ({"cache_hit": False}, "no answer came from a cached"),
    ],
)
def test_every_missed_threshold_is_a_sentence(changes: dict[str, object], message: str) -> None:
    problems = list(demo_report.problems([GOOD[0], replace(GOOD[1], **changes)]))  # type: ignore[arg-type]
    assert any(message in problem for problem in problems)


def test_an_absent_object_needs_no_mask_and_no_point() -> None:
    refused = answer(
        status="NOT_FOUND",
        expected=Verdict.NOT_FOUND,
        iou=1.0,
        centroid=None,
        truth=None,
        error_mm=None,
    )
    ambiguous = answer(status="AMBIGUOUS", expected=Verdict.AMBIGUOUS)
    assert list(demo_report.problems([*GOOD, refused, ambiguous])) == []
    assert "mean IoU 0.950" in demo_report.summary([*GOOD, refused]), "it counts in no mean"
    assert "3 of 3 right" in demo_report.summary([*GOOD, refused])
    assert refused.to_json()["truth_m"] is None


def test_a_cached_answer_is_compared_with_its_own_frame() -> None:
    slow = answer(stamp_ns=5, total_ms=5000.0)
    cached = answer(stamp_ns=5, total_ms=400.0, cache_hit=True)
    assert demo_report.cached_shares([*GOOD, slow, cached]) == [0.09, 0.08]


def test_a_single_delayed_answer_is_no_problem() -> None:
    delayed = answer(cache_hit=True, total_ms=500.0)
    assert list(demo_report.problems([*GOOD, GOOD[1], delayed])) == []


def test_the_table_has_a_line_for_each_answer() -> None:
    lost = answer(status="NO_IMAGE", iou=0.0, centroid=None, error_mm=None)
    head, *rows = demo_report.table([*GOOD, lost])
    assert len(rows) == 3
    assert len({len(row.rsplit("ms", 1)[0]) for row in rows}) == 1, "columns are aligned"
    assert head.startswith("expression")
    assert "+0.900" in rows[0] and "yes" in rows[1] and "NO_IMAGE" in rows[2]


def test_files(tmp_path: Path) -> None:
    (tmp_path / "07_of_an_earlier_run.png").touch()
    demo_report.write(tmp_path, GOOD)
    rows = json.loads((tmp_path / "answers.json").read_text())
    assert [set(row) for row in rows] == [KEYS, KEYS]
    assert rows[0]["stamp"] == 1_700_000_000_250_000_000
    assert {path.name for path in tmp_path.glob("*.png")} == {
        "01_the_red_mug_please.png",
        "02_the_red_mug_please.png",
        "contact_sheet.png",
    }
    assert Image.open(tmp_path / "contact_sheet.png").width > 2 * 64

"""The report of failed trials."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zsris_ros.evaluation.reports.picture_report import PICTURES, PictureReport

PICTURE = np.zeros((30, 40, 3), np.uint8)


def test_causes_are_counted_and_their_first_pictures_shown(tmp_path: Path) -> None:
    report = PictureReport()
    report.add("missed", "the mug", "seed 1", PICTURE)
    for index in range(PICTURES + 2):
        report.add("slipped <", f"cup {index}", "seed 2 & 3", PICTURE)
    page = report.write(tmp_path, "Grasps", ["n 11"]).read_text()
    assert page.index("slipped &lt; (10, the first 8)") < page.index("missed (1)")
    assert page.count("<img") == PICTURES + 1
    assert f"cup {PICTURES - 1}" in page and f"cup {PICTURES}<" not in page
    assert "seed 2 &amp; 3" in page and "slipped <" not in page


def test_a_run_without_failures_has_a_report(tmp_path: Path) -> None:
    assert "Failures by cause" in PictureReport().write(tmp_path, "Grasps", []).read_text()

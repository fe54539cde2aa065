"""README says what the results' files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsris_ros.evaluation.tables import results_table, with_results

ROOT = Path(__file__).resolve().parents[1]


def test_the_figures_in_readme_are_those_of_the_results() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_results(readme, results_table(ROOT / "docs" / "results")) == readme
    assert "Simulated tabletop" in readme and "make demo" in readme


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        with_results("# nothing", "table")

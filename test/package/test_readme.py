"""README has the figures of the results' files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zsris_ros.evaluation.reports.markdown import with_results
from zsris_ros.evaluation.reports.result_tables import methods_table, overview_table, results_table

ROOT = Path(__file__).resolve().parents[2]


def test_the_figures_are_those_of_the_results() -> None:
    results = ROOT / "docs" / "results"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_results(readme, overview_table(results, ROOT / "bench")) == readme
    assert "simulated tabletop" in readme and len(readme.splitlines()) <= 150
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert with_results(page, results_table(results)) == page


def test_the_methods_page_is_that_of_the_table() -> None:
    results = ROOT / "docs" / "results" / "methods"
    if not (results / "table.json").exists():
        pytest.skip("the methods were not compared yet: make results")
    rows = json.loads((results / "table.json").read_text(encoding="utf-8"))
    page = (results / "README.md").read_text(encoding="utf-8")
    assert page == methods_table(rows)
    for row in rows:
        assert f"| {row['method']} | {row['variant']} | {row['miou']:.3f} |" in page


def test_methods_are_compared_by_category() -> None:
    def row(method: str, **kinds: float) -> dict[str, Any]:
        each = {kind: {"accuracy": share} for kind, share in kinds.items()}
        figures = {"n": 3, "frames": 1, "miou": 0.5, "oiou": 0.4, "accuracy": 0.6}
        about = {"title": "tables", "weights": "w", "proposals": "sam+depth", "bound_miou": 0.9}
        names = {"method": method, "variant": "paper", "by_category": each}
        return {**names, **figures, **about}

    page = methods_table([row("crop", size=0.25, order=1.0), row("other", order=0.5)])
    assert "| method | variant | mIoU | oIoU | right | order | size |" in page
    assert "| crop | paper | 0.500 | 0.400 | 60.0% | 100.0% | 25.0% |" in page
    assert "| other | paper | 0.500 | 0.400 | 60.0% | 50.0% |  |" in page
    assert "sam and depth joined" in page and "0.900" in page


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        with_results("# nothing", "table")

"""The count of costs, and the table of docs/vatex.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.evaluation.reports.markdown import replace_between_marks
from zsris_ros.training.vatex.cost_count import count_cost
from zsris_ros.training.vatex.cost_tables import TABLETOP, cost_table

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_a_count_is_that_of_the_network() -> None:
    """The published count of the small network is at 256x320 pixels, 20 times this image."""
    settings = VatexSettings.small()
    count = count_cost(settings, 64, 64, *TABLETOP)
    published = json.loads((DOCS / "results/vatex/cost.json").read_text())["networks"]["small"]
    network = Vatex(settings, *TABLETOP)
    assert count["parameters"] == sum(each.numel() for each in network.parameters())
    assert count["parameters"] == published["parameters"]
    assert count["look_gmac"] == pytest.approx(published["look_gmac"] / 20, abs=0.01)
    assert count["segment_gmac"] == pytest.approx(published["segment_gmac"] / 20, abs=0.02)


def test_the_page_shows_the_counted_costs() -> None:
    page = (DOCS / "vatex.md").read_text()
    results = json.loads((DOCS / "results/vatex/cost.json").read_text())
    assert replace_between_marks(page, "cost", "\n".join(cost_table(results))) == page
    small = results["networks"]["small"]
    assert small["parameters"] <= 6e6
    assert sum(results["answer"].values()) <= 1.5

"""The count of costs, and the table of docs/vatex.md."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.baselines.vatex.settings import VatexSettings
from zsris_ros.evaluation.reports.markdown import replace_between_marks
from zsris_ros.training.vatex.cost_count import count_cost
from zsris_ros.training.vatex.cost_tables import cost_table

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_a_count_needs_no_values_and_grows_with_the_image() -> None:
    settings = VatexSettings.small(width=32, heads=2)
    small, large = (count_cost(settings, side, side, 24, 17) for side in (64, 128))
    network = Vatex(settings, 24, 17)
    assert small["parameters"] == sum(each.numel() for each in network.parameters())
    assert 3.5 < large["look_gmac"] / small["look_gmac"] < 4.5
    assert large["saved_mb"] > 3 * small["saved_mb"] > 0
    deeper = count_cost(replace(settings, decoder_layers=6), 64, 64, 24, 17)
    assert deeper["segment_gmac"] > small["segment_gmac"]
    assert deeper["look_gmac"] == small["look_gmac"]


def test_the_page_shows_the_counted_costs() -> None:
    page = (DOCS / "vatex.md").read_text()
    results = json.loads((DOCS / "results/vatex/cost.json").read_text())
    assert replace_between_marks(page, "cost", "\n".join(cost_table(results))) == page
    small = results["networks"]["small"]
    assert small["parameters"] <= 6e6
    assert sum(results["answer"].values()) <= 1.5

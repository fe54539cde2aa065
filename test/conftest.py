"""Marks that name the subject of a test, and the settings of Hypothesis."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
import pytest

SHOWN = ("fault", "weights", "access")

# A loaded machine delays single examples.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")


@pytest.fixture(autouse=True)
def shown(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Write the texts of the marks into the JUnit report, the source of docs/reliability.md."""
    for name in SHOWN:
        for mark in request.node.iter_markers(name):
            record_property(name, *mark.args)

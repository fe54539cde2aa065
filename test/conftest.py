"""Fixtures of all tests, and the settings of Hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from zsris_ros.models.load import LoadedModels

SHOWN = ("fault", "weights", "access")

# A loaded machine delays single examples.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")


@pytest.fixture(scope="session")
def tabletop() -> LoadedModels:
    """The models of the bundled weights on the CPU, for tests that do not change them."""
    from zsris_ros.models.load import load_models
    from zsris_ros.models.load_options import LoadOptions

    return load_models("tabletop", LoadOptions(device="cpu", parser="rules"))


@pytest.fixture(autouse=True)
def shown(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Write the texts of the marks into the JUnit report, the source of docs/reliability.md."""
    for name in SHOWN:
        for mark in request.node.iter_markers(name):
            record_property(name, *mark.args)

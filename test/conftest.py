"""Marks that name what a test shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

SHOWN = ("fault", "weights", "access")


@pytest.fixture(autouse=True)
def shown(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """What the marks name goes into the JUnit report, which docs/reliability.md is made from."""
    for name in SHOWN:
        for mark in request.node.iter_markers(name):
            record_property(name, *mark.args)

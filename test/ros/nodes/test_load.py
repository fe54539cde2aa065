"""Sixteen concurrent clients for a few seconds; `make reliability` runs minutes."""

from __future__ import annotations

import pytest
from reliability.load import measure


@pytest.mark.parametrize("max_pending", [None, 2])
def test_no_call_is_lost_or_answered_about_another_frame(
    ros: None, max_pending: int | None
) -> None:
    found = measure(5.0, callers=16, model_seconds=0.02, max_pending=max_pending)
    assert found["wrong"] == []
    assert set(found["statuses"]) <= {"FOUND", "BUSY"}
    assert found["statuses"]["FOUND"] >= 5
    assert max_pending is None or "BUSY" in found["statuses"]
    assert found["left_while_waiting"] >= 1
    assert len(found["parameters_ms"]) > 0 and len(found["clock_lag_ms"]) > 0
    assert (found["afterwards"], found["traceback"]) == ("FOUND", False)
    assert found["exit"]["code"] == 0 and found["exit"]["seconds"] < 3

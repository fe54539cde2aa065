"""The bugs that `make mutants` plants match the sources."""

from __future__ import annotations

import pytest

from reliability.planted_bugs import BUGS, ROOT, Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.what)
def test_a_planted_bug_replaces_one_place_and_names_tests(bug: Bug) -> None:
    assert (ROOT / "zsris_ros" / bug.file).read_text(encoding="utf-8").count(bug.before) == 1
    assert bug.after != bug.before
    assert all((ROOT / path.split("::")[0]).exists() for path in bug.tests.split())

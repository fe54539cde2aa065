"""docs/reliability.md has the results' figures."""

from __future__ import annotations

from reliability.table import PAGE, RESULTS, page


def test_the_page_is_that_of_the_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(RESULTS)

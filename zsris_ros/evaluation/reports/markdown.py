"""Markdown tables, and the marked places of a page that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


def markdown_table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield "".join(f"| {cell} " if cell else "| " for cell in head) + "|"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def replace_between_marks(page: str, name: str, text: str) -> str:
    """Return ``page`` with ``text`` between ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        ValueError: The page lacks these marks.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, _, rest = page.partition(start)
    _, mark, tail = rest.partition(end)
    if not mark:
        raise ValueError(f"the page needs the marks {start} and {end} around its table")
    return f"{head}{start}\n{text}\n{end}{tail}"


def with_results(page: str, table: str) -> str:
    """Return ``page`` with ``table`` between the marks "results"; ValueError without the marks."""
    return replace_between_marks(page, "results", table)


def update_page(page: Path, table: str) -> None:
    """Write ``table`` between the marks "results" of a page; ValueError without the marks."""
    page.write_text(with_results(page.read_text(encoding="utf-8"), table), encoding="utf-8")

"""Writes the tables of docs/expressions.md from the summaries of ``zsris eval expressions``.

``python -m zsris_ros.evaluation.expressions.expression_tables PAGE FOLDER`` (docs/expressions.md,
docs/results/expressions) replaces the text between ``<!-- results -->`` and ``<!-- /results -->``.
Files are named NAME.SEMANTICS.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.reports.markdown import markdown_table, update_page

_TITLES = {
    "words": "Simulated semantics `words`: the sentence describes its object",
    "uniform": "Simulated semantics `uniform`: language and geometry alone",
}
_SHARES = ("argmax", "right", "refused", "ambiguous", "errors")

Summary = Mapping[str, Mapping[str, Mapping[str, Any]]]


def expression_tables(results: Path) -> str:
    """Return Markdown for every summary in a folder: all variants, and the product by kind."""
    return "\n\n".join("\n".join(_section(results, semantics)) for semantics in _TITLES)


def _section(results: Path, semantics: str) -> Iterator[str]:
    summaries: dict[str, Summary] = {
        path.name.split(".")[0]: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(results.glob(f"*.{semantics}.json"))
    }
    yield f"### {_TITLES[semantics]}"
    yield ""
    yield from markdown_table(
        ("file", "n", "variant", "noise", *_SHARES),
        (
            (name, row["n"], variant, noise, *(f"{row[share]:.3f}" for share in _SHARES))
            for name, summary in summaries.items()
            for variant, rows in summary.items()
            for noise, row in rows.items()
        ),
    )
    yield ""
    yield "`product` by the kind of evidence, argmax (number of sentences):"
    yield ""
    first = [next(iter(each["product"].values())) for each in summaries.values()]
    kinds = sorted({kind for row in first for kind in row["by_kind"]})
    cells = []
    for name, summary in summaries.items():
        for noise, row in summary["product"].items():
            found = (row["by_kind"].get(kind) for kind in kinds)
            shares = ("" if c is None else f"{c['argmax']:.3f} ({c['n']})" for c in found)
            cells.append((name, noise, *shares))
    yield from markdown_table(("file", "noise", *kinds), cells)


def main() -> None:
    """Update the page of the first argument from the folder of the second."""
    page, results = map(Path, sys.argv[1:3])
    update_page(page, expression_tables(results))


if __name__ == "__main__":
    main()

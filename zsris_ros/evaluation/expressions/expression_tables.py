"""The tables of docs/expressions.md, from the summaries of ``zsris eval expressions``.

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

from zsris_ros.evaluation.reports.readme_tables import with_results

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
    yield "| file | n | variant | noise | " + " | ".join(_SHARES) + " |"
    yield "|---" * (4 + len(_SHARES)) + "|"
    for name, summary in summaries.items():
        for variant, rows in summary.items():
            for noise, row in rows.items():
                shares = " | ".join(f"{row[share]:.3f}" for share in _SHARES)
                yield f"| {name} | {row['n']} | {variant} | {noise} | {shares} |"
    yield ""
    yield "`product` by what tells the target apart, argmax (number of sentences):"
    yield ""
    kinds = sorted({kind for each in summaries.values() for kind in _product(each)["by_kind"]})
    yield "| file | noise | " + " | ".join(kinds) + " |"
    yield "|---" * (2 + len(kinds)) + "|"
    for name, summary in summaries.items():
        for noise, row in summary["product"].items():
            cells = (row["by_kind"].get(kind) for kind in kinds)
            shares = " | ".join("" if c is None else f"{c['argmax']:.3f} ({c['n']})" for c in cells)
            yield f"| {name} | {noise} | {shares} |"


def _product(summary: Summary) -> Mapping[str, Any]:
    return next(iter(summary["product"].values()))


def main() -> None:
    page, results = Path(sys.argv[1]), Path(sys.argv[2])
    text = page.read_text(encoding="utf-8")
    page.write_text(with_results(text, expression_tables(results)), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The tables of docs/libero.md, from the summaries of ``zsris eval frames`` by weights and suite.

``python -m zsris_ros.evaluation.libero.libero_tables docs/libero.md docs/results/libero``
replaces the text between ``<!-- results -->`` and ``<!-- /results -->``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.metrics import wilson
from zsris_ros.evaluation.reports.markdown import markdown_table, update_page

SUITES = ("libero_spatial", "libero_object", "libero_goal", "libero_10", "libero_90")
CATEGORIES = ("sentence", "object", "absent")
DESTINATIONS = ("sentence", "destination", "destination part", "object")
TRUE_PROPOSALS = "true_proposals.json"
"""The file of the runs with true masks as proposals, by title."""

Summaries = Sequence[Mapping[str, Any]]
"""The summaries behind a row."""

Counts = tuple[int, int]
"""The counts behind a share: the questions that it counts, and all questions."""


def libero_tables(results: Path) -> str:
    """Return Markdown for the existing ``results``/WEIGHTS/SUITE/summary.json."""
    folders = sorted(each for each in results.iterdir() if each.is_dir())
    tables = [_weights_tables(each) for each in folders]
    path = results / TRUE_PROPOSALS
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        tables.append("\n".join(destination_table(known)))
    return "\n\n".join(tables)


def _weights_tables(results: Path) -> str:
    paths = {suite: results / suite / "summary.json" for suite in SUITES}
    summaries = {
        suite: json.loads(path.read_text(encoding="utf-8"))
        for suite, path in paths.items()
        if path.exists()
    }
    rows = {suite: [summary] for suite, summary in summaries.items()}
    rows["**all**"] = list(summaries.values())
    lines = [
        f"### Weights `{results.name}`",
        "",
        "Shares of right answers, with 95 % Wilson intervals:",
        "",
        *_categories(rows),
        "",
        "Verdicts; and the masks alone, right with IoU > 0.5 or if rightly empty:",
        "",
        *_verdicts(rows),
    ]
    return "\n".join(lines)


def _categories(rows: Mapping[str, Summaries]) -> Iterator[str]:
    yield from markdown_table(
        ("suite", "frames", "proposal bound", *CATEGORIES),
        (
            [
                name,
                sum(each["frames"] for each in group),
                f"{_mean(group, 'proposal_bound', 'objects'):.3f}",
                *(_cell(_in_category(group, category)) for category in CATEGORIES),
            ]
            for name, group in rows.items()
        ),
    )


def _verdicts(rows: Mapping[str, Summaries]) -> Iterator[str]:
    head = ("no target", "false refusals", "ambiguous, recall", "ambiguous, precision", "masks")
    yield from markdown_table(
        ("suite", *head),
        ([name, *map(_cell, _verdict_counts(group))] for name, group in rows.items()),
    )


def _in_category(group: Summaries, category: str) -> Counts:
    rows = [row for each in group if (row := each["by_category"].get(category))]
    return sum(round(row["right"] * row["n"]) for row in rows), sum(row["n"] for row in rows)


def _verdict_counts(group: Summaries) -> Iterator[Counts]:
    """Yield the counts behind the shares of ``verdict_summary``, and of right masks."""

    def total(key: str, denominators: Sequence[int]) -> Counts:
        shares = [each[key] or 0.0 for each in group]
        known = zip(shares, denominators, strict=True)
        return sum(round(share * n) for share, n in known), sum(denominators)

    expected = [each["expected_verdicts"] for each in group]
    absent = [each.get("NOT_FOUND", 0) for each in expected]
    several = [each.get("AMBIGUOUS", 0) for each in expected]
    yield total("no_target_accuracy", absent)
    yield total(
        "false_refusals", [sum(e.values()) - n for e, n in zip(expected, absent, strict=True)]
    )
    yield total("ambiguous_recall", several)
    yield total("ambiguous_precision", [each["verdicts"].get("AMBIGUOUS", 0) for each in group])
    yield total("accuracy", [each["n"] for each in group])


def _cell(counts: Counts) -> str:
    hits, n = counts
    if not n:
        return ""
    low, high = wilson(hits, n)
    return f"{hits / n:.1%} of {n} ({low:.0%}-{high:.0%})"


def _mean(group: Summaries, key: str, weight: str) -> float:
    total = sum(each[weight] for each in group)
    return sum(each[key] * each[weight] for each in group) / total if total else 0.0


def destination_table(summaries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table of right masks with true proposals, a row for each summary."""
    yield "### Targets and destinations among the true masks"
    yield ""
    yield "Shares of masks with IoU > 0.5, whatever the verdict, with 95 % Wilson intervals:"
    yield ""
    rows = (
        [title, *(_cell(_masks_in_category(summary, category)) for category in DESTINATIONS)]
        for title, summary in summaries.items()
    )
    yield from markdown_table(("", *DESTINATIONS), rows)


def _masks_in_category(summary: Mapping[str, Any], category: str) -> Counts:
    row = summary["by_category"].get(category)
    return (round(row["accuracy"] * row["n"]), row["n"]) if row else (0, 0)


def main() -> None:
    """Update the page (first argument) from the results (second).

    Further arguments TITLE=FOLDER replace the runs with true proposals.
    """
    page, results = map(Path, sys.argv[1:3])
    runs = [run.partition("=") for run in sys.argv[3:]]
    if runs:
        known = {
            title: json.loads((Path(folder) / "summary.json").read_text(encoding="utf-8"))
            for title, _, folder in runs
        }
        text = json.dumps(known, indent=1) + "\n"
        (results / TRUE_PROPOSALS).write_text(text, encoding="utf-8")
    update_page(page, libero_tables(results))


if __name__ == "__main__":
    main()

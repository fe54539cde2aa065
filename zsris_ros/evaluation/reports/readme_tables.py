"""README's figures, from the summaries of the evaluations.

``python -m zsris_ros.evaluation.reports.readme_tables README.md docs/results`` replaces the text
between ``<!-- results -->`` and ``<!-- /results -->``, and writes docs/results/methods/README.md
with every row of the methods' table. A test compares both with the files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.reports.markdown import markdown_table, replace_between_marks

MAIN_METHODS = ("hybridgl", "hybridgl-semantic", "global-local", "region-token", "crop")
"""The methods in README; docs/results/methods has all."""


def results_table(results: Path) -> str:
    """Return Markdown for the existing ``results``/{tabletop,methods,verdict,osd,demo}/*.json."""
    blocks: list[tuple[str, Callable[[Any], Iterator[str]]]] = [
        ("tabletop/summary.json", _tabletop),
        ("methods/table.json", _main_methods),
        ("verdict/summary.json", _verdict),
        ("osd/summary.json", _osd),
        ("demo/answers.json", _demo),
    ]
    found = [(_read(results / path), block) for path, block in blocks]
    return "\n\n".join("\n".join(block(document)) for document, block in found if document)


def methods_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a Markdown page with every row of a methods' table."""
    return "\n".join(
        [
            "# Every method on the simulated tabletop",
            "",
            _setting(rows),
            "`docs/methods.md` describes the methods and variants, and explains unexpected rows.",
            "",
            *_methods(rows),
            "",
        ]
    )


def _main_methods(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"**Methods compared.** {_setting(rows)}"
    yield "All rows: [docs/results/methods](docs/results/methods/README.md)."
    yield ""
    yield from _methods([row for row in rows if row["method"] in MAIN_METHODS])


def _setting(rows: Sequence[Mapping[str, Any]]) -> str:
    first = rows[0]
    return (
        f"{first['n']} expressions with one target, {first['frames']} scenes "
        f"({first['title']}), weights `{first['weights']}`. Every method chooses among the same "
        f"masks, those of {first['proposals'].replace('+', ' and ')} joined: a perfect choice "
        f"reaches mIoU {first['bound_miou']:.3f}. Columns: mIoU, oIoU, share of right answers "
        "(IoU > 0.5), and this share by category."
    )


def _methods(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    categories = sorted({category for row in rows for category in row["by_category"]})
    head = ["method", "variant", "mIoU", "oIoU", "right", *categories]
    cells = []
    for row in rows:
        shares = [row, *(row["by_category"].get(category) for category in categories)]
        cells.append(
            [row["method"], row["variant"], f"{row['miou']:.3f}", f"{row['oiou']:.3f}"]
            + ["" if share is None else f"{share['accuracy']:.1%}" for share in shares]
        )
    yield from markdown_table(head, cells)


def _verdict(summary: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"**Found, ambiguous, or not there**: {summary['n']} expressions about "
        f"{summary['frames']} scenes ({summary['title']}), a third of them for absent objects and "
        "a third for duplicate objects:"
    )
    yield ""
    shares = {
        "absent objects refused": "no_target_accuracy",
        "present objects refused": "false_refusals",
        "duplicates reported as ambiguous (recall)": "ambiguous_recall",
        "ambiguous reports that are right (precision)": "ambiguous_precision",
    }
    rows = [(title, f"{summary[key]:.1%}") for title, key in shares.items()]
    ece = ("expected calibration error", f"{summary['ece']:.3f}")
    yield from markdown_table(("", ""), [*rows, ece])


def with_results(page: str, table: str) -> str:
    """Return ``page`` with ``table`` between the marks "results"; ValueError without the marks."""
    return replace_between_marks(page, "results", table)


def _tabletop(summary: dict[str, Any]) -> Iterator[str]:
    first, last = summary["seeds"]
    yield (
        f"**Simulated tabletop**, weights `{summary['weights']}`, {summary['frames']} scenes of "
        f"seeds {first}-{last} that were not trained on, {summary['objects']} objects:"
    )
    yield ""
    head = ("expressions", "n", "mIoU", "oIoU", "right (IoU > 0.5)")
    rows = {**summary["by_category"], "**all**": summary}.items()
    yield from markdown_table(
        head,
        (
            (name, row["n"], f"{row['miou']:.3f}", f"{row['oiou']:.3f}", f"{row['accuracy']:.1%}")
            for name, row in rows
        ),
    )
    yield ""
    yield from _bounds(summary)
    yield (
        f"With the true masks, a phrase of colour and shape names the right object in "
        f"{summary['colour_shape_accuracy']:.1%} of {summary['colour_shape_n']}."
    )


def _osd(summary: dict[str, Any]) -> Iterator[str]:
    yield (
        f"**Real Kinect frames** (Object Segmentation Database, {summary['frames']} scenes, "
        f"{summary['objects']} objects), expressions that need only space and depth:"
    )
    yield ""
    rows = {"from depth": summary, "the true masks": summary["true_masks"]}.items()
    yield from markdown_table(
        ("proposals", "n", "mIoU", "right (IoU > 0.5)"),
        ((name, r["n"], f"{r['miou']:.3f}", f"{r['accuracy']:.1%}") for name, r in rows),
    )
    yield ""
    yield from _bounds(summary)


def _bounds(summary: dict[str, Any]) -> Iterator[str]:
    bounds = [
        f"{name} {bound:.3f} ({summary['proposals_per_frame'][name]:.1f} a frame)"
        for name, bound in summary["proposal_bounds"].items()
    ]
    yield "Mean IoU of the best proposal for each object: " + ", ".join(bounds) + "."


def _demo(answers: list[dict[str, Any]]) -> Iterator[str]:
    count = len(answers)
    errors = [a["error_mm"] for a in answers if a["error_mm"] is not None]
    first = [a["total_ms"] for a in answers if not a["cache_hit"]]
    again = [a["total_ms"] for a in answers if a["cache_hit"]]
    ious = [a["iou"] for a in answers if a["truth_m"] is not None]
    yield (
        f"**`make demo`**, {count} expressions through the service on 2 CPU cores: "
        f"{sum(a['right'] for a in answers)} right, mean IoU for present objects "
        f"{_mean(ious):.3f}, largest error of a grasp point {max(errors):.1f} mm, first answer "
        f"about a frame {_mean(first):.0f} ms, every further one {_mean(again):.0f} ms."
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def main() -> None:
    """Update README (first argument) and the methods' page from the results (second argument)."""
    readme, results = Path(sys.argv[1]), Path(sys.argv[2])
    text = with_results(readme.read_text(encoding="utf-8"), results_table(results))
    readme.write_text(text, encoding="utf-8")
    rows = _read(results / "methods" / "table.json")
    if rows:
        page = results / "methods" / "README.md"
        page.write_text(methods_table(rows), encoding="utf-8")


if __name__ == "__main__":
    main()

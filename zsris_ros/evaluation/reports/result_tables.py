"""The tables of README and docs/results.md, from the summaries of the evaluations.

``python -m zsris_ros.evaluation.reports.result_tables README.md docs bench`` replaces the text
between ``<!-- results -->`` and ``<!-- /results -->`` in README.md and docs/results.md, and writes
docs/results/methods/README.md with every row of the methods' table. A test compares the pages with
the files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.reports.markdown import markdown_table, update_page

EXPRESSION_SETS = {
    "refcoco": "RefCOCO",
    "refcocoplus": "RefCOCO+",
    "refcocog": "RefCOCOg",
    "mrvg": "robot table",
}
"""Titles of the data sets of docs/expressions.md in README's table."""

MAIN_METHODS = ("hybridgl", "hybridgl-semantic", "global-local", "region-token", "crop")
"""The methods in docs/results.md; docs/results/methods has all."""


def overview_table(results: Path, bench: Path) -> str:
    """Return the rows of README's table whose files in ``results`` and ``bench`` exist."""
    blocks: list[tuple[Path, Callable[[Any], tuple[str, str]]]] = [
        (results / "tabletop/summary.json", _tabletop_row),
        (results / "verdict/summary.json", _verdict_row),
        (results / "osd/summary.json", _osd_row),
        (results / "demo/answers.json", _demo_row),
    ]
    rows = [row(document) for path, row in blocks if (document := _read(path))]
    words = {
        title: document["product"]["0"]
        for name, title in EXPRESSION_SETS.items()
        if (document := _read(results / "expressions" / f"{name}.words.json"))
    }
    if words:
        n = sum(each["n"] for each in words.values())
        shares = ", ".join(f"{title} {each['argmax']:.1%}" for title, each in words.items())
        title = f"{n} sentences of other data sets, simulated CLIP: best candidate right"
        rows.append((title, shares))
    plans = [_read(bench / f"vit_b_{plan}.json") for plan in ("published", "product")]
    if all(plans):
        rows.append(_speed_row(*plans))
    return "\n".join(markdown_table(("measured", "result"), rows))


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


def _tabletop_row(summary: Mapping[str, Any]) -> tuple[str, str]:
    return (
        f"simulated tabletop, {summary['n']} expressions of {len(summary['by_category'])} "
        f"categories, unseen scenes, weights `{summary['weights']}`",
        f"mIoU {summary['miou']:.3f}, right (IoU > 0.5) {summary['accuracy']:.1%}",
    )


def _verdict_row(summary: Mapping[str, Any]) -> tuple[str, str]:
    return (
        f"absent, duplicate and present objects there, {summary['n']} expressions",
        f"absent refused {summary['no_target_accuracy']:.1%}, present refused "
        f"{summary['false_refusals']:.1%}, duplicates ambiguous {summary['ambiguous_recall']:.1%}",
    )


def _osd_row(summary: Mapping[str, Any]) -> tuple[str, str]:
    return (
        f"Kinect frames of real clutter (OSD, {summary['frames']} scenes), masks from depth",
        f"mIoU {summary['miou']:.3f}, right {summary['accuracy']:.1%}",
    )


def _demo_row(answers: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    errors = [a["error_mm"] for a in answers if a["error_mm"] is not None]
    right = sum(a["right"] for a in answers)
    return (
        "`make demo` through the service",
        f"{right} of {len(answers)} right, largest error of a grasp point {max(errors):.1f} mm",
    )


def _speed_row(published: Mapping[str, Any], product: Mapping[str, Any]) -> tuple[str, str]:
    first, further = (product[key]["median_ms"] for key in ("first_answer", "further"))
    ratios = [
        published[key]["median_ms"] / product[key]["median_ms"]
        for key in ("first_answer", "further")
    ]
    return (
        f"SAM ViT-B and CLIP ViT-B/16, {product['masks']} masks, "
        f"{product['machine']['threads']} CPU cores",
        f"first answer {first / 1e3:.1f} s ({ratios[0]:.1f} times faster than the published way), "
        f"further ones {further:.0f} ms",
    )


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
    yield "All rows: [results/methods](results/methods/README.md)."
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
    """Update README (first argument) and the pages of docs (second) from the results."""
    readme, docs, bench = map(Path, sys.argv[1:4])
    results = docs / "results"
    pages = {readme: overview_table(results, bench), docs / "results.md": results_table(results)}
    for page, table in pages.items():
        update_page(page, table)
    rows = _read(results / "methods" / "table.json")
    if rows:
        page = results / "methods" / "README.md"
        page.write_text(methods_table(rows), encoding="utf-8")


if __name__ == "__main__":
    main()

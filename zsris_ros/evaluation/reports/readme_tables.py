"""README's figures, from the summaries that the evaluations wrote.

``python -m zsris_ros.evaluation.reports.readme_tables README.md docs/results`` replaces the text
between ``<!-- results -->`` and ``<!-- /results -->``, and writes docs/results/methods/README.md
with every row of the methods' table. A test keeps both in step with the files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

MAIN_METHODS = ("hybridgl", "hybridgl-semantic", "global-local", "region-token", "crop")
"""The methods that README compares; the others stand in docs/results/methods."""


def results_table(results: Path) -> str:
    """Markdown for what is there of ``results``/{tabletop,methods,verdict,osd,demo}/*.json."""
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
    """Markdown with every row of a methods' table, for a page of its own."""
    return "\n".join(
        [
            "# Every method on the simulated tabletop",
            "",
            _setting(rows),
            "`docs/methods.md` says what the methods and variants are, and why a row stands where "
            "it stands.",
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
        f"{first['n']} expressions that mean one thing, {first['frames']} scenes "
        f"({first['title']}), weights `{first['weights']}`. Every method chooses among the same "
        f"masks, those of {first['proposals'].replace('+', ' and ')} joined: a perfect choice "
        f"reaches mIoU {first['bound_miou']:.3f}. Columns: mIoU, oIoU, share of right answers "
        "(IoU > 0.5), and this share by category."
    )


def _methods(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    kinds = sorted({kind for row in rows for kind in row["by_category"]})
    yield "| method | variant | mIoU | oIoU | right | " + " | ".join(kinds) + " |"
    yield "|---" * (5 + len(kinds)) + "|"
    for row in rows:
        cells = [row["method"], row["variant"], f"{row['miou']:.3f}", f"{row['oiou']:.3f}"]
        shares = [row, *(row["by_category"].get(kind) for kind in kinds)]
        cells += ["" if share is None else f"{share['accuracy']:.1%}" for share in shares]
        yield f"| {' | '.join(cells)} |"


def _verdict(summary: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"**Found, ambiguous, or not there**: {summary['n']} expressions about "
        f"{summary['frames']} scenes ({summary['title']}), a third of them of things that are "
        "absent and a third of things that are there twice:"
    )
    yield ""
    yield "| | |"
    yield "|---|---|"
    for key, said in (
        ("no_target_accuracy", "absent things refused"),
        ("false_refusals", "present things refused"),
        ("ambiguous_recall", "duplicates called ambiguous"),
        ("ambiguous_precision", "what is called ambiguous is"),
    ):
        yield f"| {said} | {summary[key]:.1%} |"
    yield f"| expected calibration error | {summary['ece']:.3f} |"


def with_results(readme: str, table: str) -> str:
    """``readme`` with ``table`` between the marks. Raises ValueError without the marks."""
    return between_marks(readme, "results", table)


def between_marks(page: str, name: str, table: str) -> str:
    """``page`` with ``table`` between ``<!-- name -->`` and ``<!-- /name -->``.

    Raises ValueError without these marks.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, _, rest = page.partition(start)
    _, mark, tail = rest.partition(end)
    if not mark:
        raise ValueError(f"the page needs the marks {start} and {end} around its table")
    return f"{head}{start}\n{table}\n{end}{tail}"


def _tabletop(summary: dict[str, Any]) -> Iterator[str]:
    first, last = summary["seeds"]
    yield (
        f"**Simulated tabletop**, weights `{summary['weights']}`, {summary['frames']} scenes of "
        f"seeds {first}-{last} that were not trained on, {summary['objects']} objects:"
    )
    yield ""
    yield "| expressions | n | mIoU | oIoU | right (IoU > 0.5) |"
    yield "|---|---|---|---|---|"
    for name, row in {**summary["by_category"], "**all**": summary}.items():
        yield f"| {name} | {row['n']} | {row['miou']:.3f} | {row['oiou']:.3f} | " + (
            f"{row['accuracy']:.1%} |"
        )
    yield ""
    yield from _bounds(summary)
    yield (
        f"With the true masks, a phrase of colour and shape names the right object in "
        f"{summary['colour_shape_accuracy']:.1%} of {summary['colour_shape_n']}."
    )


def _osd(summary: dict[str, Any]) -> Iterator[str]:
    truth = summary["true_masks"]
    yield (
        f"**Real Kinect frames** (Object Segmentation Database, {summary['frames']} scenes, "
        f"{summary['objects']} objects), expressions that need only space and depth:"
    )
    yield ""
    yield "| proposals | n | mIoU | right (IoU > 0.5) |"
    yield "|---|---|---|---|"
    yield f"| from depth | {summary['n']} | {summary['miou']:.3f} | {summary['accuracy']:.1%} |"
    yield f"| the true masks | {truth['n']} | {truth['miou']:.3f} | {truth['accuracy']:.1%} |"
    yield ""
    yield from _bounds(summary)


def _bounds(summary: dict[str, Any]) -> Iterator[str]:
    said = [
        f"{name} {bound:.3f} ({summary['proposals_per_frame'][name]:.1f} a frame)"
        for name, bound in summary["proposal_bounds"].items()
    ]
    yield "Mean IoU of the best proposal for each object: " + ", ".join(said) + "."


def _demo(answers: list[dict[str, Any]]) -> Iterator[str]:
    count = len(answers)
    errors = [a["error_mm"] for a in answers if a["error_mm"] is not None]
    first = [a["total_ms"] for a in answers if not a["cache_hit"]]
    again = [a["total_ms"] for a in answers if a["cache_hit"]]
    ious = [a["iou"] for a in answers if a["truth_m"] is not None]
    yield (
        f"**`make demo`**, {count} expressions through the service on 2 CPU cores: "
        f"{sum(a['right'] for a in answers)} right, mean IoU of what is there {_mean(ious):.3f}, "
        f"largest error of a grasp point {max(errors):.1f} mm, first answer about a frame "
        f"{_mean(first):.0f} ms, every further one {_mean(again):.0f} ms."
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def main() -> None:
    readme, results = Path(sys.argv[1]), Path(sys.argv[2])
    text = with_results(readme.read_text(encoding="utf-8"), results_table(results))
    readme.write_text(text, encoding="utf-8")
    rows = _read(results / "methods" / "table.json")
    if rows:
        page = results / "methods" / "README.md"
        page.write_text(methods_table(rows), encoding="utf-8")


if __name__ == "__main__":
    main()

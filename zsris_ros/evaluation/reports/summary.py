"""The summary of a results folder, and the table of several."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.calibration.verdict_measures import verdict_summary
from zsris_ros.evaluation.metrics import precision
from zsris_ros.evaluation.records import REFUSED, read_answers, read_frames
from zsris_ros.evaluation.reports.figures import RIGHT, summarise, write_summary
from zsris_ros.evaluation.run_folder import RUN

TABLE = "table.json"
ROW = (
    *("method", "variant", "localisation", "proposals", "parser", "dtype", "title", "weights"),
    *("frames", "n", "miou", "oiou", "accuracy", "precision", "refused"),
    *("proposal_bound", "bound_miou", "bound_oiou", "by_category"),
)
"""The keys of a summary that a table holds."""

VERDICT_FIGURES = {
    "right": "right verdict and, where one object is meant, right mask",
    "no_target_accuracy": "absent objects refused",
    "false_refusals": "present objects refused",
    "ambiguous_recall": "ambiguous ones called so, recall",
    "ambiguous_precision": "ambiguous ones called so, precision",
    "ece": "expected calibration error",
}


def summarise_folder(
    directory: Path, more: Mapping[str, Any] | None = None, *, verdicts: bool = False
) -> dict[str, Any]:
    """Write ``directory``/summary.json from the records there, with ``more`` added; return it.

    ``verdicts`` adds the figures of absent and duplicate objects.
    """
    answers, frames = read_answers(directory), read_frames(directory)
    settings = json.loads((directory / RUN).read_text(encoding="utf-8"))
    data = settings.pop("data")
    data.pop("root", None)  # a local path
    summary = {
        **settings,
        **data,
        **summarise(answers, frames),
        "refused": sum(each.verdict == REFUSED for each in answers),
        **(more or {}),
    }
    if verdicts:
        figures = verdict_summary(answers)
        categories = {
            kind: {**row, **figures["by_category"].get(kind, {})}
            for kind, row in summary["by_category"].items()
        }
        summary |= {**figures, "by_category": categories}
    write_summary(directory, summary)
    return summary


def accuracy_of(directory: Path) -> tuple[float, int]:
    """Return the share of right answers in a folder, and their number."""
    answers = read_answers(directory)
    return round(precision((each.iou for each in answers), RIGHT), 4), len(answers)


def write_table(directory: Path, summaries: Sequence[Mapping[str, Any]]) -> Path:
    """Write ``directory``/table.json, one row for each summary."""
    path = directory / TABLE
    rows = [{key: summary[key] for key in ROW} for summary in summaries]
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return path


def summary_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield the figures of a run as lines of text."""
    yield f"{'':<16}{'n':>6}{'mIoU':>8}{'oIoU':>8}{'>0.5':>8}"
    for name, row in {**summary["by_category"], "all": summary}.items():
        yield f"{name:<16}{figures_line(row)}"
    for name, bound in summary["proposal_bounds"].items():
        count = summary["proposals_per_frame"][name]
        yield f"best proposal, {name}: IoU {bound:.3f}, {count:.1f} proposals a frame"
    if "colour_shape_accuracy" in summary:
        share, count = summary["colour_shape_accuracy"], summary["colour_shape_n"]
        yield f"named by colour and shape: {share:.3f} of {count} right"
    if "true_masks" in summary:
        yield f"with the true masks: mIoU {summary['true_masks']['miou']:.3f}"
    for key, title in VERDICT_FIGURES.items():
        if summary.get(key) is not None:
            yield f"{title}: {summary[key]:.3f}"


def figures_line(row: Mapping[str, Any]) -> str:
    """Return number, mIoU, oIoU and accuracy of a row as text."""
    shares = "".join(f"{row[key]:>8.3f}" for key in ("miou", "oiou", "accuracy"))
    return f"{row['n']:>6}{shares}"

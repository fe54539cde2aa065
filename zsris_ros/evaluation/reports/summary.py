"""The summary of a folder of results, and the table of several."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.calibration.verdict_measures import verdict_summary
from zsris_ros.evaluation.metrics import precision
from zsris_ros.evaluation.records import REFUSED, read_answers, read_looks
from zsris_ros.evaluation.reports.figures import RIGHT, summarise, write_summary
from zsris_ros.evaluation.run_folder import RUN

TABLE = "table.json"
ROW = (
    *("method", "variant", "localisation", "proposals", "parser", "dtype", "title", "weights"),
    *("frames", "n", "miou", "oiou", "accuracy", "precision", "refused"),
    *("proposal_bound", "bound_miou", "bound_oiou", "by_category"),
)
"""What a table keeps of a summary."""


def summarise_folder(
    directory: Path, more: Mapping[str, Any] | None = None, *, verdicts: bool = False
) -> dict[str, Any]:
    """Write ``directory``/summary.json from the records there, with ``more`` added; return it.

    ``verdicts`` adds the figures of a run that asks for absent and for duplicate things.
    """
    answers, looks = read_answers(directory), read_looks(directory)
    settings = json.loads((directory / RUN).read_text(encoding="utf-8"))
    data = settings.pop("data")
    data.pop("root", None)  # where it lies says nothing to a reader; which split it is does
    summary = {
        **settings,
        **data,
        **summarise(answers, looks),
        "refused": sum(each.verdict == REFUSED for each in answers),
        **(more or {}),
    }
    if verdicts:
        figures = verdict_summary(answers)
        kinds = {
            kind: {**row, **figures["by_category"].get(kind, {})}
            for kind, row in summary["by_category"].items()
        }
        summary |= {**figures, "by_category": kinds}
    write_summary(directory, summary)
    return summary


def accuracy_of(directory: Path) -> tuple[float, int]:
    """The share of right answers in a folder, and how many there are."""
    answers = read_answers(directory)
    return round(precision((each.iou for each in answers), RIGHT), 4), len(answers)


def write_table(directory: Path, summaries: Sequence[Mapping[str, Any]]) -> Path:
    """Write ``directory``/table.json: a row for each summary."""
    path = directory / TABLE
    rows = [{key: summary[key] for key in ROW} for summary in summaries]
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return path

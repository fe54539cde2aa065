"""Learning curves of ``TrainingLoop``'s logs: ``python -m zsris_ros.training.learning_curves``."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from zsris_ros.types import InputError

ERRORS = ("loss", "iou_error")
"""Columns on the upper panel; all others are shares of right answers or overlaps, on the lower."""


def read_log(path: Path) -> dict[str, list[float]]:
    """Return the columns of a log.

    Raises:
        InputError: The file is not a log of ``TrainingLoop``.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns = {name: [float(row[name]) for row in rows] for name in rows[0]}
        if "step" not in columns:
            raise KeyError("step")
    except (OSError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no log of a training run: {error!r}") from error
    return columns


def draw_learning_curves(logs: Sequence[Path], path: Path) -> None:
    """Write a PNG of the logs' columns by step, the training runs side by side.

    Raises:
        InputError: matplotlib is not installed, or a log cannot be read.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError("learning curves need matplotlib: pip install matplotlib") from error
    figure = Figure(figsize=(4.5 * len(logs), 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, len(logs), squeeze=False, sharex="col")
    for (upper, lower), log in zip(axes.T, logs, strict=True):
        columns = read_log(log)
        steps = columns.pop("step")
        columns.pop("rate", None)
        for name, values in columns.items():
            (upper if name in ERRORS else lower).plot(steps, values, label=name, linewidth=1.2)
        upper.set_title(log.stem, fontsize=10)
        lower.set(xlabel="step", ylim=(0, 1))
        for each in (upper, lower):
            each.grid(alpha=0.3)
            each.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the curves of the command line's logs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", type=Path, nargs="+", help="CSV files of training runs")
    parser.add_argument("--out", type=Path, required=True, help="the PNG to write")
    args = parser.parse_args(arguments)
    try:
        draw_learning_curves(args.logs, args.out)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The reliability diagram: scores against the share of right answers (Guo et al., 2017, Fig. 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from zsris_ros.evaluation.calibration.verdict_measures import BINS, expected_calibration_error
from zsris_ros.types import InputError


def need_matplotlib() -> None:
    """Raise InputError with the remedy if matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise InputError(
            "the reliability diagram is drawn with matplotlib: pip install matplotlib"
        ) from error


def draw_reliability(
    panels: Mapping[str, Sequence[dict[str, float]]], title: str, path: Path
) -> None:
    """Write a PNG with one panel for each title's ``reliability_bins``.

    Each panel shows accuracy by score beside the diagonal of calibrated scores, and the number of
    answers below. Raises InputError without matplotlib.
    """
    need_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5 * len(panels), 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    axes = figure.subplots(
        2, len(panels), squeeze=False, sharex=True, gridspec_kw={"height_ratios": [4, 1]}
    )
    for column, (name, bins) in enumerate(panels.items()):
        upper, lower = axes[0][column], axes[1][column]
        left, width = [each["low"] for each in bins], 1 / BINS
        upper.bar(left, [each["accuracy"] for each in bins], width, align="edge", ec="white")
        upper.plot([0, 1], [0, 1], "--", color="black", linewidth=1, label="score = share right")
        points = [each["confidence"] for each in bins], [each["accuracy"] for each in bins]
        upper.plot(*points, "o", color="tab:orange", label="mean score of the bin")
        error = expected_calibration_error(bins)
        upper.set_title(name if error is None else f"{name}: ECE {error:.3f}", fontsize=10)
        upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="share of answers that are right")
        upper.legend(fontsize=8, loc="upper left")
        lower.bar(left, [each["n"] for each in bins], width, align="edge", ec="white")
        lower.set(xlabel="score of the first candidate", ylabel="answers")
    figure.savefig(path, dpi=110)

"""README's figures, from the summaries that the evaluations wrote.

``python -m zsris_ros.evaluation.tables README.md docs/results`` replaces what stands between
``<!-- results -->`` and ``<!-- /results -->``. A test keeps README in step with the files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

START, END = "<!-- results -->", "<!-- /results -->"


def results_table(results: Path) -> str:
    """Markdown for the summaries ``results``/{tabletop,osd,demo}/*.json that are there."""
    blocks = []
    tabletop = _read(results / "tabletop" / "summary.json")
    if tabletop:
        blocks.append("\n".join(_tabletop(tabletop)))
    osd = _read(results / "osd" / "summary.json")
    if osd:
        blocks.append("\n".join(_osd(osd)))
    demo = _read(results / "demo" / "answers.json")
    if demo:
        blocks.append("\n".join(_demo(demo)))
    return "\n\n".join(blocks)


def with_results(readme: str, table: str) -> str:
    """``readme`` with ``table`` between the marks. Raises ValueError without the marks."""
    head, _, rest = readme.partition(START)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise ValueError(f"README needs the marks {START} and {END} around its results")
    return f"{head}{START}\n{table}\n{END}{tail}"


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
    yield (
        f"**`make demo`**, {count} expressions through the service on 2 CPU cores: mean IoU "
        f"{sum(a['iou'] for a in answers) / count:.3f}, largest error of a grasp point "
        f"{max(errors):.1f} mm, first answer about a frame {_mean(first):.0f} ms, every further "
        f"one {_mean(again):.0f} ms."
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def main() -> None:
    readme, results = Path(sys.argv[1]), Path(sys.argv[2])
    text = with_results(readme.read_text(encoding="utf-8"), results_table(results))
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""The table of docs/node.md about equal objects, from the summary of ``zsris eval track``.

``python -m zsris_ros.evaluation.tracking.track_tables docs/node.md
docs/results/tracking/summary.json`` replaces the text between ``<!-- results -->`` and
``<!-- /results -->``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.reports.markdown import markdown_table, update_page
from zsris_ros.evaluation.tracking.track_evaluation import (
    ELSEWHERE,
    LOST,
    MISSED,
    RIGHT,
    TWIN_FOLLOWED,
)


def track_table(summary: Mapping[str, Any]) -> str:
    """Return Markdown for ``summary.json``."""
    return "\n".join(_lines(summary))


def _lines(summary: Mapping[str, Any]) -> Iterator[str]:
    settings = summary["settings"]
    first, last = settings["seeds"]
    yield (
        f"`zsris eval track`: seeds {first}-{last}, films of {settings['frames']} frames, weights "
        f"`{settings['weights']}`. Outcome: the state in the last frame. Frames: the share with "
        "TRACKING on another object than the target."
    )
    yield ""
    head = ("the object", "n", "on the object", "LOST", "on the twin", "elsewhere", "wrong frames")
    yield from markdown_table(
        head, (_row(name, figures) for name, figures in summary["films"].items())
    )


def _row(name: str, figures: Mapping[str, Any]) -> tuple[object, ...]:
    ends, frames = figures["outcomes"], figures["frames"]
    wrong = frames.get(TWIN_FOLLOWED, 0.0) + frames.get(ELSEWHERE, 0.0)
    lost = ends.get(LOST, 0) + ends.get(MISSED, 0)
    counts = (ends.get(RIGHT, 0), lost, ends.get(TWIN_FOLLOWED, 0), ends.get(ELSEWHERE, 0))
    return (name, figures["n"], *counts, f"{wrong:.1%}")


def main() -> None:
    """Write the table of a summary (second argument) into a page (first argument)."""
    page, summary = map(Path, sys.argv[1:3])
    update_page(page, track_table(json.loads(summary.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()

"""The table of docs/instructions.md, from the summary of ``zsris eval place``.

``python -m zsris_ros.evaluation.placing.place_tables docs/instructions.md
docs/results/placing/summary.json`` replaces the text between ``<!-- results -->`` and
``<!-- /results -->``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.reports.markdown import markdown_table
from zsris_ros.evaluation.reports.result_tables import with_results


def place_table(summary: Mapping[str, Any]) -> str:
    """Return Markdown for ``summary.json``."""
    return "\n".join(_lines(summary))


def _lines(summary: Mapping[str, Any]) -> Iterator[str]:
    settings = summary["settings"]
    first, last = settings["seeds"]
    yield (
        f"`zsris eval place`: seeds {first}-{last}, {settings['count']} objects in a scene, "
        f"{settings['masks']} masks, depth noise {settings['depth_noise'] * 1000:g} mm at 1 m."
    )
    yield ""
    head = ("destination", "n", "place point", "on the named place", "free of collision")
    rows = {**summary["by_kind"], "**all**": summary}
    yield from markdown_table(head, (_row(name, row) for name, row in rows.items()))
    yield ""
    causes = ", ".join(f"{cause} ({count})" for cause, count in summary["causes"].items())
    yield f"Failures: {causes or 'none'}."


def _row(name: str, row: Mapping[str, Any]) -> tuple[object, ...]:
    shares = (row[key] for key in ("offered", "valid", "collision_free"))
    return (name.replace("_", " "), row["n"], *(f"{share:.1%}" for share in shares))


def main() -> None:
    """Write the table of a summary (second argument) into a page (first argument)."""
    page, summary = map(Path, sys.argv[1:3])
    table = place_table(json.loads(summary.read_text(encoding="utf-8")))
    page.write_text(with_results(page.read_text(encoding="utf-8"), table), encoding="utf-8")


if __name__ == "__main__":
    main()

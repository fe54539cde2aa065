"""The tables of docs/instructions.md, from summaries of ``zsris eval place``.

``python -m zsris_ros.evaluation.placing.place_tables docs/instructions.md
docs/results/placing/summary.json docs/results/placing/household.json`` replaces the text between
``<!-- results -->`` and ``<!-- /results -->``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.reports.markdown import markdown_table, update_page


def place_table(summary: Mapping[str, Any]) -> str:
    """Return Markdown for ``summary.json``."""
    return "\n".join(_lines(summary))


def _lines(summary: Mapping[str, Any]) -> Iterator[str]:
    settings = summary["settings"]
    first, last = settings["seeds"]
    tabletop = settings.get("objects", ["tabletop"]) == ["tabletop"]
    yield (
        f"`zsris eval place`, {'tabletop shapes' if tabletop else 'household scenes of scans'}: "
        f"seeds {first}-{last}, {settings['count']} objects in a scene, "
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
    """Write the tables of summaries (further arguments) into a page (first argument)."""
    page, *summaries = map(Path, sys.argv[1:])
    known = [json.loads(each.read_text(encoding="utf-8")) for each in summaries if each.exists()]
    update_page(page, "\n\n".join(map(place_table, known)))


if __name__ == "__main__":
    main()

"""docs/reliability.md from the results: ``make reliability``.

Each ``docs/results/reliability/*.json`` holds ``rows``: a list of ``what``, ``tried``, ``result``
and the ``command`` that measures it again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results" / "reliability"
PAGE = ROOT / "docs" / "reliability.md"
ORDER = ("inputs", "load", "faults", "soak", "weights", "access", "coverage", "planted_bugs")
"""Results by the name of their file; others follow."""

HEAD = """# What was tried on the node, and what came of it

<!-- Written by `make reliability`; do not edit. -->

Everything about the node runs on real processes over DDS. The command beside a row measures it
again; the figures lie in `docs/results/reliability/`, the soak's with a
[plot](results/reliability/soak.png) and that of a [shorter one](results/reliability/soak_42.png).
Its second half is judged, because in the first the C library's pools of freed memory still fill;
that was settled after the hour and before the shorter run. A fault is survived when the next good
call is answered, or the node ends as it was told to.

A client that leaves while it waits costs nothing. One that vanishes in the very moment of its
call can cost 0.1 s once: ROS's Fast DDS layer waits that long for it when it has the answer, and
every callback of the node with it (in runs of 120 s with 56 such clients, parameters took up to
110, 110 and 259 ms, and without them 20). A node cannot prevent that through rclpy.

| what | tried | result | measured by |
|---|---|---|---|
"""


def page(results: Path) -> str:
    """The page about the results in a folder."""

    def place(path: Path) -> tuple[int, str]:
        return (ORDER.index(path.stem) if path.stem in ORDER else len(ORDER)), path.stem

    lines = []
    for path in sorted(results.glob("*.json"), key=place):
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            cells = row["what"], row["tried"], row["result"], f"`{row['command']}`"
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n")
    return HEAD + "".join(lines)


def main() -> int:
    """Exit code 0."""
    PAGE.write_text(page(RESULTS), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

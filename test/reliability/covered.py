"""Line coverage outside and inside ``ros/``, printed by ``make test``.

``make coverage`` also writes the row of docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {"outside ros/": 90, "inside ros/": 80}
"""Least percentage of lines."""


def lines_run() -> dict[str, tuple[int, int]]:
    """Return covered lines and all lines of both parts."""
    coverage = Coverage(data_file=ROOT / ".coverage", config_file=ROOT / "pyproject.toml")
    coverage.load()
    found = dict.fromkeys(FLOORS, (0, 0))
    for path in sorted((ROOT / "zsris_ros").rglob("*.py")):
        _, statements, _, missing, _ = coverage.analysis2(str(path))
        inside = path.is_relative_to(ROOT / "zsris_ros" / "ros")
        part = "inside ros/" if inside else "outside ros/"
        run, there = found[part]
        found[part] = run + len(statements) - len(missing), there + len(statements)
    return found


def row(found: dict[str, tuple[int, int]]) -> dict[str, str]:
    """Return the row of docs/reliability.md."""
    there = ", ".join(f"{count:,} {part}" for part, (_, count) in found.items())
    shares = ", ".join(f"{percent(*each):.0f} % {part}" for part, each in found.items())
    return {
        "what": "coverage",
        "tried": f"all tests, lines of code: {there}",
        "result": f"lines run: {shares}",
        "command": "make coverage",
    }


def percent(run: int, there: int) -> float:
    """Return the percentage of covered lines."""
    return 100 * run / max(1, there)


def main() -> int:
    """Print the coverage; return 0 if no part is below its floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    found = lines_run()
    for part, each in found.items():
        print(f"{percent(*each):.1f} % of lines {part} run (at least {FLOORS[part]} %)")
    if chosen.out is not None:
        text = json.dumps({"rows": [row(found)]}, indent=1) + "\n"
        chosen.out.write_text(text, encoding="utf-8")
    return 0 if all(percent(*each) >= FLOORS[part] for part, each in found.items()) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Runs the tests with the marks ``fault``, ``weights`` and ``access`` and writes their outcomes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


RESULTS = {
    "fault": ("faults", "survived"),
    "weights": ("weights", "holds"),
    "access": ("access", "holds"),
}
"""File name and word for a success by mark."""

Outcomes = dict[str, list[dict[str, str]]]


def outcomes(cases: Iterable[ElementTree.Element], mark: str) -> Outcomes:
    """Return the tests of a JUnit report with their outcomes, by the text of the mark."""
    found: Outcomes = defaultdict(list)
    for case in cases:
        bad = {"failure": "failed", "error": "failed", "skipped": "skipped"}
        outcome = next((bad[part.tag] for part in case if part.tag in bad), "passed")
        for kept in case.iter("property"):
            if kept.get("name") == mark:
                test = {"test": case.get("name", ""), "outcome": outcome}
                found[kept.get("value", "")].append(test)
    return dict(sorted(found.items()))


def rows(found: Outcomes, mark: str, passed: str) -> list[dict[str, str]]:
    """Return one row per text of the mark."""
    words = {"passed": passed, "skipped": "SKIPPED", "failed": "FAILED"}
    made = []
    for shown, tests in found.items():
        kinds = {each["outcome"] for each in tests}
        worst = next(kind for kind in ("failed", "skipped", "passed") if kind in kinds)
        tried = f"{shown} ({len(tests)} {'test' if len(tests) == 1 else 'tests'})"
        made.append(
            {"what": mark, "tried": tried, "result": words[worst], "command": "make reliability"}
        )
    return made


def main() -> int:
    """Run the tests and return the exit code of pytest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/results/reliability"))
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        # Only xunit1 has properties of tests.
        chosen = ["-m", " or ".join(RESULTS), f"--junitxml={report}", "-o", "junit_family=xunit1"]
        code = subprocess.run([sys.executable, "-m", "pytest", *chosen], cwd=ROOT).returncode
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    out.mkdir(parents=True, exist_ok=True)
    for mark, (name, passed) in RESULTS.items():
        found = outcomes(cases, mark)
        document = {"rows": rows(found, mark, passed), "tests": found}
        text = json.dumps(document, indent=1) + "\n"
        (out / f"{name}.json").write_text(text, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())

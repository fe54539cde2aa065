"""Runs the tests that are marked as faults and writes which of them the node survives."""

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


def outcomes(cases: Iterable[ElementTree.Element]) -> dict[str, list[dict[str, str]]]:
    """By fault: the tests of it among a JUnit report's cases, each passed, skipped or failed."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for case in cases:
        bad = {"failure": "failed", "error": "failed", "skipped": "skipped"}
        outcome = next((bad[part.tag] for part in case if part.tag in bad), "passed")
        for kept in case.iter("property"):
            if kept.get("name") == "fault":
                test = {"test": case.get("name", ""), "outcome": outcome}
                found[kept.get("value", "")].append(test)
    return dict(sorted(found.items()))


def rows(found: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    """One for each fault."""
    words = {"passed": "survived", "skipped": "SKIPPED", "failed": "FAILED"}
    made = []
    for fault, tests in found.items():
        kinds = {each["outcome"] for each in tests}
        worst = next(kind for kind in ("failed", "skipped", "passed") if kind in kinds)
        tried = f"{fault} ({len(tests)} {'test' if len(tests) == 1 else 'tests'})"
        made.append(
            {"what": "fault", "tried": tried, "result": words[worst], "command": "make reliability"}
        )
    return made


def main() -> int:
    """The exit code of pytest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/results/reliability/faults.json"))
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        # Properties of a test are of the first version of JUnit's reports.
        wanted = ["-m", "fault", "test/ros", f"--junitxml={report}", "-o", "junit_family=xunit1"]
        code = subprocess.run([sys.executable, "-m", "pytest", *wanted], cwd=ROOT).returncode
        found = outcomes(ElementTree.parse(report).getroot().iter("testcase"))
    out.parent.mkdir(parents=True, exist_ok=True)
    document = {"rows": rows(found), "faults": found}
    out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())

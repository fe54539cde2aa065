"""The tables of docs/grasping.md, from the summaries of ``zsris eval grasp``.

``python -m zsris_ros.evaluation.grasping.grasp_tables docs/grasping.md docs/results/grasping``
replaces the text between ``<!-- results -->`` and ``<!-- /results -->``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsris_ros.types import InputError

NAMES = {
    "planner": "`plan_grasps`",
    "centroid": "centroid from above, PCA axis",
    "antipodal": "random antipodal pair from above",
}
_START, _END = "<!-- results -->", "<!-- /results -->"


def grasp_tables(folder: Path) -> str:
    """Return Markdown for ``summary.json``: {title: summary} of one or several runs."""
    runs: Mapping[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return "\n\n".join("\n".join(_run(title, summary)) for title, summary in runs.items())


def _run(title: str, summary: Mapping[str, Any]) -> Iterator[str]:
    settings = summary["settings"]
    first, last = settings["seeds"]
    yield (
        f"**{title}**: gripper `{settings['gripper']}`, seeds {first}-{last}, "
        f"{settings['masks']} masks, depth noise {settings['depth_noise'] * 1000:g} mm at 1 m."
    )
    yield ""
    yield "| | n | lifted | 95 % interval | grasp offered | collided | wrong object |"
    yield "|---|---|---|---|---|---|---|"
    planners = {name: summary[name] for name in NAMES if name in summary}
    for name, row in planners.items():
        low, high = row["interval"]
        yield (
            f"| {NAMES[name]} | {row['n']} | {row['success']:.1%} | {low:.1%}-{high:.1%} "
            f"| {row['planned']:.1%} | {row['collided']:.1%} | {row['wrong_object']:.1%} |"
        )
    ours = summary["planner"]
    causes = ", ".join(f"{cause} ({count})" for cause, count in ours["causes"].items())
    kinds = ", ".join(
        f"{kind} {row['success']:.0%} of {row['n']}" for kind, row in ours["by_kind"].items()
    )
    times = summary["planning_ms"]
    yield ""
    yield f"`plan_grasps` by kind: {kinds}. Failures: {causes or 'none'}."
    yield f"Planning: median {times['median']:.0f} ms, 95 % below {times['p95']:.0f} ms."


def joined(folders: Mapping[str, Path]) -> dict[str, Any]:
    """The summaries of several runs by title."""
    return {
        title: json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        for title, folder in folders.items()
    }


def with_tables(page: str, tables: str) -> str:
    """Return the page with its tables replaced. Raises InputError without the two marks."""
    before, start, rest = page.partition(_START)
    _, end, after = rest.partition(_END)
    if not start or not end:
        raise InputError(f"the page lacks the marks {_START} and {_END}")
    return f"{before}{_START}\n{tables}\n{_END}{after}"


def main() -> None:
    """Join TITLE=FOLDER arguments into the summary, if any; then write the page's tables."""
    page, results, *runs = sys.argv[1:]
    if runs:
        folders = {title: Path(path) for title, _, path in (run.partition("=") for run in runs)}
        text = json.dumps(joined(folders), indent=1) + "\n"
        (Path(results) / "summary.json").write_text(text, encoding="utf-8")
    path = Path(page)
    text = with_tables(path.read_text(encoding="utf-8"), grasp_tables(Path(results)))
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

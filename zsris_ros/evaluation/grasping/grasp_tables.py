"""The tables of docs/grasping.md, from the summaries of ``zsris eval grasp``.

``python -m zsris_ros.evaluation.grasping.grasp_tables docs/grasping.md docs/results/grasping``
replaces the text between ``<!-- results -->`` and ``<!-- /results -->``. TITLE=FOLDER arguments add
runs or replace those with the same title.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.reports.markdown import markdown_table, update_page

NAMES = {
    "planner": "`plan_grasps`",
    "centroid": "centroid from above",
    "antipodal": "random grasp",
}


def grasp_tables(folder: Path) -> str:
    """Return Markdown for ``summary.json``: {title: summary} of one or several runs."""
    runs: Mapping[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return "\n\n".join("\n".join(_run(title, summary)) for title, summary in runs.items())


def _run(title: str, summary: Mapping[str, Any]) -> Iterator[str]:
    settings = summary["settings"]
    first, last = settings["seeds"]
    asked = f", asked for by {settings['asked']}" if "asked" in settings else ""
    yield (
        f"**{title}**: gripper `{settings['gripper']}`, seeds {first}-{last}, "
        f"{settings['masks']} masks{asked}, depth noise {settings['depth_noise'] * 1000:g} mm "
        "at 1 m."
    )
    yield ""
    head = ("", "n", "lifted", "95 % interval", "grasp offered", "collided", "wrong object")
    yield from markdown_table(head, (_row(n, summary[n]) for n in NAMES if n in summary))
    ours = summary["planner"]
    causes = ", ".join(f"{cause} ({count})" for cause, count in ours["causes"].items())
    kinds = ", ".join(
        f"{kind} {row['success']:.0%} of {row['n']}" for kind, row in ours["by_kind"].items()
    )
    times = summary["planning_ms"]
    yield ""
    yield f"`plan_grasps` by kind: {kinds}. Failures: {causes or 'none'}."
    yield (
        f"Planning: median {times['median']:.0f} ms, 95 % below {times['p95']:.0f} ms of processor "
        "time."
    )


def _row(name: str, row: Mapping[str, Any]) -> tuple[object, ...]:
    low, high = row["interval"]
    shares = (row[key] for key in ("planned", "collided", "wrong_object"))
    lifted = (f"{row['success']:.1%}", f"{low:.1%}-{high:.1%}")
    return (NAMES[name], row["n"], *lifted, *(f"{share:.1%}" for share in shares))


def joined(results: Path, folders: Mapping[str, Path]) -> dict[str, Any]:
    """Return the summaries in ``results`` by title, with those of further runs."""
    known = results / "summary.json"
    earlier = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
    return earlier | {
        title: json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        for title, folder in folders.items()
    }


def main() -> None:
    """Join TITLE=FOLDER arguments into the summary, if any; then write the page's tables."""
    page, results, *runs = sys.argv[1:]
    if runs:
        folders = {title: Path(path) for title, _, path in (run.partition("=") for run in runs)}
        text = json.dumps(joined(Path(results), folders), indent=1) + "\n"
        (Path(results) / "summary.json").write_text(text, encoding="utf-8")
    update_page(Path(page), grasp_tables(Path(results)))


if __name__ == "__main__":
    main()

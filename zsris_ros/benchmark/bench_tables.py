"""Writes the tables of docs/bench.md, and its chart, from the measurements.

``python -m zsris_ros.benchmark.bench_tables docs/bench.md bench`` replaces the text between the
marks ``bench``, ``FP32`` and those of ``PARTS``, and draws bench/stages.png. A test compares the
tables with the files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.benchmark.charts import draw_stages
from zsris_ros.benchmark.experiments import background_agreement, compilation, gpu_memory
from zsris_ros.benchmark.measuring import STAGES
from zsris_ros.benchmark.plans import PLANS
from zsris_ros.evaluation.reports.markdown import markdown_table, replace_between_marks

_WORTH_A_RATIO = 1.0  # milliseconds; no ratio is shown below

BASELINE, CURVES, ROS = "published", "curves.json", "ros.json"

Document = Mapping[str, Any]


def read_documents(folder: Path) -> list[Document]:
    """Read the measurements of plans in ``folder``."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return [document for document in found if "plan" in document]


def bench_table(folder: Path) -> str:
    """Return Markdown of the measurements in ``folder``, and of the curves if there are any."""
    documents = read_documents(folder)
    blocks = [_block(group) for group in groups(documents)]
    curves = folder / CURVES
    if curves.exists():
        blocks.append(_growth(json.loads(curves.read_text(encoding="utf-8"))["curves"]))
    ros = folder / ROS
    if ros.exists():
        blocks.append(_added_by_ros(json.loads(ros.read_text(encoding="utf-8"))))
    return "\n\n".join("\n".join(block) for block in blocks)


def groups(documents: Sequence[Document]) -> list[list[Document]]:
    """Return each published plan with this package's plans on the same inputs and device."""
    return [
        [
            baseline,
            *sorted(_beside(baseline, documents), key=lambda ours: PLANS.index(ours["plan"])),
        ]
        for baseline in documents
        if baseline["plan"] == BASELINE and any(_beside(baseline, documents))
    ]


def _beside(baseline: Document, documents: Sequence[Document]) -> Iterator[Document]:
    for ours in documents:
        alike = all(ours[key] == baseline[key] for key in ("size", "masks", "device", "image"))
        if alike and ours["plan"] != BASELINE:
            yield ours


def with_parts(page: str, folder: Path) -> str:
    """Return docs/bench.md with the tables of ``PARTS`` and of float32."""
    for name, table in PARTS.items():
        path = folder / f"{name}.json"
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
            page = replace_between_marks(page, name, table(found))
    if (folder / FP32).is_dir():
        page = replace_between_marks(page, FP32, bench_table(folder / FP32))
    return page


def _block(group: Sequence[Document]) -> Iterator[str]:
    """Yield one table; the bound is that of the first of this package's plans."""
    baseline, *ours = group
    width, height = baseline["image"]
    yield (
        f"**{_networks(baseline)}**, {width}x{height}, {baseline['masks']} masks, "
        f"{_machine(baseline)}, {', '.join(_chooses(baseline, each) for each in ours)}:"
    )
    yield ""
    plans = "".join(f" {each['plan']}, {each['precision']} | times faster |" for each in ours)
    yield f"| | published way |{plans} bound of the arithmetic |"
    yield "|---" * (3 + 2 * len(ours)) + "|"
    yield _row("**first answer**", [each["first_answer"] for each in group])
    for name in STAGES:
        rows = [each["stages"].get(name) for each in group]
        if name != "other" and any(rows):
            yield _row(name, rows)
    yield _row("**every further answer**", [each["further"] for each in group])
    memory = "".join(f" {each['peak_mb']:.0f} MiB | |" for each in ours)
    yield f"| peak memory | {baseline['peak_mb']:.0f} MiB |{memory} |"


def _chooses(baseline: Document, ours: Document) -> str:
    same = baseline["chosen"] == ours["chosen"]
    return f"`{ours['plan']}` chooses {'the same' if same else 'another'} mask"


def _row(name: str, figures: Sequence[Document | None]) -> str:
    baseline, *ours = figures
    cells = [name, _ms(baseline)]
    for each in ours:
        cells += [_ms(each), _times(baseline, each)]
    first = ours[0]
    bound = ""
    if first and first.get("bound_ms", 0) >= 0.01 * first["median_ms"]:
        share = first["share_of_matrix_rate"]
        bound = f"{_milliseconds(first['bound_ms'])} ({share:.0%} of the rate)"
    return f"| {' | '.join([*cells, bound])} |"


def _networks(document: Document) -> str:
    if document["size"] == "tabletop":
        return "The bundled tabletop weights"
    weights = ", random weights" if document["weights"] == "random" else ""
    return f"SAM {document['size']} and CLIP ViT-B/16{weights}"


def _machine(document: Document) -> str:
    machine = document["machine"]
    if document["device"].startswith("cuda"):
        return str(machine["gpu"])
    cores = machine["threads"]
    return (
        f"{cores} CPU core{'s' if cores > 1 else ''} ({machine['cpu']}, {machine['instructions']})"
    )


def _growth(curves: Sequence[Document]) -> Iterator[str]:
    yield (
        "How the time grows (bundled weights; an exponent of 1 is linear, below 1 there is a fixed "
        "part):"
    )
    yield ""
    rows = []
    for curve in curves:
        ends = (f"{curve['values'][i]} in {_milliseconds(curve['ms'][i])}" for i in (0, -1))
        growth = (f"{curve['ms_per_unit']:.3g} ms each", f"{curve['exponent']:.2f}")
        rows.append((curve["plan"], curve["axis"], *ends, *growth))
    yield from markdown_table(("plan", "with", "from", "to", "slope", "exponent"), rows)


def _added_by_ros(found: Document) -> Iterator[str]:
    new, further = found["new_frame"], found["same_frame"]
    publishing = found["publishing_mask_and_overlay"]
    yield (
        "The overhead of ROS (bundled weights, real processes, RGB-D of 640x480 at 30 Hz, "
        f"{found['frames']} frames, medians):"
    )
    yield ""
    rows = {
        "a call about a new frame, beyond its pipeline": _beyond(new),
        "a further one, beyond its pipeline": _beyond(further),
        **_echo(found),
        "making and publishing mask and overlay": _milliseconds(publishing["median_ms"])
        + (
            f", {_milliseconds(publishing['cpu_ms'])} of CPU time" if "cpu_ms" in publishing else ""
        ),
        "idle CPU load, camera at 30 Hz": f"{found['idle_share_of_a_core']:.1%} of a core",
    }
    if "after_idle_time" in found:
        waited = _milliseconds(found["after_idle_time"]["beyond_ms"])
        rows["the first request after idle time, beyond its pipeline"] = waited
    if "share_of_the_middleware" in found:
        received, alone = found["share_of_the_middleware"], found["share_without_a_camera"]
        rows["a process that subscribes and takes no message"] = f"{received:.1%} of a core"
        rows["the node without a camera"] = f"{alone:.1%} of a core"
    yield from markdown_table(("", ""), rows.items())


def _beyond(call: Document) -> str:
    """Return a call's time beyond its pipeline, and the part that passes in the node."""
    in_node = call["in_node_ms"] - call["pipeline_ms"]
    return f"{_milliseconds(call['beyond_ms'])}, {_milliseconds(in_node)} of it in the node"


def _echo(found: Document) -> dict[str, str]:
    """Return the row of a service without a node behind it; older files have none."""
    if "echo_of_the_same_response" not in found:
        return {}
    name = "an rclpy service that returns a stored response of the same size"
    return {name: _milliseconds(found["echo_of_the_same_response"]["median_ms"])}


def _many_requests(found: Document) -> str:
    """Return the table of memory over many expressions about one image."""
    held = found["held_mb"]
    rows = {
        f"after the first answer about {found['masks']} masks": held["after_first"],
        f"after {found['further']['repetitions']} further ones": held["after_last"],
        "the most after any of them": held["most"],
        "the most while they were made": found["peak_mb"],
    }
    head = f"{_networks(found)}, {found['plan']}, {found['precision']}, {_machine(found)}"
    return "\n".join(markdown_table((head, "MiB"), ((n, f"{mb:.0f}") for n, mb in rows.items())))


def _ms(figures: Document | None) -> str:
    return _milliseconds(figures["median_ms"]) if figures else ""


def _milliseconds(value: float) -> str:
    return f"{value / 1e3:.2f} s" if value >= 1000 else f"{value:.3g} ms"


def _times(baseline: Document | None, ours: Document | None) -> str:
    if not baseline or not ours or baseline["median_ms"] < _WORTH_A_RATIO:
        return ""
    ratio = baseline["median_ms"] / ours["median_ms"]
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"


PARTS: Mapping[str, Callable[[Document], str]] = {
    "halo": background_agreement.table,
    "compiled": compilation.table,
    "memory": gpu_memory.table,
    "requests": _many_requests,
    "requests_cuda": _many_requests,
}
"""Tables of docs/bench.md by mark, which is also the name of the file."""

FP32 = "fp32"
"""Mark and folder of the main table in float32, for older processors."""


def main() -> None:
    """Update the page and the chart."""
    page, folder = map(Path, sys.argv[1:3])
    text = replace_between_marks(page.read_text(encoding="utf-8"), "bench", bench_table(folder))
    page.write_text(with_parts(text, folder), encoding="utf-8")
    draw_stages(groups(read_documents(folder)), folder / "stages.png")


if __name__ == "__main__":
    main()

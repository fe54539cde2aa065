"""README's table and the charts, from what ``zsris bench`` wrote.

``python -m zsris_ros.bench.report README.md bench`` replaces what stands between ``<!-- bench -->``
and ``<!-- /bench -->``, and draws bench/stages.png and bench/curves.png. A test keeps the table in
step with the files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.bench.charts import draw_curves, draw_stages
from zsris_ros.bench.measuring import STAGES

START, END = "<!-- bench -->", "<!-- /bench -->"
BASELINE, CURVES = "published", "curves.json"

Document = Mapping[str, Any]


def read_documents(folder: Path) -> list[Document]:
    """The measurements in ``folder``, each of one plan."""
    paths = sorted(path for path in folder.glob("*.json") if path.name != CURVES)
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def bench_table(folder: Path) -> str:
    """Markdown of the measurements in ``folder``, and of the curves where there are any."""
    documents = read_documents(folder)
    blocks = [_block(pair) for pair in pairs(documents)]
    curves = folder / CURVES
    if curves.exists():
        blocks.append(_growth(json.loads(curves.read_text(encoding="utf-8"))["curves"]))
    return "\n\n".join("\n".join(block) for block in blocks)


def pairs(documents: Sequence[Document]) -> list[tuple[Document, Document]]:
    """The published plan and each of this package's, measured alike on one device."""
    return [
        (baseline, ours)
        for baseline in documents
        for ours in documents
        if baseline["plan"] == BASELINE
        and ours["plan"] != BASELINE
        and all(ours[key] == baseline[key] for key in ("size", "masks", "device", "image"))
    ]


def with_table(readme: str, table: str) -> str:
    """``readme`` with ``table`` between the marks. Raises ValueError without the marks."""
    head, _, rest = readme.partition(START)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise ValueError(f"README needs the marks {START} and {END} around the benchmark's table")
    return f"{head}{START}\n{table}\n{END}{tail}"


def _block(pair: tuple[Document, Document]) -> Iterator[str]:
    baseline, ours = pair
    width, height = ours["image"]
    same = baseline["chosen"] == ours["chosen"]
    yield (
        f"**{_networks(ours)}**, {width}x{height}, {ours['masks']} masks, {_machine(ours)}; plan "
        f"`{ours['plan']}` in {ours['precision']}, which chooses "
        f"{'the same mask as' if same else 'another mask than'} the published way:"
    )
    yield ""
    yield "| | published way | this package | times faster | bound of the arithmetic |"
    yield "|---|---|---|---|---|"
    yield _row("**first answer**", baseline["first_answer"], ours["first_answer"])
    for name in STAGES:
        if name != "other" and name in ours["stages"]:
            yield _row(name, baseline["stages"].get(name), ours["stages"][name])
    yield _row("**every further answer**", baseline["further"], ours["further"])
    yield f"| peak memory | {baseline['peak_mb']:.0f} MiB | {ours['peak_mb']:.0f} MiB | | |"


def _row(name: str, baseline: Document | None, ours: Document) -> str:
    before = "" if not baseline else _ms(baseline["median_ms"])
    times = "" if not baseline else _times(baseline["median_ms"] / ours["median_ms"])
    bound = (
        f"{_ms(ours['bound_ms'])} ({ours['share_of_matrix_rate']:.0%})" if _is_bound(ours) else ""
    )
    return f"| {name} | {before} | {_ms(ours['median_ms'])} | {times} | {bound} |"


def _is_bound(row: Document) -> bool:
    """Whether arithmetic is a part of it that can be seen."""
    return row.get("bound_ms", 0) >= 0.01 * row["median_ms"]


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
    yield "| plan | with | from | to | slope | exponent |"
    yield "|---|---|---|---|---|---|"
    for curve in curves:
        first, last = (f"{curve['values'][i]} in {_ms(curve['ms'][i])}" for i in (0, -1))
        yield (
            f"| {curve['plan']} | {curve['axis']} | {first} | {last} | "
            f"{curve['ms_per_unit']:.3g} ms each | {curve['exponent']:.2f} |"
        )


def _ms(value: float) -> str:
    return f"{value / 1e3:.2f} s" if value >= 1000 else f"{value:.3g} ms"


def _times(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"


def main() -> None:
    readme, folder = Path(sys.argv[1]), Path(sys.argv[2])
    text = with_table(readme.read_text(encoding="utf-8"), bench_table(folder))
    readme.write_text(text, encoding="utf-8")
    draw_stages(pairs(read_documents(folder)), folder / "stages.png")
    curves = folder / CURVES
    if curves.exists():
        draw_curves(json.loads(curves.read_text(encoding="utf-8"))["curves"], folder / "curves.png")


if __name__ == "__main__":
    main()

"""Charts of the measurements, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.benchmark.measuring import STAGES

Document = Mapping[str, Any]

COLOURS = dict(
    zip(
        STAGES,
        ("#9aa5b1", "#1f4e79", "#3b8bc2", "#e0a458", "#c8553d", "#7a4b94",
         "#b7c4cf", "#4f9d69", "#8bbf9f", "#d9d9d9", "#eeeeee"),
        strict=True,
    )
)  # fmt: skip


def draw_stages(groups: Sequence[Sequence[Document]], path: Path) -> None:
    """Draw a first answer by stages, the published pipeline above this package's plans."""
    figure, panels = _figure(len(groups), 1, (9, 0.9 + sum(0.7 + 0.5 * len(g) for g in groups)))
    for panel, group in zip(panels, groups, strict=True):
        for place, document in enumerate(group):
            left = 0.0
            for name in STAGES:
                seconds = document["stages"].get(name, {"median_ms": 0})["median_ms"] / 1e3
                panel.barh(place, seconds, left=left, color=COLOURS[name], label=name)
                left += seconds
            whole = document["first_answer_ms"] / 1e3  # the median, not the sum of medians
            panel.text(left, place, f" {whole:.3g} s", va="center")
        first = group[0]
        panel.set_yticks(range(len(group)), [document["plan"] for document in group])
        panel.invert_yaxis()
        panel.margins(x=0.12)
        panel.set_title(f"{first['size']}, {first['masks']} masks, {first['device']}", loc="left")
        panel.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("seconds of a first answer")
    named = dict(zip(*reversed(panels[0].get_legend_handles_labels()), strict=True))
    figure.legend(named.values(), named.keys(), ncols=6, loc="outside lower center", fontsize=8)
    _save(figure, path)


def draw_curves(curves: Sequence[Document], path: Path) -> None:
    """Draw milliseconds over each varied quantity, one panel each."""
    axes = list(dict.fromkeys(curve["axis"] for curve in curves))
    figure, panels = _figure(1, len(axes), (4 * len(axes), 3.4))
    for panel, axis in zip(panels, axes, strict=True):
        for curve in curves:
            if curve["axis"] == axis:
                said = f"{curve['plan']}: exponent {curve['exponent']:.2f}"
                panel.plot(curve["values"], curve["ms"], marker="o", label=said)
                panel.set_title(curve["asks"], fontsize=9)
        panel.set(xlabel=axis, ylabel="ms", xlim=(0, None), ylim=(0, None))
        panel.grid(True, alpha=0.3)
        panel.legend(fontsize=8, loc="lower right")
    _save(figure, path)


def _figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def _save(figure: Any, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure).print_png(path)

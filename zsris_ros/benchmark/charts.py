"""The chart of a first answer by stages, drawn with matplotlib."""

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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = 0.9 + sum(0.7 + 0.5 * len(group) for group in groups)
    figure = Figure(figsize=(9, height), layout="constrained")
    panels = list(figure.subplots(len(groups), 1, squeeze=False).flat)
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
    FigureCanvasAgg(figure).print_png(path)

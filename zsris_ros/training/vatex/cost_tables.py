"""Counts the costs of docs/vatex.md, and writes its table.

``python -m zsris_ros.training.vatex.cost_tables PAGE cost.json --count`` counts first; without
``--count`` it writes the table of the counted file.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import torch

from zsris_ros.baselines.vatex.network import Texts, Vatex, resize_and_pad
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.evaluation.reports.markdown import markdown_table, replace_between_marks
from zsris_ros.training.vatex.cost_count import WORDS, count_cost

VIT_B_16 = (512, 197)
"""Width of the words, and tokens of an image, of CLIP ViT-B/16."""

TABLETOP = (128, 50)
"""The same of the tabletop's CLIP."""

ROWS: Mapping[str, tuple[VatexSettings, int, int, tuple[int, int]]] = {
    "paper, swin_base": (VatexSettings(), 480, 640, VIT_B_16),
    "paper, resnet101": (replace(VatexSettings(), backbone="resnet101"), 480, 640, VIT_B_16),
    "small": (VatexSettings.small(), 256, 320, TABLETOP),
}
"""The counted networks: settings, padded height and width of a 640x480 image, and CLIP's sizes."""

REPETITIONS = 5
BATCH, STEPS = 8, 100_000
SUSTAINED = 1e14
"""Operations a second of a GPU, an assumption."""

BYTES_A_PARAMETER = 16
"""Float32 weights, gradients and AdamW's two moments."""


def count_all() -> dict[str, Any]:
    """Return the costs of all rows, and the CPU time of an answer of the small network."""
    networks = {
        name: count_cost(settings, height, width, *clip)
        for name, (settings, height, width, clip) in ROWS.items()
    }
    return {"networks": networks, "answer": time_answer(), "machine": platform.machine()}


def time_answer() -> dict[str, float]:
    """Return CPU seconds of ``look`` and ``segment`` on a 640x480 image: the least of several.

    The small network has random weights and one thread; CLIP is not included.
    """
    torch.set_num_threads(1)
    network = Vatex(VatexSettings.small(), *TABLETOP).eval()
    texts = Texts(
        torch.randn(1, WORDS, TABLETOP[0]),
        torch.ones(1, WORDS).bool(),
        torch.randn(1, TABLETOP[1]),
        torch.zeros(1, WORDS, dtype=torch.long),
        torch.zeros(1, TABLETOP[1], 0),
    )
    times = []
    with torch.no_grad():
        for _ in range(REPETITIONS):
            start = process_time()
            levels = network.look(*resize_and_pad(torch.rand(3, 480, 640), 240))
            middle = process_time()
            network.segment(levels, texts)
            times.append((middle - start, process_time() - middle))
    look, segment = (round(min(each), 3) for each in zip(*times, strict=True))
    return {"look_cpu_s": look, "segment_cpu_s": segment}


def cost_table(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the table."""
    rows = [
        (
            name,
            f"{row['parameters'] / 1e6:.1f} M",
            f"{row['backbone_parameters'] / 1e6:.1f} M",
            f"{row['look_gmac']:.1f}",
            f"{row['segment_gmac']:.1f}",
            f"{row['saved_mb'] / 1e3:.2f} GB",
        )
        for name, row in results["networks"].items()
    ]
    head = ("network", "parameters", "of the backbone", "GMAC of `look`", "of `refer`")
    yield from markdown_table((*head, "activations of an image with a triplet"), rows)
    row = results["networks"]["paper, swin_base"]
    # Two operations a MAC, and a backward pass costs two forward passes.
    step = 6e9 * BATCH * (row["look_gmac"] + 3 * row["segment_gmac"])
    memory = BATCH * row["saved_mb"] * 1e6 + BYTES_A_PARAMETER * row["parameters"]
    yield ""
    yield (
        f"So a training step of {BATCH} images of the paper's network with Swin-B is "
        f"{step / 1e12:.1f} TFLOP. {STEPS:,} steps take {STEPS * step / SUSTAINED / 3600:.1f} h at "
        f"{SUSTAINED / 1e12:.0f} TFLOP/s, an assumption about the GPU; in float32 they need "
        f"{memory / 1e9:.0f} GB."
    )
    answer = results["answer"]
    yield ""
    yield (
        f"CPU time of the small network for an image of 640x480, one thread: `look` "
        f"{answer['look_cpu_s']:.2f} s, `refer` {answer['segment_cpu_s']:.2f} s."
    )


def main() -> None:
    """Update the page (first argument) from the file (second), which ``--count`` writes anew."""
    page, path = map(Path, sys.argv[1:3])
    if "--count" in sys.argv:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(count_all(), indent=1) + "\n", encoding="utf-8")
    table = "\n".join(cost_table(json.loads(path.read_text(encoding="utf-8"))))
    text = replace_between_marks(page.read_text(encoding="utf-8"), "cost", table)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

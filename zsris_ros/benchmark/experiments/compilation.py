"""Measures the benefit of ``torch.compile`` for mask features, and its cost at the start.

``python -m zsris_ros.benchmark.experiments.compilation bench/compiled.json`` needs a C++ compiler,
as would a robot. On a GPU the mode "reduce-overhead", which replays CUDA graphs, is measured too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from zsris_ros.benchmark import machine
from zsris_ros.benchmark.inputs import paint_scene
from zsris_ros.benchmark.networks import Networks, load_networks, row_label, row_title
from zsris_ros.camera.conversions import to_frame
from zsris_ros.evaluation.reports.markdown import markdown_table
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import ViewMaker, Views

SIZES = ("tabletop", "vit_b")
_COUNTS = (16, 9)  # masks: a full batch, and another number
_REPETITIONS = 5


def measure(networks: Networks, name: str, mode: str) -> dict[str, Any]:
    """Return milliseconds of a batch, plain and compiled, and seconds of each first result."""
    clip = networks.clip
    image = paint_scene(max(_COUNTS))
    rgb = to_frame(image.message).rgb
    settings = replace(networks.preset.hybrid, halo=None)
    make = ViewMaker(rgb, image.masks, settings, clip.image_size, clip.grid, networks.device)
    forward = HybridEncoder(clip, settings).hybrid_forward
    compiled = torch.compile(forward, mode=None if mode == "default" else mode)
    batch, rest = (make(range(count)) for count in _COUNTS)
    with torch.no_grad():
        _seconds(forward, batch)
        first, other = _seconds(compiled, batch), _seconds(compiled, rest)
        times = [(_seconds(forward, batch), _seconds(compiled, batch)) for _ in range(_REPETITIONS)]
        cosine = torch.cosine_similarity(forward(*batch), compiled(*batch), dim=-1).min()
    plain, faster = (median(each) for each in zip(*times, strict=True))
    return {
        "weights": row_label(name, networks),
        "mode": mode,
        "device": str(networks.device),
        "precision": networks.precision,
        "masks": len(batch.grids),
        "plain_ms": round(1e3 * plain, 2),
        "compiled_ms": round(1e3 * faster, 2),
        "first_batch_s": round(first, 1),
        "other_count_s": round(other, 1),
        "cosine_least": round(float(cosine), 6),
    }


def _seconds(forward: Callable[..., Tensor], views: Views) -> float:
    start = perf_counter()
    forward(*views).cpu()
    return perf_counter() - start


def table(document: Mapping[str, Any]) -> str:
    """Return Markdown of the rows."""
    head = ("weights", "a batch", "plain", "compiled", "first batch", "another number of masks")
    rows = (
        (
            row_title(row["weights"]),
            f"{row['masks']} masks, {row['device']}, {row['precision']}",
            f"{row['plain_ms']:.0f} ms",
            f"{row['compiled_ms']:.0f} ms ({row['compiled_ms'] / row['plain_ms'] - 1:+.0%})",
            f"{row['first_batch_s']:.0f} s",
            f"{row['other_count_s']:.0f} s more",
        )
        for row in document["rows"]
    )
    return "\n".join(markdown_table(head, rows))


def main() -> None:
    """Measure, write the file of the first argument, and print the table."""
    networks = {size: load_networks(size) for size in SIZES}
    device = networks[SIZES[0]].device
    modes = ["default", *(["reduce-overhead"] if device.type == "cuda" else [])]
    with TemporaryDirectory() as cache:  # empty at the start
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
        rows = [
            measure(each, size, mode)
            for mode in modes
            for size, each in tqdm(networks.items(), desc=f"compiling, {mode}")
        ]
    document = {"rows": rows, **machine.provenance(device)}
    machine.write(Path(sys.argv[1]), document)
    print(table(document))


if __name__ == "__main__":
    main()

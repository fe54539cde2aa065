"""Measures the agreement of features with background-token reuse and exact features.

``python -m zsris_ros.benchmark.experiments.background_agreement bench/halo.json`` encodes whole
images of the recorded tabletop with the bundled weights and with the real architecture.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from zsris_ros.benchmark import machine
from zsris_ros.benchmark.inputs import COLOURS, NOUNS
from zsris_ros.benchmark.networks import Networks, load_networks, row_label, row_title
from zsris_ros.demo.demo_bag import TABLETOP_BAG, read_frames, read_truth
from zsris_ros.evaluation.reports.markdown import markdown_table
from zsris_ros.models.background_reuse import HALOS
from zsris_ros.types import BoolArray, ByteArray
from zsris_ros.vision.background_tokens import select_cells
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import ViewMaker

SIZES = ("tabletop", "vit_b")
PHRASES = [f"the {colour} {noun}" for noun in NOUNS for colour in COLOURS]


def measure(networks: Networks, name: str) -> list[dict[str, Any]]:
    """Return a row for each halo of ``HALOS``."""
    # One mask at a time: in a batch with a larger one a mask gets up to twice its tokens.
    settings = replace(networks.preset.hybrid, window=None, halo=None, batch_size=1)
    clip = networks.clip
    texts = F.normalize(clip.encode_text(PHRASES), dim=-1)
    images = list(_images())
    exact = [HybridEncoder(clip, settings).encode(*each).cpu() for each in tqdm(images, name)]
    rows = []
    for halo in HALOS:
        encoder = HybridEncoder(clip, replace(settings, halo=halo))
        near = [encoder.encode(*each).cpu() for each in images]
        cosines = F.cosine_similarity(torch.cat(exact), torch.cat(near), dim=-1)
        pairs = zip(exact, near, strict=True)
        same = [_best(one, texts) == _best(other, texts) for one, other in pairs]
        rows.append(
            {
                "weights": row_label(name, networks),
                "halo": halo,
                "masks": len(cosines),
                "computed": round(float(np.mean([_share(encoder, *p) for p in images])), 3),
                "cosine_least": round(float(cosines.min()), 6),
                "cosine_median": round(float(cosines.median()), 6),
                "choices": sum(len(each) for each in same),
                "same_choices": int(sum(each.sum() for each in same)),
            }
        )
    return rows


def table(document: Mapping[str, Any]) -> str:
    """Return Markdown of the rows."""
    head = ("weights", "halo", "tokens computed", "least cosine", "median", "same mask chosen")
    rows = (
        (
            row_title(row["weights"]),
            row["halo"],
            f"{row['computed']:.0%}",
            f"{row['cosine_least']:.5f}",
            f"{row['cosine_median']:.5f}",
            f"{row['same_choices']} of {row['choices']}",
        )
        for row in document["rows"]
    )
    return "\n".join(markdown_table(head, rows))


def _images() -> Iterator[tuple[ByteArray, BoolArray]]:
    scenes = read_truth(TABLETOP_BAG)
    frames = read_frames(TABLETOP_BAG, [scene.stamps_ns[0] for scene in scenes])
    for scene in scenes:
        masks = [scene.labels == label for label in np.unique(scene.labels)]  # 0: no object
        yield frames[scene.stamps_ns[0]].rgb, np.stack(masks)


def _best(features: Tensor, texts: Tensor) -> Tensor:
    """Return the mask with the largest cosine for each text."""
    return (F.normalize(features, dim=-1) @ texts.T).argmax(dim=0)


def _share(encoder: HybridEncoder, rgb: ByteArray, masks: BoolArray) -> float:
    """Return the mean share of tokens inside a halo."""
    clip, settings = encoder.clip, encoder.settings
    assert settings.halo is not None
    maker = ViewMaker(rgb, masks, settings, clip.image_size, clip.grid, clip.device)
    counts = select_cells(maker.touched_cells(), settings.halo).counts
    return (1 + fmean(counts)) / (1 + clip.grid**2)


def main() -> None:
    """Measure, write the file of the first argument, and print the table."""
    networks = [(size, load_networks(size, precision="fp32")) for size in SIZES]
    rows = [row for size, each in networks for row in measure(each, size)]
    document = {"rows": rows, **machine.provenance(networks[0][1].device)}
    machine.write(Path(sys.argv[1]), document)
    print(table(document))


if __name__ == "__main__":
    main()

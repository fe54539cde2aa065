"""How near the features with a halo are to exact ones, and whether they choose the same masks.

``python -m zsris_ros.benchmark.experiments.background_agreement bench/halo.json`` encodes whole
pictures of the recorded tabletop with the bundled weights and with the real architecture.
"""

from __future__ import annotations

import json
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
from zsris_ros.benchmark.networks import Networks, label, load_networks, spelled_out
from zsris_ros.demo.demo_bag import SHIPPED, read_frames, read_truth
from zsris_ros.models.background_reuse import HALOS
from zsris_ros.types import BoolArray, ByteArray
from zsris_ros.vision.background_tokens import select_cells
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import ViewMaker

SIZES = ("tabletop", "vit_b")
PHRASES = [f"the {colour} {noun}" for noun in NOUNS for colour in COLOURS]


def measure(networks: Networks, name: str) -> list[dict[str, Any]]:
    """A row for each halo of ``HALOS``."""
    # Few masks at a time; beside a larger one a mask gets more tokens, up to twice its own.
    settings = replace(networks.preset.hybrid, window=None, halo=None, batch_size=1)
    clip = networks.clip
    texts = F.normalize(clip.encode_text(PHRASES), dim=-1)
    pictures = list(_pictures())
    exact = [HybridEncoder(clip, settings).encode(*each).cpu() for each in tqdm(pictures, name)]
    rows = []
    for halo in HALOS:
        encoder = HybridEncoder(clip, replace(settings, halo=halo))
        near = [encoder.encode(*each).cpu() for each in pictures]
        cosines = F.cosine_similarity(torch.cat(exact), torch.cat(near), dim=-1)
        pairs = zip(exact, near, strict=True)
        same = [_best(one, texts) == _best(other, texts) for one, other in pairs]
        rows.append(
            {
                "weights": label(name, networks),
                "halo": halo,
                "masks": len(cosines),
                "computed": round(float(np.mean([_share(encoder, *p) for p in pictures])), 3),
                "cosine_least": round(float(cosines.min()), 6),
                "cosine_median": round(float(cosines.median()), 6),
                "choices": sum(len(each) for each in same),
                "same_choices": int(sum(each.sum() for each in same)),
            }
        )
    return rows


def table(document: Mapping[str, Any]) -> str:
    """Markdown of what ``measure`` found."""
    lines = [
        "| weights | halo | tokens computed | least cosine | median | same mask chosen |",
        "|---|---|---|---|---|---|",
    ]
    for row in document["rows"]:
        cells = (
            spelled_out(row["weights"]),
            row["halo"],
            f"{row['computed']:.0%}",
            f"{row['cosine_least']:.5f}",
            f"{row['cosine_median']:.5f}",
            f"{row['same_choices']} of {row['choices']}",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _pictures() -> Iterator[tuple[ByteArray, BoolArray]]:
    scenes = read_truth(SHIPPED)
    frames = read_frames(SHIPPED, [scene.stamps_ns[0] for scene in scenes])
    for scene in scenes:
        masks = [scene.labels == label for label in np.unique(scene.labels)]  # 0 is no thing
        yield frames[scene.stamps_ns[0]].rgb, np.stack(masks)


def _best(features: Tensor, texts: Tensor) -> Tensor:
    """Which mask each text means, by cosine alone."""
    return (F.normalize(features, dim=-1) @ texts.T).argmax(dim=0)


def _share(encoder: HybridEncoder, rgb: ByteArray, masks: BoolArray) -> float:
    """The part of all tokens that a halo encloses."""
    clip, settings = encoder.clip, encoder.settings
    assert settings.halo is not None
    maker = ViewMaker(rgb, masks, settings, clip.image_size, clip.grid, clip.device)
    counts = select_cells(maker.touched_cells(), settings.halo).counts
    return (1 + fmean(counts)) / (1 + clip.grid**2)


def main() -> None:
    path = Path(sys.argv[1])
    networks = [(size, load_networks(size, precision="fp32")) for size in SIZES]
    rows = [row for size, each in networks for row in measure(each, size)]
    document = {
        "rows": rows,
        **machine.provenance(networks[0][1].device),
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(table(document))


if __name__ == "__main__":
    main()

"""The masks that the robot's own proposers find in a training set.

Their errors (parts of objects, pairs, a robot's arm, shadows, drawers) are the masks that the small
CLIP must distinguish from objects; no rule generates such masks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from zsris_ros.geometry.run_lengths import encode
from zsris_ros.models.preset import load_preset
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.depth.depth_proposer import DepthProposer
from zsris_ros.proposals.mask_nms import merge_proposals
from zsris_ros.proposals.sam.sam_network import build_sam
from zsris_ros.proposals.sam.sam_proposer import SamProposer
from zsris_ros.simulation.forking import without_opencv_threads
from zsris_ros.simulation.training_set import PROPOSALS, frame_of
from zsris_ros.weights.checkpoint import load_state_dict

PRESET = "household"
"""The preset whose settings the proposers have."""

_proposers: Sequence[Proposer] = ()
"""The proposers of a process, set before it is forked."""


def training_proposers(sam: Path) -> list[Proposer]:
    """Return the robot's proposers with the SAM of a file (safetensors), on the CPU.

    Raises:
        WeightsError: The file is missing or does not fit the architecture.
    """
    preset = load_preset(PRESET)
    network = build_sam(preset.sam.architecture, load_state_dict(sam))
    return [SamProposer(network, preset.proposing, "cpu", "fp32"), DepthProposer(preset.depth)]


def propose_set(directory: Path, proposers: Sequence[Proposer], workers: int) -> None:
    """Write the proposals of every image of a set, or resume an interrupted call.

    Args:
        directory: The set, as ``render_training_set`` writes it.
        proposers: Find the masks.
        workers: Processes.
    """
    global _proposers
    count = len(json.loads((directory / "names.json").read_text()))
    path = directory / PROPOSALS
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    whole = [line for line in lines if line.endswith("\n")]  # not one that a stop cut off
    path.write_text("".join(whole))
    _proposers = proposers
    jobs = [(str(directory), row) for row in range(len(whole), count)]
    with (
        without_opencv_threads(),
        path.open("a") as out,
        ProcessPoolExecutor(workers, get_context("fork")) as pool,
    ):
        for masks in tqdm(pool.map(_propose, jobs), "proposing", len(jobs), unit="image"):
            out.write(json.dumps(masks) + "\n")
            out.flush()


def _propose(job: tuple[str, int]) -> list[str]:
    torch.set_num_threads(1)
    frame = frame_of(Path(job[0]), job[1])
    found = merge_proposals(*(each.propose(frame) for each in _proposers))
    return [str(encode(np.asarray(mask))["counts"]) for mask in found.masks]

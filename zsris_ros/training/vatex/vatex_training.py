"""The training of VATEX, in one process or in several under torchrun."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from zsris_ros.baselines.vatex.encoders.backbone import CLIP
from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.evaluation.datasets.items import DataSet, EvaluationItem
from zsris_ros.models.load_vatex import build_vatex
from zsris_ros.proposals.sam.sam_network import Sam
from zsris_ros.training.training_loop import (
    Schedule,
    TrainingLoop,
    append_row,
    cut_log,
    last_row,
)
from zsris_ros.training.vatex.batches import Examples, batches
from zsris_ros.training.vatex.known_tokens import known_tokens
from zsris_ros.training.vatex.losses import PAPER_WEIGHTS, LossWeights, total_loss
from zsris_ros.training.vatex.validation import validate

Result = TypeVar("Result")

CHECKPOINT, LOG, VALIDATION = "training.pt", "log.csv", "validation.csv"
"""Files in the folder of a training."""


@dataclass(frozen=True, kw_only=True)
class VatexSchedule(Schedule):
    """The supplement's rates: 1e-4, a tenth of it in the backbone, and a tenth after 2/3.

    The paper names neither batch size, weight decay nor warm-up. A network from random weights
    trains its backbone at the full rate.
    """

    steps: int = 100_000
    learning_rate: float = 1e-4
    warm_up: int = 100
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.01
    batch: int = 8

    def rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        drop = 0.1 if step >= 2 * self.steps / 3 else 1.0
        return self.learning_rate * drop * min(1.0, (step + 1) / self.warm_up)


@dataclass(frozen=True)
class Process:
    """This process among those of torchrun; alone without it."""

    device: torch.device
    rank: int = 0
    processes: int = 1

    @property
    def is_leader(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0


@contextmanager
def joined_processes(device: torch.device) -> Iterator[Process]:
    """Join the processes of torchrun, each with a GPU of its own, or give the process alone."""
    if "WORLD_SIZE" not in os.environ:
        yield Process(device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        rank, count = torch.distributed.get_rank(), torch.distributed.get_world_size()
        yield Process(device, rank, count)
    finally:
        torch.distributed.destroy_process_group()


def leader_first(process: Process, make: Callable[[], Result]) -> Result:
    """Return the result of ``make`` in each process; the leader runs first, the others wait."""
    if not process.is_leader:
        torch.distributed.barrier()
    result = make()
    if process.is_leader and process.processes > 1:
        torch.distributed.barrier()
    return result


def train_vatex(
    data: DataSet,
    clip: FrozenClip,
    settings: VatexSettings,
    out: Path,
    schedule: VatexSchedule,
    process: Process,
    *,
    weights: LossWeights = PAPER_WEIGHTS,
    pretrained: bool = False,
    half: bool = False,
    seed: int = 0,
    clip_length: int = 1,
    triplets: int = 1,
    workers: int = 0,
    sam: Sam | None = None,
    validation: Sequence[EvaluationItem] = (),
    validate_every: int = 1000,
) -> Vatex:
    """Train from random or published weights, or resume from ``out``.

    Args:
        data: Images or videos with sentences and masks.
        clip: The frozen CLIP, on the process's device.
        settings: The network.
        out: Folder of CHECKPOINT, LOG and VALIDATION.
        schedule: Steps, batch and learning rate.
        process: This process; all of them have the same other arguments.
        weights: The coefficients of Eq. 8.
        pretrained: Whether the backbone starts from ImageNet's weights.
        half: Whether the network computes in bfloat16 where that is safe (autocast).
        seed: Of the weights and the batches.
        clip_length: Frames of a clip; more than 1 needs ``VideoData``.
        triplets: Triplets of sentences of each image or clip.
        workers: Processes that read images and sentences in advance.
        sam: The network of the backbone "sam".
        validation: Held-out images; their figures are written every ``validate_every`` steps and
            at the end.
        validate_every: Steps between two validations.

    Returns:
        The trained network in evaluation mode.

    Raises:
        InputError: The batch cannot be shared by the processes, or ``data`` has no sentences or no
            clips so long.
    """
    # cuDNN's attention plans every new length of the sentences anew.
    torch.backends.cuda.enable_cudnn_sdp(False)
    vocabulary = _vocabulary(out, data, clip, workers) if settings.trained_text else None
    torch.manual_seed(seed)
    network = build_vatex(settings, clip, vocabulary, pretrained, sam).to(process.device)
    network.train()
    backbone = list(network.backbone.parameters())
    known = {id(weight) for weight in backbone}
    rest = [weight for weight in network.parameters() if id(weight) not in known]
    fine_tuned = pretrained or settings.backbone == CLIP
    loop = TrainingLoop(
        {"network": network},
        rest if fine_tuned else [*rest, *backbone],
        schedule,
        out / CHECKPOINT,
        "vatex",
        slow_weights=backbone if fine_tuned else (),
        log=out / LOG,
        leader=process.is_leader,
    )
    if process.is_leader:
        cut_log(out / VALIDATION, loop.first_step)
    model: nn.Module = network
    if process.processes > 1:
        model = DistributedDataParallel(network)
    examples = Examples(
        data,
        schedule.batch,
        settings.short_side,
        seed,
        process.rank,
        process.processes,
        clip_length,
        triplets,
    )
    drawn = batches(examples, clip, range(loop.first_step, schedule.steps), workers, half)
    done = loop.first_step
    for step, batch in zip(loop.steps(), drawn, strict=False):
        with torch.autocast(process.device.type, torch.bfloat16, enabled=half):
            output = model(batch.images, batch.valid, batch.image_of, batch.texts, clip_length)
        loss, terms = total_loss(output, batch.targets, weights)
        loop.update(loss, _mean_over_processes(terms, process))
        done = step + 1
        if done % validate_every == 0 and done < schedule.steps:
            _append_validation(out, done, network, clip, validation, process)
    # The checkpoint of the last step is written by now.
    if not _is_validated(out, done):
        _append_validation(out, done, network, clip, validation, process)
    return network.eval()


def _append_validation(
    out: Path,
    step: int,
    network: Vatex,
    clip: FrozenClip,
    validation: Sequence[EvaluationItem],
    process: Process,
) -> None:
    if validation and process.is_leader:
        append_row(out / VALIDATION, {"step": step, **validate(network, clip, validation)})


def _is_validated(out: Path, step: int) -> bool:
    path = out / VALIDATION
    return path.exists() and last_row(path)["step"] == step


def _vocabulary(out: Path, data: DataSet, clip: FrozenClip, workers: int) -> Tensor:
    """Return the tokens of a stopped training's checkpoint, or those of ``known_tokens``."""
    if not (out / CHECKPOINT).exists():
        return known_tokens(data, clip, workers)
    saved = torch.load(out / CHECKPOINT, map_location="cpu", weights_only=True)
    vocabulary: Tensor = saved["network"]["text.vocabulary"]
    return vocabulary


def _mean_over_processes(terms: Mapping[str, Tensor], process: Process) -> dict[str, Tensor]:
    """Return the means of the terms of all processes, the terms of the whole batch."""
    if process.processes == 1:
        return dict(terms)
    values = torch.stack([value.float() for value in terms.values()])
    torch.distributed.all_reduce(values)
    return dict(zip(terms, values / process.processes, strict=True))

"""Train a small Segment Anything network on simulated scenes.

A step encodes a few images and decodes many point prompts on each: points inside objects, whose
visible mask is the target, and points on the scenery, whose target IoU is 0. Two auxiliary maps of
the image embedding (objectness, centre offset) speed up early training and are dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zsris_ros.proposals.sam.sam_network import build_sam
from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.training.household.sam_batches import SamBatch, SamBatches
from zsris_ros.training.loading import load_in_advance
from zsris_ros.training.training_loop import Schedule, TrainingLoop
from zsris_ros.weights.checkpoint import load_state_dict

ARCHITECTURE: dict[str, Any] = {
    "image_size": 256, "patch_size": 8,
    "encoder_width": 128, "encoder_depth": 6, "encoder_heads": 4,
    "window_size": 8, "global_blocks": [1, 3, 5],
    "prompt_width": 96, "decoder_depth": 2, "decoder_heads": 4, "decoder_mlp_width": 256,
}  # fmt: skip


class AuxiliaryHeads(nn.Module):
    """Objectness and centre offset from the image embedding, at the mask grid's resolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.GELU(), nn.Conv2d(width, 3 * 16, 1), nn.PixelShuffle(4))

    def forward(self, embedding: Tensor) -> Tensor:
        """Return Bx3xMxM: logits of objectness, then offsets (y, x)."""
        maps: Tensor = self.project(embedding)
        return maps


def encode(encoder: nn.Module, images: Tensor) -> Tensor:
    """Return the image embeddings, float32; on a GPU they are computed in bfloat16."""
    device = images.device
    # The encoder's own index tensors are made on the device: copying them would wait for it.
    with device, torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        embeddings: Tensor = encoder(images)
    return embeddings.float()


def decode(sam: Any, embeddings: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Return mask logits BxPx4xMxM and predicted IoUs BxPx4 of P point prompts on each image.

    The same as the prompt encoder and the mask decoder called image by image.
    """
    prompts, (count, each) = sam.prompt_encoder, points.shape[:2]
    # Without the prompt encoder's boolean indices, each of which waits for a GPU.
    placed = prompts.pe_layer.forward_with_coords(
        points.reshape(-1, 1, 2) + 0.5, prompts.input_image_size
    )
    padding = prompts.not_a_point_embed.weight.expand(count * each, 1, -1)
    sparse = torch.cat([placed + prompts.point_embeddings[1].weight, padding], dim=1)
    dense = embeddings + prompts.no_mask_embed.weight.reshape(1, -1, 1, 1)
    # predict_masks takes one image and many prompts; their dense parts can be several images.
    logits, quality = sam.mask_decoder.predict_masks(
        image_embeddings=torch.zeros_like(embeddings[:1]),
        image_pe=prompts.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense.repeat_interleave(each, dim=0),
    )
    return logits.unflatten(0, (count, each)), quality.unflatten(0, (count, each))


def mask_losses(logits: Tensor, target: Tensor, balance: float) -> Tensor:
    """Return PxK: Dice plus balanced cross-entropy for logits PxKxRxM and target PxRxM.

    ``balance`` in [0, 1]: 1 gives inside and outside the same weight, 0 every cell.
    """
    target = target[:, None].expand_as(logits)
    probability = logits.sigmoid()
    overlap = 2 * (probability * target).sum((-1, -2))
    areas = probability.pow(2).sum((-1, -2)) + target.pow(2).sum((-1, -2))
    dice = 1 - (overlap + 1) / (areas + 1)
    share = target.mean((-1, -2), keepdim=True).clamp(1e-3, 0.5)
    inside = (1 / (2 * share)) ** balance
    outside = (1 / (2 * (1 - share))) ** balance
    weight = target * inside + (1 - target) * outside
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return dice + (weight * entropy).mean((-1, -2)) / weight.mean((-1, -2))


def hard_iou(logits: Tensor, target: Tensor) -> Tensor:
    """Return PxK: IoU of the thresholded masks with the target."""
    mask, truth = logits > 0, (target > 0.5)[:, None]
    union = (mask | truth).sum((-1, -2))
    return (mask & truth).sum((-1, -2)) / union.clamp(min=1)


def sam_loss(
    sam: Any, heads: AuxiliaryHeads, batch: SamBatch, balance: float, auxiliary: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss of one batch, and the IoU of the best and of the self-selected mask."""
    embeddings = encode(sam.image_encoder, batch.images)
    rows, real = batch.valid_rows, batch.is_object
    logits, quality = decode(sam, embeddings, batch.points)
    logits, targets = logits[..., :rows, :].flatten(0, 1), batch.targets[:, :, :rows].flatten(0, 1)
    with torch.no_grad():
        iou = hard_iou(logits, targets).view_as(quality) * real[..., None]
    losses = mask_losses(logits, targets, balance).view_as(quality)
    many, single = losses[..., 1:], losses[..., 0]
    mixed = many.min(-1).values + 0.3 * many.mean(-1) + 0.3 * single
    loss = (
        auxiliary * _auxiliary_loss(heads(embeddings)[:, :, :rows], batch, rows)
        + F.mse_loss(quality, iou)
        + _object_means(mixed, real).mean()
    )
    with torch.no_grad():
        pictured = real.any(1).sum().clamp(min=1)
        pick = quality[..., 1:].argmax(-1, keepdim=True)
        figures = {
            "best": _object_means(iou[..., 1:].amax(-1), real).sum() / pictured,
            "chosen": _object_means(iou[..., 1:].gather(-1, pick)[..., 0], real).sum() / pictured,
            "iou_error": (quality - iou).abs()[..., 1:].mean(),
            "loss": loss.detach(),
        }
    return loss, figures


def _object_means(values: Tensor, real: Tensor) -> Tensor:
    """Return the mean of each image's object points, B, of BxP; 0 without one."""
    return (values * real).sum(1) / real.sum(1).clamp(min=1)


def _auxiliary_loss(maps: Tensor, batch: SamBatch, rows: int) -> Tensor:
    objects = batch.object_map[:, :rows].clamp(0, 1)
    entropy = F.binary_cross_entropy_with_logits(maps[:, 0], objects)
    inside = (objects > 0.5)[:, None]
    distance = (maps[:, 1:] - batch.offsets[:, :, :rows]).abs() * inside
    return entropy + distance.sum() / inside.sum().clamp(min=1)


@dataclass(frozen=True, kw_only=True)
class SamSchedule(Schedule):
    """``balance`` and ``auxiliary`` are first and last values, interpolated linearly."""

    steps: int = 7000
    batch: int = 16
    learning_rate: float = 1.5e-3
    warm_up: int = 300
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.01
    balance: tuple[float, float] = (0.8, 0.2)
    auxiliary: tuple[float, float] = (1.0, 0.1)

    def interpolate(self, ends: tuple[float, float], step: int) -> float:
        """Return the value of a step between the first and the last value."""
        return ends[0] + (ends[1] - ends[0]) * step / self.steps


def train_sam(
    data: TrainingSet,
    checkpoint: Path,
    schedule: SamSchedule = SamSchedule(),
    seed: int = 0,
    *,
    architecture: Mapping[str, Any] = ARCHITECTURE,
    initial: Path | None = None,
    workers: int = 0,
) -> Any:
    """Train a network or resume ``checkpoint``; figures go to a CSV file beside it.

    Args:
        data: The images.
        checkpoint: The file of the network and the optimizer.
        schedule: Steps and learning rate. No more steps than ``checkpoint`` holds trains nothing.
        seed: Of the weights and the batches.
        architecture: SamArchitecture's fields; tests train a smaller network.
        initial: Exported weights of this architecture to start from, instead of random ones.
        workers: Processes that draw batches; 0 draws them in this one.

    Returns:
        The trained segment_anything Sam, in evaluation mode, on the CPU.

    Raises:
        InputError: ``initial`` does not fit the architecture.
    """
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    state = None if initial is None else load_state_dict(initial)
    sam = build_sam(architecture, state).to(device).train()
    heads = AuxiliaryHeads(architecture["prompt_width"]).to(device)
    modules, weights = {"sam": sam, "heads": heads}, [*sam.parameters(), *heads.parameters()]
    log = checkpoint.with_suffix(".csv")
    loop = TrainingLoop(modules, weights, schedule, checkpoint, "small SAM", log=log)
    size = architecture["image_size"]
    mask = 4 * size // architecture["patch_size"]
    if loop.position < schedule.steps:
        # A resumed training draws other batches than its first ones.
        batches = SamBatches(data, size, mask, schedule.batch, seed + loop.first_step)
        loaded = load_in_advance(batches, workers)
        # Batches come first: the next one is read while a GPU computes, and the steps wait for the
        # GPU's results.
        for batch, _ in zip(loaded, loop.steps(), strict=False):
            balance = schedule.interpolate(schedule.balance, loop.position)
            auxiliary = schedule.interpolate(schedule.auxiliary, loop.position)
            loop.update(*sam_loss(sam, heads, batch.to(device), balance, auxiliary))
    return sam.cpu().eval()

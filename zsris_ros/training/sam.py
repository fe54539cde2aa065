"""Train a small Segment Anything network on the simulated tabletop, from nothing.

One step encodes a few pictures and decodes many point prompts on each: points inside objects, whose
visible mask is the target, and points on the scenery, which must get a low predicted IoU. Two
auxiliary maps read off the encoder (is this an object; where is its centre) make the encoder learn
early; they are dropped afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from zsris_ros.proposals.sam_model import build_sam
from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.training.checkpoint import resume, save

ARCHITECTURE: dict[str, Any] = {
    "image_size": 192,
    "patch_size": 8,
    "encoder_width": 128,
    "encoder_depth": 6,
    "encoder_heads": 4,
    "window_size": 8,
    "global_blocks": [1, 3, 5],
    "prompt_width": 96,
    "decoder_depth": 2,
    "decoder_heads": 4,
    "decoder_mlp_width": 256,
}
OBJECT_POINTS = 6
SCENERY_POINTS = 2
LABEL_CELLS = 3
SMALLEST_OBJECT = 30
"""In label samples: about 150 pixels of a 640x480 picture."""


@dataclass(frozen=True, eq=False)
class SamBatch:
    """``images`` float32 Bx3xSxS, normalised and padded as Sam.preprocess does; per picture
    ``points`` Px2 in input pixels (x, y), ``targets`` PxMxM object share of each mask cell (all 0
    for scenery points), ``is_object`` bool P; ``object_map`` BxMxM and ``offsets`` Bx2xMxM for the
    auxiliary heads; ``valid`` rows M of the mask grid that are not padding."""

    images: Tensor
    points: list[Tensor]
    targets: list[Tensor]
    is_object: list[Tensor]
    object_map: Tensor
    offsets: Tensor
    valid_rows: int

    def to(self, device: str) -> SamBatch:
        def move(value: Any) -> Any:
            if isinstance(value, list):
                return [move(item) for item in value]
            return value.to(device) if isinstance(value, Tensor) else value

        return SamBatch(**{field.name: move(getattr(self, field.name)) for field in fields(self)})


@dataclass(frozen=True, eq=False)
class SmallPictures:
    """The training set at the network's scale: ``rgb`` uint8 Nxhxwx3 with max(h, w) = image_size,
    ``labels`` uint8 at LABEL_CELLS samples a side for each mask cell."""

    rgb: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]


def shrink(data: TrainingSet, image_size: int, mask_size: int) -> SmallPictures:
    """Scale every picture down once, as ResizeLongestSide would; labels by nearest neighbour."""
    height, width = data.labels.shape[1:]
    scale = image_size / max(height, width)
    cells = mask_size * LABEL_CELLS / max(height, width)
    rgb_size = (round(width * scale), round(height * scale))
    label_size = (round(width * cells), round(height * cells))
    rgb = np.empty((len(data), rgb_size[1], rgb_size[0], 3), np.uint8)
    labels = np.empty((len(data), label_size[1], label_size[0]), np.uint8)
    for row in tqdm(range(len(data)), "shrinking", unit="picture"):
        rgb[row] = cv2.resize(data.rgb[row], rgb_size, interpolation=cv2.INTER_AREA)
        labels[row] = cv2.resize(data.labels[row], label_size, interpolation=cv2.INTER_NEAREST)
    return SmallPictures(rgb, labels)


class SamBatches:
    """Endless random batches of ``batch`` pictures. Deterministic by seed."""

    def __init__(
        self, pictures: SmallPictures, image_size: int, mask_size: int, batch: int, seed: int
    ) -> None:
        self._pictures, self._size, self._mask, self._batch = pictures, image_size, mask_size, batch
        self._rng = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[SamBatch]:
        while True:
            rows = self._rng.integers(len(self._pictures.rgb), size=self._batch)
            yield self._collate([self._example(int(row)) for row in rows])

    def _example(self, row: int) -> dict[str, Any]:
        rng = self._rng
        rgb, labels = self._pictures.rgb[row], self._pictures.labels[row]
        if rng.random() < 0.5:
            rgb, labels = rgb[:, ::-1], labels[:, ::-1]
        areas = np.bincount(labels.ravel(), minlength=256)
        kinds = [int(k) for k in np.flatnonzero(areas >= SMALLEST_OBJECT) if k > 0]
        shares = {k: self._share(labels == k) for k in kinds}
        empty = np.zeros((self._mask, self._mask), np.float32)
        scale = rgb.shape[1] / labels.shape[1]
        points, targets = [], []
        for index in range(OBJECT_POINTS + SCENERY_POINTS):
            kind = int(rng.choice(kinds)) if kinds and index < OBJECT_POINTS else 0
            ys, xs = np.nonzero(labels == kind)
            pick = int(rng.integers(len(ys)))
            points.append(((xs[pick] + rng.random()) * scale, (ys[pick] + rng.random()) * scale))
            targets.append(shares.get(kind, empty))
        return {
            "pixels": jitter(rgb.astype(np.float32), rng),
            "points": np.array(points, np.float32),
            "targets": np.stack(targets),
            "is_object": np.array([target.any() for target in targets]),
            "object_map": sum(shares.values(), empty),
            "offsets": centre_offsets(list(shares.values()), self._mask),
            "rows": rgb.shape[0],
        }

    def _share(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """How much of each mask cell the object covers, float32 MxM, padded at the bottom."""
        rows, columns = mask.shape[0] // LABEL_CELLS, mask.shape[1] // LABEL_CELLS
        share = np.zeros((self._mask, self._mask), np.float32)
        share[:rows, :columns] = mask.reshape(rows, LABEL_CELLS, columns, LABEL_CELLS).mean((1, 3))
        return share

    def _collate(self, examples: list[dict[str, Any]]) -> SamBatch:
        def stack(key: str) -> Tensor:
            return torch.from_numpy(np.stack([e[key] for e in examples]))

        mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
        std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
        images = [(torch.from_numpy(e["pixels"]).permute(2, 0, 1) - mean) / std for e in examples]
        padded = [
            F.pad(i, (0, self._size - i.shape[2], 0, self._size - i.shape[1])) for i in images
        ]
        return SamBatch(
            torch.stack(padded),
            [torch.from_numpy(e["points"]) for e in examples],
            [torch.from_numpy(e["targets"]) for e in examples],
            [torch.from_numpy(e["is_object"]) for e in examples],
            stack("object_map"),
            stack("offsets"),
            examples[0]["rows"] * self._mask // self._size,
        )


def jitter(pixels: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Random brightness, contrast and tint of a float32 HxWx3 picture in 0..255."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.95, 1.05, 3)
    pixels = (pixels - 128.0) * rng.uniform(0.85, 1.15) + 128.0
    return np.clip(pixels * gain + rng.normal(0.0, 2.0, pixels.shape), 0, 255).astype(np.float32)


def centre_offsets(shares: list[npt.NDArray[np.float32]], size: int) -> npt.NDArray[np.float32]:
    """2xMxM: from each object cell to its object's centre, in units of a tenth of the grid."""
    offsets = np.zeros((2, size, size), np.float32)
    grid = np.mgrid[0:size, 0:size].astype(np.float32)
    for share in shares:
        cells = share > 0.5
        if cells.any():
            centre = grid[:, cells].mean(axis=1)
            offsets[:, cells] = (centre[:, None] - grid[:, cells]) / (size / 10)
    return offsets


class AuxiliaryHeads(nn.Module):
    """Object map and centre offset from the image embedding, at the mask grid's resolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.Sequential(nn.GELU(), nn.Conv2d(width, 3 * 16, 1), nn.PixelShuffle(4))

    def forward(self, embedding: Tensor) -> Tensor:
        maps: Tensor = self.read(embedding)
        return maps


def decode(sam: Any, embedding: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Mask logits Px4xMxM and predicted IoUs Px4 of P single-point prompts on one picture."""
    foreground = torch.ones(len(points), 1, device=points.device)
    sparse, dense = sam.prompt_encoder((points[:, None], foreground), None, None)
    logits, quality = sam.mask_decoder.predict_masks(
        image_embeddings=embedding,
        image_pe=sam.prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
    )
    return logits, quality


def mask_losses(logits: Tensor, target: Tensor, balance: float) -> Tensor:
    """Dice plus balanced cross-entropy of each mask, PxK for logits PxKxRxM, target PxRxM.

    ``balance`` in [0, 1]: 1 weighs inside and outside alike, 0 every cell alike.
    """
    target = target[:, None].expand_as(logits)
    chance = logits.sigmoid()
    overlap = 2 * (chance * target).sum((-1, -2))
    dice = 1 - (overlap + 1) / (chance.pow(2).sum((-1, -2)) + target.pow(2).sum((-1, -2)) + 1)
    share = target.mean((-1, -2), keepdim=True).clamp(1e-3, 0.5)
    inside = (1 / (2 * share)) ** balance
    outside = (1 / (2 * (1 - share))) ** balance
    weight = target * inside + (1 - target) * outside
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return dice + (weight * entropy).mean((-1, -2)) / weight.mean((-1, -2))


def hard_iou(logits: Tensor, target: Tensor) -> Tensor:
    """IoU of the thresholded masks with the target, PxK."""
    mask, truth = logits > 0, (target > 0.5)[:, None]
    union = (mask | truth).sum((-1, -2))
    return (mask & truth).sum((-1, -2)) / union.clamp(min=1)


def sam_loss(
    sam: Any, heads: AuxiliaryHeads, batch: SamBatch, balance: float, auxiliary: float
) -> tuple[Tensor, dict[str, float]]:
    """The loss of one batch and its figures: IoU of the best and of the self-chosen mask."""
    embeddings = sam.image_encoder(batch.images)
    rows = batch.valid_rows
    total = auxiliary * _auxiliary_loss(heads(embeddings)[:, :, :rows], batch, rows)
    best, chosen, error = [], [], []
    for index, points in enumerate(batch.points):
        logits, quality = decode(sam, embeddings[index : index + 1], points)
        target, real = batch.targets[index][:, :rows], batch.is_object[index]
        with torch.no_grad():
            iou = hard_iou(logits[:, :, :rows], target) * real[:, None]
        total = total + F.mse_loss(quality, iou) / len(batch.points)
        if real.any():
            losses = mask_losses(logits[real][:, :, :rows], target[real], balance)
            many, single = losses[:, 1:], losses[:, 0]
            mixed = many.min(1).values + 0.3 * many.mean(1) + 0.3 * single
            total = total + mixed.mean() / len(batch.points)
            best.append(iou[real][:, 1:].max(1).values.mean())
            pick = quality[real][:, 1:].argmax(1, keepdim=True)
            chosen.append(iou[real][:, 1:].gather(1, pick).mean())
        error.append((quality.detach() - iou).abs()[:, 1:].mean())
    figures = {"best": _mean(best), "chosen": _mean(chosen), "iou_error": _mean(error)}
    return total, figures


def _auxiliary_loss(maps: Tensor, batch: SamBatch, rows: int) -> Tensor:
    objects = batch.object_map[:, :rows].clamp(0, 1)
    entropy = F.binary_cross_entropy_with_logits(maps[:, 0], objects)
    inside = (objects > 0.5)[:, None]
    distance = (maps[:, 1:] - batch.offsets[:, :, :rows]).abs() * inside
    return entropy + distance.sum() / inside.sum().clamp(min=1)


def _mean(values: list[Tensor]) -> float:
    return float(torch.stack(values).mean()) if values else 0.0


@dataclass(frozen=True)
class SamSchedule:
    """AdamW with warm-up and cosine decay; the losses' weights move linearly over the run."""

    steps: int = 6000
    batch: int = 4
    learning_rate: float = 1.2e-3
    warm_up: int = 100
    balance: tuple[float, float] = (0.8, 0.2)
    auxiliary: tuple[float, float] = (1.0, 0.1)

    def rate(self, step: int) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps)))
        return self.learning_rate * min(1.0, (step + 1) / self.warm_up) * max(cosine, 0.01)

    def at(self, ends: tuple[float, float], step: int) -> float:
        return ends[0] + (ends[1] - ends[0]) * step / self.steps


def train_sam(
    data: TrainingSet, checkpoint: Path, schedule: SamSchedule = SamSchedule(), seed: int = 0
) -> Any:
    """Train from nothing, or go on from ``checkpoint``, which is rewritten every 250 steps.

    Returns the trained segment_anything Sam, in evaluation mode, on the CPU.
    """
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sam = build_sam(ARCHITECTURE).to(device).train()
    heads = AuxiliaryHeads(ARCHITECTURE["prompt_width"]).to(device)
    weights = [*sam.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=schedule.learning_rate, weight_decay=0.01)
    state = {"sam": sam, "heads": heads, "optimizer": optimizer}
    start = resume(checkpoint, state)
    size = ARCHITECTURE["image_size"]
    mask = 4 * size // ARCHITECTURE["patch_size"]
    batches = SamBatches(shrink(data, size, mask), size, mask, schedule.batch, seed + start)
    running: dict[str, float] = {}
    with tqdm(total=schedule.steps, initial=start, desc="small SAM", unit="step") as bar:
        for step, batch in zip(range(start, schedule.steps), batches, strict=False):
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(step)
            loss, figures = sam_loss(
                sam,
                heads,
                batch.to(device),
                schedule.at(schedule.balance, step),
                schedule.at(schedule.auxiliary, step),
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            for key, value in {**figures, "loss": float(loss.detach())}.items():
                running[key] = 0.98 * running.get(key, value) + 0.02 * value
            bar.update()
            bar.set_postfix({key: f"{value:.3f}" for key, value in running.items()})
            if (step + 1) % 250 == 0 or step + 1 == schedule.steps:
                save(checkpoint, state, step + 1)
    return sam.cpu().eval()

"""Second phase of the small CLIP: the image encoder learns from thousands of captions at once.

The text encoder is frozen and the captions are encoded once, so each crop is compared with hundreds
of captions at the cost of the image encoder alone. A classification loss over all object names is
added, and crops with a large loss are drawn more often.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.training.tabletop.captions import NOUNS, SCENERY_NAME, Caption, draw_caption
from zsris_ros.training.tabletop.crops import WRONG_MASK, CropBank
from zsris_ros.training.tabletop.train_clip import (
    GEM,
    HYBRID,
    caption_fits,
    contrastive_loss,
    frame_loss,
    pair_logits,
    softmax_loss,
)
from zsris_ros.training.tabletop.training_loop import Schedule, TrainingLoop
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemLocaliser
from zsris_ros.vision.hybrid import HybridEncoder

NO_OBJECT = -100
"""The label that cross_entropy ignores."""


@dataclass(frozen=True, kw_only=True)
class RefineSchedule(Schedule):
    """A step compares ``crops`` with ``captions`` of the ``sentences`` that were encoded.

    ``plain_share`` of the steps add unmasked crops, every ``frame_every``-th a whole frame.
    """

    steps: int = 11700
    crops_per_image: int = 5
    crops: int = 32
    captions: int = 384
    sentences: int = 6000
    learning_rate: float = 8e-4
    plain_share: float = 0.15
    frame_every: int = 6


def refine_clip(
    clip: ClipModel,
    data: TrainingSet,
    checkpoint: Path,
    schedule: RefineSchedule = RefineSchedule(),
    seed: int = 0,
) -> ClipModel:
    """Train the image encoder of ``clip`` in place, or resume from ``checkpoint``."""
    model = clip.model
    encoder, localiser = HybridEncoder(clip, HYBRID), GemLocaliser(clip, GEM)
    sentences = min(schedule.sentences, schedule.captions * schedule.steps)
    captions, texts = encode_captions(clip, sentences, seed)
    names = encode_names(clip)
    known = [*coloured_names(), SCENERY_NAME, WRONG_MASK]
    table = caption_fits(captions, known)
    model.train().requires_grad_(False)
    model.visual.requires_grad_(True)
    weights = [*model.visual.parameters(), model.logit_scale, model.logit_bias]
    for weight in weights:
        weight.requires_grad_(True)
    loop = TrainingLoop({"clip": model}, weights, schedule, checkpoint, "refining")
    start = loop.first_step
    count = schedule.crops_per_image * len(data)
    bank = CropBank(data, HYBRID, clip.image_size, clip.grid, count, seed + start + 1)
    rng = np.random.default_rng([seed, start, 2])
    for step in loop.steps():
        crops = bank.batch(schedule.crops)
        chosen = rng.choice(len(captions), schedule.captions, replace=False)
        drawn, text = [captions[i] for i in chosen], texts[torch.from_numpy(chosen)]
        fits = table[[known.index(name) for name in crops.names]][:, chosen].to(clip.device)
        local, global_ = crops.local.to(clip.device), crops.global_.to(clip.device)
        features = encoder.hybrid_forward(local, global_, crops.grids.to(clip.device))
        hardness = name_losses(clip, features, names, crops.names)
        bank.update_hardness(crops, hardness.detach())
        loss = contrastive_loss(pair_logits(clip, features, text), fits) + hardness.mean()
        if rng.random() < schedule.plain_share:
            plain = model.encode_image(local if rng.random() < 0.7 else global_)
            loss = loss + 0.5 * softmax_loss(pair_logits(clip, plain, text), fits)
        if step % schedule.frame_every == 0:
            row = int(rng.integers(len(data)))
            loss = loss + 0.5 * frame_loss(localiser, data, row, drawn, text)
        loop.update(loss, {"loss": loss.item()})
    model.requires_grad_(False).cpu().eval()
    return ClipModel(model)


def coloured_names() -> list[str]:
    """Return the names of all colours and shapes, such as "red mug"."""
    return [f"{colour} {shape}" for colour in COLOURS for shape in NOUNS]


def encode_captions(clip: ClipModel, count: int, seed: int) -> tuple[list[Caption], Tensor]:
    """Return ``count`` captions of all colours and shapes and of scenery, and their features."""
    rng = np.random.default_rng([seed, 3])
    names = coloured_names() + [SCENERY_NAME] * 4
    captions = [draw_caption(rng, names[i % len(names)]) for i in range(count)]
    texts = [
        clip.encode_text([caption.text for caption in captions[first : first + 256]])
        for first in range(0, count, 256)
    ]
    return captions, torch.cat(texts).to(clip.device)


def encode_names(clip: ClipModel) -> Tensor:
    """Return 10x8xE: the mean feature of each shape's nouns, without and with each colour."""
    colours = ["", *(f"{colour} " for colour in COLOURS)]
    names = [
        clip.encode_text([f"the {colour}{noun}" for noun in nouns])
        for colour in colours
        for nouns in NOUNS.values()
    ]
    means = torch.stack([F.normalize(features, dim=-1).mean(dim=0) for features in names])
    return means.unflatten(0, (len(colours), len(NOUNS)))


def name_losses(clip: ClipModel, features: Tensor, names: Tensor, labels: list[str]) -> Tensor:
    """Return N cross-entropies of NxE crops over all coloured names plus over the shapes alone.

    The loss of a crop without an object is 0.
    """
    logits = pair_logits(clip, features, names.flatten(0, 1)).unflatten(1, names.shape[:2])
    known, shapes = coloured_names(), list(NOUNS)
    name = torch.tensor([known.index(each) if each in known else NO_OBJECT for each in labels])
    shape = torch.where(name == NO_OBJECT, name, name % len(shapes))
    name, shape = name.to(features.device), shape.to(features.device)
    coloured = F.cross_entropy(logits[:, 1:].flatten(1), name, reduction="none")
    return coloured + F.cross_entropy(logits[:, 0], shape, reduction="none")

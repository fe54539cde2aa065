"""A second phase for the small CLIP: its pictures learn from thousands of sentences at once.

Once captions are told apart, what is left to learn is on the side of the pictures: a box from a
cylinder, a mug from a can. So the text encoder stays as it is, sentences are encoded once, and
every crop is compared with hundreds of them in a step that costs no more than the pictures do.
Every object is also told from all other names, and those that were mistaken come back more often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.training.tabletop.captions import NOUNS, SCENERY_NAME, Caption, draw_caption
from zsris_ros.training.tabletop.crops import WRONG_MASK, CropBank
from zsris_ros.training.tabletop.resumption import resume, save
from zsris_ros.training.tabletop.train_clip import (
    GEM,
    HYBRID,
    caption_fits,
    frame_loss,
    pair_logits,
    sigmoid_loss,
    softmax_loss,
)
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.gem import GemLocaliser
from zsris_ros.vision.hybrid import HybridEncoder

NO_OBJECT = -100
"""What cross_entropy does not ask."""


@dataclass(frozen=True)
class RefineSchedule:
    """AdamW with warm-up and cosine decay.

    A step compares ``crops`` with ``captions`` of the ``sentences`` that were encoded;
    ``plain_share`` of the steps read plain pictures too, every ``frame_every``-th a whole frame.
    """

    steps: int = 11700
    crops_a_picture: int = 5
    crops: int = 32
    captions: int = 384
    sentences: int = 6000
    learning_rate: float = 8e-4
    warm_up: int = 100
    plain_share: float = 0.15
    frame_every: int = 6

    def rate(self, step: int) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps)))
        return self.learning_rate * min(1.0, (step + 1) / self.warm_up) * max(cosine, 0.01)


def refine_clip(
    clip: ClipModel,
    data: TrainingSet,
    checkpoint: Path,
    schedule: RefineSchedule = RefineSchedule(),
    seed: int = 0,
) -> ClipModel:
    """Train the picture side of ``clip`` in place; goes on from ``checkpoint`` where there is one,
    which is rewritten every 250 steps.
    """
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
    optimizer = torch.optim.AdamW(
        weights, lr=schedule.learning_rate, betas=(0.9, 0.98), weight_decay=0.02
    )
    state = {"clip": model, "optimizer": optimizer}
    start = resume(checkpoint, state)
    count = schedule.crops_a_picture * len(data)
    bank = CropBank(data, HYBRID, clip.image_size, clip.grid, count, seed + start + 1)
    rng = np.random.default_rng([seed, start, 2])
    shown = 0.0
    with tqdm(total=schedule.steps, initial=start, desc="refining", unit="step") as bar:
        for step in range(start, schedule.steps):
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(step)
            crops = bank.batch(schedule.crops)
            chosen = rng.choice(len(captions), schedule.captions, replace=False)
            told, text = [captions[i] for i in chosen], texts[torch.from_numpy(chosen)]
            fits = table[[known.index(name) for name in crops.names]][:, chosen].to(clip.device)
            local, global_ = crops.local.to(clip.device), crops.global_.to(clip.device)
            features = encoder.hybrid_forward(local, global_, crops.grids.to(clip.device))
            mistaken = name_losses(clip, features, names, crops.names)
            bank.note(crops, mistaken.detach())
            loss = _pair_loss(clip, features, text, fits) + mistaken.mean()
            if rng.random() < schedule.plain_share:
                plain = model.encode_image(local if rng.random() < 0.7 else global_)
                loss = loss + 0.5 * softmax_loss(pair_logits(clip, plain, text), fits)
            if step % schedule.frame_every == 0:
                row = int(rng.integers(len(data)))
                loss = loss + 0.5 * frame_loss(localiser, data, row, told, text)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            shown = 0.98 * (shown or loss.item()) + 0.02 * loss.item()
            bar.update()
            bar.set_postfix(loss=f"{shown:.3f}")
            if (step + 1) % 250 == 0 or step + 1 == schedule.steps:
                save(checkpoint, state, step + 1)
    model.requires_grad_(False).cpu().eval()
    return ClipModel(model)


def coloured_names() -> list[str]:
    """All objects there can be, each as "<colour> <shape>"."""
    return [f"{colour} {shape}" for colour in COLOURS for shape in NOUNS]


def encode_captions(clip: ClipModel, count: int, seed: int) -> tuple[list[Caption], Tensor]:
    """``count`` captions of every colour and shape in turn, some of scenery, and their features."""
    rng = np.random.default_rng([seed, 3])
    names = coloured_names() + [SCENERY_NAME] * 4
    captions = [draw_caption(rng, names[i % len(names)]) for i in range(count)]
    texts = [
        clip.encode_text([caption.text for caption in captions[first : first + 256]])
        for first in range(0, count, 256)
    ]
    return captions, torch.cat(texts).to(clip.device)


def encode_names(clip: ClipModel) -> Tensor:
    """10x8xE: every shape without a colour and in each of the nine, its nouns averaged."""
    colours = ["", *(f"{colour} " for colour in COLOURS)]
    names = [
        clip.encode_text([f"the {colour}{noun}" for noun in nouns])
        for colour in colours
        for nouns in NOUNS.values()
    ]
    means = torch.stack([F.normalize(features, dim=-1).mean(dim=0) for features in names])
    return means.unflatten(0, (len(colours), len(NOUNS)))


def name_losses(clip: ClipModel, features: Tensor, names: Tensor, wanted: list[str]) -> Tensor:
    """N cross-entropies of NxE crops: the name among all coloured ones and among the shapes alone.
    0 for a crop that shows no object.
    """
    logits = pair_logits(clip, features, names.flatten(0, 1)).unflatten(1, names.shape[:2])
    known, shapes = coloured_names(), list(NOUNS)
    name = torch.tensor([known.index(each) if each in known else NO_OBJECT for each in wanted])
    shape = torch.where(name == NO_OBJECT, name, name % len(shapes))
    name, shape = name.to(features.device), shape.to(features.device)
    coloured = F.cross_entropy(logits[:, 1:].flatten(1), name, reduction="none")
    return coloured + F.cross_entropy(logits[:, 0], shape, reduction="none")


def _pair_loss(clip: ClipModel, features: Tensor, texts: Tensor, fits: Tensor) -> Tensor:
    logits = pair_logits(clip, features, texts)
    return sigmoid_loss(logits, fits) + softmax_loss(logits, fits)

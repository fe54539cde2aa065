"""Second phase of the small CLIP: the image encoder learns from thousands of captions at once.

The text encoder is frozen and the captions are encoded once, so each crop is compared with hundreds
of captions at the cost of the image encoder alone. A classification loss over all names, with and
without colours, and over no object, is added, and crops with a large loss are drawn more often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import SCENERY_NAME, Caption, CaptionWriter
from zsris_ros.training.household.crops import WRONG_MASK, CropBank
from zsris_ros.training.household.train_clip import (
    GEM,
    HYBRID,
    Words,
    autocast,
    caption_fits,
    contrastive_loss,
    frame_loss,
    pair_logits,
    softmax_loss,
)
from zsris_ros.training.training_loop import Schedule, TrainingLoop
from zsris_ros.vision.resnet.dense_localiser import DenseLocaliser
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.resnet.resnet_hybrid import ResnetHybridEncoder


@dataclass(frozen=True, kw_only=True)
class RefineSchedule(Schedule):
    """A step compares ``crops`` with ``captions`` of the ``sentences`` that were encoded.

    ``plain_share`` of the steps add unmasked crops, every ``frame_every``-th a whole frame.
    """

    steps: int = 6000
    crops_per_image: int = 6
    crops: int = 64
    captions: int = 512
    sentences: int = 12000
    learning_rate: float = 8e-4
    plain_share: float = 0.1
    frame_every: int = 12


def refine_clip(
    clip: ResnetClip,
    data: TrainingSet,
    words: Words,
    checkpoint: Path,
    schedule: RefineSchedule = RefineSchedule(),
    seed: int = 0,
) -> ResnetClip:
    """Train the image encoder of ``clip`` in place, or resume from ``checkpoint``."""
    model = clip.model
    device = str(clip.device)
    encoder, localiser = ResnetHybridEncoder(clip, HYBRID), DenseLocaliser(clip, GEM)
    sentences = min(schedule.sentences, schedule.captions * schedule.steps)
    captions, texts = encode_captions(clip, words, sentences, seed)
    phrases = names_of(words)
    names = clip_texts(clip, [each.text for each in phrases])
    known = [*words, SCENERY_NAME, WRONG_MASK]
    row_of = {name: row for row, name in enumerate(known)}
    fit_table, name_table = (
        caption_fits(captions, known, words),
        caption_fits(phrases, known, words),
    )
    model.train().requires_grad_(False)
    model.visual.requires_grad_(True)
    model.visual.to(memory_format=torch.channels_last)
    weights = [*model.visual.parameters(), model.logit_scale, model.logit_bias]
    for weight in weights:
        weight.requires_grad_(True)
    loop = TrainingLoop({"clip": model}, weights, schedule, checkpoint, "refining")
    start = loop.first_step
    count = schedule.crops_per_image * len(data)
    bank = CropBank(data, words, HYBRID, clip.image_size, encoder.grid, count, seed + start + 1)
    rng = np.random.default_rng([seed, start, 2])
    for step, crops in zip(loop.steps(), bank.batches(schedule.crops), strict=False):
        chosen = rng.choice(len(captions), schedule.captions, replace=False)
        drawn, text = [captions[i] for i in chosen], texts[torch.from_numpy(chosen)]
        rows = [row_of[name] for name in crops.names]
        fits, right = fit_table[rows][:, chosen].to(device), name_table[rows].to(device)
        local, global_ = crops.local.to(device), crops.global_.to(device)
        with autocast(device.split(":")[0]):
            features = encoder.hybrid_forward(local, global_, crops.grids.to(device))
            logits = pair_logits(clip, features, names)
            hardness = name_losses(logits, right)
            loss = contrastive_loss(pair_logits(clip, features, text), fits) + hardness.mean()
            if rng.random() < schedule.plain_share:
                plain = model.encode_image(local if rng.random() < 0.7 else global_)
                loss = loss + 0.5 * softmax_loss(pair_logits(clip, plain, text), fits)
            if step % schedule.frame_every == 0:
                row = int(rng.integers(len(data)))
                loss = loss + 0.5 * frame_loss(localiser, data, words, row, drawn, text)
        bank.update_hardness(crops, hardness.detach())
        loop.update(loss, {"loss": loss.item(), "name": _accuracy(logits.detach(), right)})
    model.requires_grad_(False).cpu().eval()
    return ResnetClip(model)


def names_of(words: Words) -> list[Caption]:
    """Return a caption for each noun, and for each noun that stands last with each colour."""
    found: dict[str, Caption] = {}
    for each in words.values():
        for noun in each.nouns:
            found.setdefault(f"the {noun}", Caption(f"the {noun}", noun))
        for colour in each.colours:
            for noun in each.nouns[-each.kinds :]:
                text = f"the {colour} {noun}"
                found.setdefault(text, Caption(text, noun, colour))
    return list(found.values())


def encode_captions(
    clip: ResnetClip, words: Words, count: int, seed: int
) -> tuple[list[Caption], Tensor]:
    """Return ``count`` captions of all objects and of scenery, and their features."""
    rng = np.random.default_rng([seed, 3])
    described: list[Description | None] = [*words.values()]
    described += [None] * max(4, len(described) // 40)
    writer = CaptionWriter(list(words.values()))
    order = [described[int(i)] for i in rng.integers(len(described), size=count)]
    captions = [writer.draw(rng, each) for each in order]
    return captions, clip_texts(clip, [caption.text for caption in captions])


def clip_texts(clip: ResnetClip, texts: Sequence[str]) -> Tensor:
    """Return the features of many texts, float KxE."""
    parts = [clip.encode_text(list(texts[at : at + 256])) for at in range(0, len(texts), 256)]
    return torch.cat(parts).to(clip.device)


def name_losses(logits: Tensor, right: Tensor) -> Tensor:
    """Return N losses: -log of the right names' (float NxK) share in the softmax of NxK logits.

    The softmax has one more class, no object, at logit 0: a logit is absolute, and positive where
    the name fits. It is the right class of a crop without a right name.
    """
    nothing = torch.zeros_like(logits[:, :1])
    has_none = (right.sum(1, keepdim=True) == 0).to(right.dtype)
    shares = torch.cat([logits, nothing], dim=1).log_softmax(1)
    fits = torch.cat([right, has_none], dim=1)
    return -shares.masked_fill(fits == 0, float("-inf")).logsumexp(1)


def _accuracy(logits: Tensor, right: Tensor) -> float:
    has = right.sum(1) > 0
    likeliest = logits.argmax(1, keepdim=True)
    return float(right.gather(1, likeliest)[has].mean())

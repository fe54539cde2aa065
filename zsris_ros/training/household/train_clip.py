"""Train a small CLIP with a ResNet on household and tabletop scenes through the hybrid encoder.

All crops of a batch are compared with captions and with names, and the patches of some whole frames
with captions. The losses share the logits scale * cosine + bias. Over captions, the softmax loss
(CLIP) separates them and the sigmoid loss (SigLIP, Zhai et al., 2023) makes each logit an absolute
probability. The names are all nouns, alone and with colours; the softmax over them has one more
class, no object, and a crop with a large loss is drawn more often.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import SCENERY_NAME, Caption, CaptionWriter
from zsris_ros.training.household.crops import CropBank
from zsris_ros.training.training_loop import Schedule, TrainingLoop
from zsris_ros.vision.clip import build_clip
from zsris_ros.vision.gem import GemSettings, resize_bicubic
from zsris_ros.vision.resnet.dense_localiser import DenseLocaliser
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.resnet.resnet_hybrid import ResnetHybridEncoder
from zsris_ros.vision.text_encoder import encode_tokens
from zsris_ros.vision.views import HybridSettings, normalise

ARCHITECTURE: dict[str, Any] = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 32, "patch_size": None},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 128, "heads": 2, "layers": 2},
    "init_logit_scale": math.log(10.0),
    "init_logit_bias": -5.0,
}
HYBRID = HybridSettings(
    start_block=3, fusion_weight=1.0, blur_kernel=41, blur_sigma=8.0, window=1.5
)
GEM = GemSettings(size=448)
"""Settings of the dense map: an object of a whole frame has about the size it has in a crop."""

Words = Mapping[str, Description]
"""The description of every name of a training set."""


@dataclass(frozen=True, kw_only=True)
class ClipSchedule(Schedule):
    """A step compares ``crops`` with ``captions``, the right names and ``other_names``.

    ``crops_per_image`` crops of each image are cut in advance. Every ``frame_every``-th step adds a
    whole frame, and ``plain_share`` of the steps one view alone in CLIP's plain pass.
    """

    steps: int = 10000
    crops_per_image: int = 2
    crops: int = 64
    captions: int = 96
    right_names: int = 160
    other_names: int = 128
    plain_share: float = 0.1
    frame_every: int = 12
    learning_rate: float = 1e-3


def train_clip(
    data: TrainingSet,
    words: Words,
    checkpoint: Path,
    schedule: ClipSchedule = ClipSchedule(),
    seed: int = 0,
) -> ResnetClip:
    """Train from random weights, or resume from ``checkpoint``."""
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    clip = ResnetClip(build_clip(ARCHITECTURE).to(device).train())
    clip.visual.to(memory_format=torch.channels_last)
    encoder, localiser = ResnetHybridEncoder(clip, HYBRID), DenseLocaliser(clip, GEM)
    # Word vectors stay random: millions of parameters for some hundred words, without a gain.
    clip.model.token_embedding.weight.requires_grad_(False)
    weights = [weight for weight in clip.model.parameters() if weight.requires_grad]
    loop = TrainingLoop({"clip": clip.model}, weights, schedule, checkpoint, "small CLIP")
    start = loop.first_step
    count = schedule.crops_per_image * len(data)
    bank = CropBank(data, words, HYBRID, clip.image_size, encoder.grid, count, seed + start)
    names = NameTable(words)
    writer = CaptionWriter(list(words.values()))
    rng = np.random.default_rng([seed, start])
    for step, crops in zip(loop.steps(), bank.batches(schedule.crops), strict=False):
        captions = draw_captions(rng, writer, words, crops.names, schedule.captions)
        drawn = names.draw(rng, crops.names, schedule.right_names, schedule.other_names)
        texts = [each.text for each in (*captions, *drawn.captions)]
        fits = caption_fits(captions, crops.names, words).to(device)
        local, global_ = crops.local.to(device), crops.global_.to(device)
        with autocast(device):
            encoded = encode_tokens(clip.model, clip.tokenize(texts).cpu())
            sentences, phrases = encoded[: len(captions)], encoded[len(captions) :]
            features = encoder.hybrid_forward(local, global_, crops.grids.to(device))
            logits = pair_logits(clip, features, phrases)
            hardness = name_losses(logits, drawn.right.to(device)) * drawn.counts.to(device)
            loss = contrastive_loss(pair_logits(clip, features, sentences), fits) + hardness.mean()
            if rng.random() < schedule.plain_share:
                plain = clip.model.encode_image(local if rng.random() < 0.7 else global_)
                loss = loss + 0.5 * softmax_loss(pair_logits(clip, plain, sentences), fits)
            if step % schedule.frame_every == 0:
                row = int(rng.integers(len(data)))
                loss = loss + 0.5 * frame_loss(localiser, data, words, row, captions, sentences)
        bank.update_hardness(crops, hardness.detach())
        figures = {"loss": loss.item(), "name": _accuracy(logits.detach(), drawn.right.to(device))}
        loop.update(loss, figures)
    clip.model.requires_grad_(False).cpu().eval()
    return ResnetClip(clip.model)


def autocast(device: str) -> Any:
    """Return the context of mixed precision: bfloat16, for which logits need no scaling."""
    return torch.autocast(device, torch.bfloat16)


@dataclass(frozen=True, eq=False)
class DrawnNames:
    """K names for N crops.

    ``right`` float NxK; ``counts`` float N is 0 for a crop whose right names were not drawn. A crop
    without an object counts, although no name is right.
    """

    captions: list[Caption]
    right: Tensor
    counts: Tensor


class NameTable:
    """Every noun of the words, and every noun that stands last with each colour, as captions."""

    def __init__(self, words: Words) -> None:
        found: dict[str, Caption] = {}
        for each in words.values():
            for noun in each.nouns:
                found.setdefault(f"the {noun}", Caption(f"the {noun}", noun))
            for colour in each.colours:
                for noun in each.nouns[-each.kinds :]:
                    text = f"the {colour} {noun}"
                    found.setdefault(text, Caption(text, noun, colour))
        self.captions = list(found.values())
        known = list(words)
        self._rows = {name: row for row, name in enumerate(known)}
        self._fits = caption_fits(self.captions, known, words)

    def draw(
        self, rng: np.random.Generator, names: Sequence[str], right: int, others: int
    ) -> DrawnNames:
        """Draw at most ``right`` of the names that fit some crop, and ``others`` of all."""
        nothing = torch.zeros(len(self.captions))
        table = torch.stack(
            [self._fits[self._rows[name]] if name in self._rows else nothing for name in names]
        )
        fitting = np.flatnonzero(table.sum(0).numpy() > 0)
        if len(fitting) > right:
            fitting = rng.choice(fitting, right, replace=False)
        every = len(self.captions)
        chosen = np.union1d(fitting, rng.choice(every, min(others, every), replace=False))
        drawn = table[:, torch.from_numpy(chosen)]
        counts = (drawn.sum(1) > 0) | (table.sum(1) == 0)
        return DrawnNames([self.captions[int(i)] for i in chosen], drawn, counts.float())


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
    """Return the share of crops with a right name whose likeliest name is one."""
    has = right.sum(1) > 0
    likeliest = logits.argmax(1, keepdim=True)
    return float(right.gather(1, likeliest)[has].mean())


def draw_captions(
    rng: np.random.Generator,
    writer: CaptionWriter,
    words: Words,
    names: Sequence[str],
    count: int,
) -> list[Caption]:
    """Draw captions of the batch's objects and scenery, a quarter of any object of the set."""
    named = [name for name in names if name in words or name == SCENERY_NAME]
    known = list(words)
    chosen = [
        str(rng.choice(known)) if not named or rng.random() < 0.25 else str(rng.choice(named))
        for _ in range(count)
    ]
    return [writer.draw(rng, words.get(name)) for name in chosen]


def contrastive_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the sum of the sigmoid and the softmax loss for NxK logits and float NxK fits."""
    return sigmoid_loss(logits, fits) + softmax_loss(logits, fits)


def softmax_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return CLIP's contrastive loss for several matches in a row and in a column."""
    total = torch.zeros((), device=logits.device)
    for scores, targets in ((logits, fits), (logits.T, fits.T)):
        has = targets.sum(1) > 0
        if bool(has.any()):
            share = targets[has] / targets[has].sum(1, keepdim=True)
            total = total - (share * scores[has].log_softmax(1)).sum(1).mean()
    return total / 2


def frame_loss(
    localiser: DenseLocaliser,
    data: TrainingSet,
    words: Words,
    row: int,
    captions: list[Caption],
    texts: Tensor,
) -> Tensor:
    """Return the loss of a frame's patches, each named after the object of largest coverage.

    The normalisation layers use their running means: one frame is no batch.
    """
    clip, size = localiser.clip, localiser.settings.size
    image = torch.from_numpy(resize_bicubic(np.asarray(data.rgb[row]), size)).permute(2, 0, 1)[None]
    images = normalise(image.float() / 255, localiser.settings.mean, localiser.settings.std)
    clip.visual.eval()
    patches = localiser.patch_features(images.to(clip.device))[0]
    clip.visual.train()
    grid = round(len(patches) ** 0.5)
    names = [SCENERY_NAME, *data.names[row]]
    labels = np.asarray(data.labels[row])
    cover = np.stack(
        [
            cv2.resize(
                (labels == k).astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA
            ).ravel()
            for k in range(len(names))
        ]
    )
    clear = torch.from_numpy(cover.max(0) > 0.6).to(clip.device)
    named = [names[k] for k in cover.argmax(0)]
    fits = caption_fits(captions, named, words).to(clip.device)
    logits = pair_logits(clip, patches[clear], texts)
    return sigmoid_loss(logits, fits[clear]) + softmax_loss(logits.T, fits[clear].T)


def caption_fits(captions: Sequence[Caption], names: Sequence[str], words: Words) -> Tensor:
    """Return float NxK: 1 where caption K fits the object N; a wrong mask fits none."""
    rows = {
        name: [float(each.fits(words.get(name))) for each in captions]
        for name in set(names)
        if name in words or name == SCENERY_NAME
    }
    nothing = [0.0] * len(captions)
    return torch.tensor([rows.get(name, nothing) for name in names])


def pair_logits(clip: ResnetClip, features: Tensor, texts: Tensor) -> Tensor:
    """Return the NxK logits scale * cosine + bias of N features and K texts, float32."""
    cosine = F.normalize(features.float(), dim=-1) @ F.normalize(texts.float(), dim=-1).T
    logits: Tensor = cosine * clip.model.logit_scale.exp() + clip.model.logit_bias
    return logits.float()


def sigmoid_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the binary cross-entropy, with the same total weight for matches and mismatches."""
    each = F.binary_cross_entropy_with_logits(logits, fits, reduction="none")
    right, wrong = fits.sum().clamp(min=1), (1 - fits).sum().clamp(min=1)
    return 0.5 * (each * fits).sum() / right + 0.5 * (each * (1 - fits)).sum() / wrong

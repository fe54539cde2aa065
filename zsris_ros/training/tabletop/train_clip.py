"""Train a small CLIP on the simulated tabletop, from random weights, through the hybrid encoder.

All crops of a batch are compared with all its captions: HybridGL's hybrid features, a plain pass
over one of the two views, and GEM's patch features of whole frames. Two losses share the logits
scale * cosine + bias. The softmax loss (CLIP) separates captions; the sigmoid loss (SigLIP, Zhai et
al., 2023) makes each logit an absolute probability. Two small classifiers, of colour and of shape,
share their weights between image and caption features and are dropped after training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.training.tabletop.captions import NOUNS, SCENERY_NAME, Caption, draw_caption
from zsris_ros.training.tabletop.crops import CropBank, Crops
from zsris_ros.training.tabletop.training_loop import Schedule, TrainingLoop
from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.vision.gem import GemLocaliser, GemSettings, resize_bicubic
from zsris_ros.vision.hybrid import HybridEncoder
from zsris_ros.vision.views import HybridSettings, normalise

ARCHITECTURE: dict[str, Any] = {
    "embed_dim": 128,
    "vision_cfg": {
        "image_size": 112,
        "layers": 4,
        "width": 128,
        "patch_size": 16,
        "head_width": 64,
    },
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 128, "heads": 2, "layers": 2},
    "init_logit_scale": math.log(10.0),
    "init_logit_bias": -5.0,
}
HYBRID = HybridSettings(
    start_block=3, fusion_weight=1.0, blur_kernel=41, blur_sigma=8.0, window=1.5
)
GEM = GemSettings(blocks=2, size=224)


@dataclass(frozen=True, kw_only=True)
class ClipSchedule(Schedule):
    """A step compares ``crops`` with ``captions``, every ``frame_every``-th step a frame as well.

    ``crops_per_image`` crops of each image are cut in advance.
    """

    steps: int = 6000
    crops_per_image: int = 5
    crops: int = 32
    captions: int = 32
    frame_every: int = 3
    learning_rate: float = 1.2e-3
    dense_weight: float = 0.5


def train_clip(
    data: TrainingSet, checkpoint: Path, schedule: ClipSchedule = ClipSchedule(), seed: int = 0
) -> ClipModel:
    """Train from random weights, or resume from ``checkpoint``."""
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    clip = ClipModel(build_clip(ARCHITECTURE).to(device).train())
    encoder, localiser = HybridEncoder(clip, HYBRID), GemLocaliser(clip, GEM)
    # Word vectors stay random: 6 M parameters for some hundred words, without a gain.
    clip.model.token_embedding.weight.requires_grad_(False)
    classifiers = Classifiers(clip.embed_dim).to(device)
    weights = [*clip.model.parameters(), *classifiers.parameters()]
    weights = [weight for weight in weights if weight.requires_grad]
    modules = {"clip": clip.model, "classifiers": classifiers}
    loop = TrainingLoop(modules, weights, schedule, checkpoint, "small CLIP")
    start = loop.first_step
    count = schedule.crops_per_image * len(data)
    bank = CropBank(data, HYBRID, clip.image_size, clip.grid, count, seed + start)
    rng = np.random.default_rng([seed, start])
    for step in loop.steps():
        crops = bank.batch(schedule.crops)
        named = [name for name in crops.names if name]
        captions = [draw_caption(rng, str(rng.choice(named))) for _ in range(schedule.captions)]
        texts = clip.model.encode_text(clip.tokenize([caption.text for caption in captions]))
        loss, figures = _crop_loss(encoder, classifiers, crops, captions, texts, rng)
        if step % schedule.frame_every == 0:
            row = int(rng.integers(len(data)))
            dense = frame_loss(localiser, data, row, captions, texts)
            loss = loss + schedule.dense_weight * dense
            figures["dense"] = float(dense.detach())
        loop.update(loss, figures)
    clip.model.requires_grad_(False).cpu().eval()
    return ClipModel(clip.model)


class Classifiers(nn.Module):
    """Linear classifiers of colour and shape for image and text features; the last class: none."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.colour = nn.Linear(width, len(COLOURS) + 1)
        self.shape = nn.Linear(width, len(NOUNS) + 1)

    def forward(self, features: Tensor, labels: list[tuple[str | None, str | None]]) -> Tensor:
        """Return the mean cross-entropy of NxE features; a label None is ignored."""
        unit = F.normalize(features, dim=-1) * 8.0
        total = torch.zeros((), device=features.device)
        for position, (classifier, classes) in enumerate(
            ((self.colour, [*COLOURS, ""]), (self.shape, [*NOUNS, ""]))
        ):
            names = [label[position] for label in labels]
            indices = [-100 if name is None else classes.index(name) for name in names]
            target = torch.tensor(indices, device=features.device)
            if bool((target >= 0).any()):
                total = total + F.cross_entropy(classifier(unit), target)
        return total

    def shape_accuracy(self, features: Tensor, labels: list[tuple[str, str]]) -> float:
        """Return the share of correctly classified shapes."""
        classes = [*NOUNS, ""]
        predicted = self.shape(F.normalize(features, dim=-1)).argmax(1).tolist()
        right = [classes[k] == shape for k, (_, shape) in zip(predicted, labels, strict=True)]
        return sum(right) / len(right)


def _crop_loss(
    encoder: HybridEncoder,
    classifiers: Classifiers,
    crops: Crops,
    captions: list[Caption],
    texts: Tensor,
    rng: np.random.Generator,
) -> tuple[Tensor, dict[str, float]]:
    clip = encoder.clip
    fits = caption_fits(captions, crops.names).to(clip.device)
    local, global_ = crops.local.to(clip.device), crops.global_.to(clip.device)
    features = encoder.hybrid_forward(local, global_, crops.grids.to(clip.device))
    logits = pair_logits(clip, features, texts)
    loss = contrastive_loss(logits, fits)
    crop_labels = [_labels(name) for name in crops.names]
    caption_labels = [("", "") if c.scenery else (c.colour, c.shape) for c in captions]
    loss = loss + 0.5 * (classifiers(features, crop_labels) + classifiers(texts, caption_labels))
    if rng.random() < 0.3:
        plain = clip.model.encode_image(local if rng.random() < 0.7 else global_)
        loss = loss + 0.5 * softmax_loss(pair_logits(clip, plain, texts), fits)
        loss = loss + 0.25 * classifiers(plain, crop_labels)
    right = ((logits > 0) == fits.bool()).float()
    figures = {
        "loss": float(loss.detach()),
        "recall": float(right[fits.bool()].mean()),
        "rejected": float(right[~fits.bool()].mean()),
        "shape": classifiers.shape_accuracy(features, crop_labels),
    }
    return loss, figures


def _labels(name: str) -> tuple[str, str]:
    """Return (colour, shape) of a crop; empty strings for scenery and for wrong masks."""
    words = name.split()
    return (words[0], words[1]) if len(words) == 2 else ("", "")


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
    localiser: GemLocaliser, data: TrainingSet, row: int, captions: list[Caption], texts: Tensor
) -> Tensor:
    """Return the loss of a frame's GEM patches, each named after the object of largest coverage."""
    clip, size = localiser.clip, localiser.settings.size
    image = torch.from_numpy(resize_bicubic(np.asarray(data.rgb[row]), size)).permute(2, 0, 1)[None]
    images = normalise(image.float() / 255, localiser.settings.mean, localiser.settings.std)
    patches = localiser.patch_features(images.to(clip.device))[0]
    grid = size // clip.patch_size
    names = [SCENERY_NAME, *data.names[row]]
    cover = np.stack(
        [
            cv2.resize(
                (data.labels[row] == k).astype(np.float32),
                (grid, grid),
                interpolation=cv2.INTER_AREA,
            ).ravel()
            for k in range(len(names))
        ]
    )
    clear = torch.from_numpy(cover.max(0) > 0.6).to(clip.device)
    named = [names[k] for k in cover.argmax(0)]
    fits = caption_fits(captions, named).to(clip.device)
    logits = pair_logits(clip, patches[clear], texts)
    return sigmoid_loss(logits, fits[clear]) + softmax_loss(logits.T, fits[clear].T)


def caption_fits(captions: list[Caption], names: list[str]) -> Tensor:
    """Return float NxK: 1 where caption K fits the object N."""
    return torch.tensor(
        [[float(bool(name) and caption.fits(name)) for caption in captions] for name in names]
    )


def pair_logits(clip: ClipModel, features: Tensor, texts: Tensor) -> Tensor:
    """Return the NxK logits scale * cosine + bias of N features and K texts."""
    cosine = F.normalize(features, dim=-1) @ F.normalize(texts, dim=-1).T
    logits: Tensor = cosine * clip.model.logit_scale.exp() + clip.model.logit_bias
    return logits


def sigmoid_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the binary cross-entropy, with the same total weight for matches and mismatches."""
    each = F.binary_cross_entropy_with_logits(logits, fits, reduction="none")
    right, wrong = fits.sum().clamp(min=1), (1 - fits).sum().clamp(min=1)
    return 0.5 * (each * fits).sum() / right + 0.5 * (each * (1 - fits)).sum() / wrong

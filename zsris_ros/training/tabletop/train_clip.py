"""Train a small CLIP on the simulated tabletop, from nothing, through the encoder it will serve.

All crops of a batch are compared with all its captions: HybridGL's hybrid features, a plain pass
over one of the two views, and GEM's patch features of whole frames. Two losses share the logits
scale * cosine + bias. The softmax (CLIP's own) tells captions apart; the sigmoid (SigLIP's, Zhai et
al., 2023) makes a logit mean a probability by itself and not only among the candidates of one
picture. Two small classifiers, of colour and of shape, read pictures and captions alike and pull
both into one space early; they are dropped afterwards.
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
from tqdm import tqdm

from zsris_ros.simulation.layout import COLOURS
from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.training.tabletop.captions import NOUNS, SCENERY_NAME, Caption, draw_caption
from zsris_ros.training.tabletop.crops import CropBank, Crops
from zsris_ros.training.tabletop.resumption import resume, save
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
    "text_cfg": {
        "context_length": 24,
        "vocab_size": 49408,
        "width": 128,
        "heads": 2,
        "layers": 2,
    },
    "init_logit_scale": math.log(10.0),
    "init_logit_bias": -5.0,
}
HYBRID = HybridSettings(
    start_block=3, fusion_weight=1.0, blur_kernel=41, blur_sigma=8.0, window=1.5
)
GEM = GemSettings(blocks=2, size=224)


@dataclass(frozen=True)
class ClipSchedule:
    """AdamW with warm-up and cosine decay.

    Each picture gives ``crops_a_picture``, cut in advance. A step takes ``crops`` of them and
    ``captions``, every ``frame_every``-th step a whole frame too.
    """

    steps: int = 6000
    crops_a_picture: int = 5
    crops: int = 32
    captions: int = 32
    frame_every: int = 3
    learning_rate: float = 1.2e-3
    warm_up: int = 100
    dense_weight: float = 0.5

    def rate(self, step: int) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps)))
        return self.learning_rate * min(1.0, (step + 1) / self.warm_up) * max(cosine, 0.01)


def train_clip(
    data: TrainingSet, checkpoint: Path, schedule: ClipSchedule = ClipSchedule(), seed: int = 0
) -> ClipModel:
    """Train from nothing, or go on from ``checkpoint``, which is rewritten every 250 steps."""
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    clip = ClipModel(build_clip(ARCHITECTURE).to(device).train())
    encoder, localiser = HybridEncoder(clip, HYBRID), GemLocaliser(clip, GEM)
    # Word vectors stay as they are drawn: 6 M parameters for some hundred words learn nothing more.
    clip.model.token_embedding.weight.requires_grad_(False)
    classifiers = Classifiers(clip.embed_dim).to(device)
    weights = [*clip.model.parameters(), *classifiers.parameters()]
    weights = [weight for weight in weights if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        weights, lr=schedule.learning_rate, betas=(0.9, 0.98), weight_decay=0.02
    )
    state = {"clip": clip.model, "classifiers": classifiers, "optimizer": optimizer}
    start = resume(checkpoint, state)
    count = schedule.crops_a_picture * len(data)
    bank = CropBank(data, HYBRID, clip.image_size, clip.grid, count, seed + start)
    rng = np.random.default_rng([seed, start])
    running: dict[str, float] = {}
    with tqdm(total=schedule.steps, initial=start, desc="small CLIP", unit="step") as bar:
        for step in range(start, schedule.steps):
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(step)
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
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            for key, value in figures.items():
                running[key] = 0.97 * running.get(key, value) + 0.03 * value
            bar.update()
            bar.set_postfix({key: f"{value:.3f}" for key, value in running.items()})
            if (step + 1) % 250 == 0 or step + 1 == schedule.steps:
                save(checkpoint, state, step + 1)
    clip.model.requires_grad_(False).cpu().eval()
    return ClipModel(clip.model)


class Classifiers(nn.Module):
    """Colour and shape read off a feature, of a picture or of a caption; the last class is none."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.colour = nn.Linear(width, len(COLOURS) + 1)
        self.shape = nn.Linear(width, len(NOUNS) + 1)

    def forward(self, features: Tensor, kinds: list[tuple[str | None, str | None]]) -> Tensor:
        """Mean cross-entropy of NxE features against (colour, shape); None is not asked."""
        unit = F.normalize(features, dim=-1) * 8.0
        total = torch.zeros((), device=features.device)
        for position, (classifier, classes) in enumerate(
            ((self.colour, [*COLOURS, ""]), (self.shape, [*NOUNS, ""]))
        ):
            wanted = [kind[position] for kind in kinds]
            target = [-100 if name is None else classes.index(name) for name in wanted]
            labels = torch.tensor(target, device=features.device)
            if bool((labels >= 0).any()):
                total = total + F.cross_entropy(classifier(unit), labels)
        return total

    def shape_accuracy(self, features: Tensor, kinds: list[tuple[str, str]]) -> float:
        """How many shapes (or none) are told rightly from the features."""
        classes = [*NOUNS, ""]
        told = self.shape(F.normalize(features, dim=-1)).argmax(1).tolist()
        right = [classes[k] == shape for k, (_, shape) in zip(told, kinds, strict=True)]
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
    loss = sigmoid_loss(logits, fits) + softmax_loss(logits, fits)
    kinds = [_kinds(name) for name in crops.names]
    told = [("", "") if c.scenery else (c.colour, c.shape) for c in captions]
    loss = loss + 0.5 * (classifiers(features, kinds) + classifiers(texts, told))
    if rng.random() < 0.3:
        plain = clip.model.encode_image(local if rng.random() < 0.7 else global_)
        loss = loss + 0.5 * softmax_loss(pair_logits(clip, plain, texts), fits)
        loss = loss + 0.25 * classifiers(plain, kinds)
    right = ((logits > 0) == fits.bool()).float()
    figures = {
        "loss": float(loss.detach()),
        "recall": float(right[fits.bool()].mean()),
        "rejected": float(right[~fits.bool()].mean()),
        "shape": classifiers.shape_accuracy(features, kinds),
    }
    return loss, figures


def _kinds(name: str) -> tuple[str, str]:
    """(colour, shape) of a crop's name; empty strings for scenery and for wrong masks."""
    words = name.split()
    return (words[0], words[1]) if len(words) == 2 else ("", "")


def softmax_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """CLIP's contrastive loss where a caption may fit several crops and a crop several captions."""
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
    """The sigmoid loss of one whole frame's GEM patches, each named after what covers it most."""
    clip, size = localiser.clip, localiser.settings.size
    picture = torch.from_numpy(resize_bicubic(np.asarray(data.rgb[row]), size)).permute(2, 0, 1)[
        None
    ]
    images = normalise(picture.float() / 255, localiser.settings.mean, localiser.settings.std)
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
    """Float NxK: which crop each caption fits."""
    return torch.tensor(
        [[float(bool(name) and caption.fits(name)) for caption in captions] for name in names]
    )


def pair_logits(clip: ClipModel, features: Tensor, texts: Tensor) -> Tensor:
    """NxK logits scale * cosine + bias of N features and K texts."""
    cosine = F.normalize(features, dim=-1) @ F.normalize(texts, dim=-1).T
    logits: Tensor = cosine * clip.model.logit_scale.exp() + clip.model.logit_bias
    return logits


def sigmoid_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Binary cross-entropy with right and wrong pairs weighing the same in the batch."""
    each = F.binary_cross_entropy_with_logits(logits, fits, reduction="none")
    right, wrong = fits.sum().clamp(min=1), (1 - fits).sum().clamp(min=1)
    return 0.5 * (each * fits).sum() / right + 0.5 * (each * (1 - fits)).sum() / wrong

"""Train a small CLIP with a ResNet on household and tabletop scenes through the hybrid encoder.

All crops of a batch are compared with all its captions: HybridGL's hybrid features, a plain pass
over one of the two views, and patch features of whole frames. Two losses share the logits
scale * cosine + bias. The softmax loss (CLIP) separates captions; the sigmoid loss (SigLIP, Zhai et
al., 2023) makes each logit an absolute probability. Two small classifiers, of nouns and of colours,
share their weights between image and caption features and are dropped after training.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import SCENERY_NAME, Caption, CaptionWriter
from zsris_ros.training.household.crops import CropBank, Crops
from zsris_ros.training.training_loop import Schedule, TrainingLoop
from zsris_ros.vision.clip import build_clip
from zsris_ros.vision.gem import GemSettings, resize_bicubic
from zsris_ros.vision.resnet.dense_localiser import DenseLocaliser
from zsris_ros.vision.resnet.resnet_clip import ResnetClip
from zsris_ros.vision.resnet.resnet_hybrid import ResnetHybridEncoder
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
    """A step compares ``crops`` with ``captions``, every ``frame_every``-th step a frame as well.

    ``crops_per_image`` crops of each image are cut in advance. ``plain_share`` of the steps show
    one view in a plain pass, which costs half, instead of both in the hybrid one.
    """

    steps: int = 4000
    crops_per_image: int = 6
    crops: int = 64
    captions: int = 64
    plain_share: float = 0.5
    frame_every: int = 8
    learning_rate: float = 1.2e-3
    dense_weight: float = 0.3


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
    classifiers = Classifiers(clip.embed_dim, words.values()).to(device)
    weights = [*clip.model.parameters(), *classifiers.parameters()]
    weights = [weight for weight in weights if weight.requires_grad]
    modules = {"clip": clip.model, "classifiers": classifiers}
    loop = TrainingLoop(modules, weights, schedule, checkpoint, "small CLIP")
    start = loop.first_step
    count = schedule.crops_per_image * len(data)
    bank = CropBank(data, words, HYBRID, clip.image_size, encoder.grid, count, seed + start)
    writer = CaptionWriter(list(words.values()))
    rng = np.random.default_rng([seed, start])
    for step, crops in zip(loop.steps(), bank.batches(schedule.crops), strict=False):
        captions = draw_captions(rng, writer, words, crops.names, schedule.captions)
        with autocast(device):
            texts = clip.model.encode_text(clip.tokenize([each.text for each in captions]))
            features = _features(encoder, crops, rng, schedule.plain_share)
            fits = caption_fits(captions, crops.names, words).to(clip.device)
            logits = pair_logits(clip, features, texts)
            loss = contrastive_loss(logits, fits)
            described = [words.get(name) for name in crops.names]
            loss = loss + 0.5 * classifiers(features, described)
            loss = loss + 0.5 * classifiers(texts, [_description(each) for each in captions])
            figures = {"loss": loss.item(), "noun": classifiers.accuracy(features, described)}
            if step % schedule.frame_every == 0:
                row = int(rng.integers(len(data)))
                dense = frame_loss(localiser, data, words, row, captions, texts)
                loss = loss + schedule.dense_weight * dense
        right = ((logits > 0) == fits.bool()).float()
        figures["recall"] = float(right[fits.bool()].mean())
        figures["rejected"] = float(right[~fits.bool()].mean())
        loop.update(loss, figures)
    clip.model.requires_grad_(False).cpu().eval()
    return ResnetClip(clip.model)


def autocast(device: str) -> Any:
    """Return the context of mixed precision: bfloat16, for which logits need no scaling."""
    return torch.autocast(device, torch.bfloat16)


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


class Classifiers(nn.Module):
    """Linear classifiers of nouns and colours for image and text features."""

    def __init__(self, width: int, descriptions: Iterable[Description]) -> None:
        super().__init__()
        known = list(descriptions)
        self._nouns = sorted({noun for each in known for noun in each.nouns})
        self._colours = sorted({colour for each in known for colour in each.colours})
        self.noun = nn.Linear(width, len(self._nouns))
        self.colour = nn.Linear(width, len(self._colours))

    def forward(self, features: Tensor, descriptions: Sequence[Description | None]) -> Tensor:
        """Return the mean cross-entropy of NxE features; several right classes share the target."""
        unit = F.normalize(features.float(), dim=-1) * 8.0
        total = torch.zeros((), device=features.device)
        for classifier, classes, right in (
            (self.noun, self._nouns, [each.nouns if each else () for each in descriptions]),
            (self.colour, self._colours, [each.colours if each else () for each in descriptions]),
        ):
            target = torch.tensor(
                [[float(name in names) for name in classes] for names in right],
                device=features.device,
            )
            has = target.sum(1) > 0
            if bool(has.any()):
                share = target[has] / target[has].sum(1, keepdim=True)
                total = total - (share * classifier(unit[has]).log_softmax(1)).sum(1).mean()
        return total

    def accuracy(self, features: Tensor, descriptions: Sequence[Description | None]) -> float:
        """Return the share of objects whose likeliest noun fits."""
        unit = F.normalize(features.detach().float(), dim=-1) * 8.0
        likeliest = self.noun(unit).argmax(1).tolist()
        right = [
            self._nouns[k] in each.nouns
            for k, each in zip(likeliest, descriptions, strict=True)
            if each
        ]
        return sum(right) / max(1, len(right))


def _features(
    encoder: ResnetHybridEncoder, crops: Crops, rng: np.random.Generator, plain_share: float
) -> Tensor:
    device = encoder.clip.device
    local, global_ = crops.local.to(device), crops.global_.to(device)
    if rng.random() < plain_share:
        plain: Tensor = encoder.clip.model.encode_image(local if rng.random() < 0.7 else global_)
        return plain
    return encoder.hybrid_forward(local, global_, crops.grids.to(device))


def _description(caption: Caption) -> Description:
    """Return the words that a caption names, as a description."""
    return Description(
        (caption.noun,) if caption.noun else (), (caption.colour,) if caption.colour else ()
    )


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

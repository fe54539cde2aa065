"""Train a small CLIP with a ResNet on household and tabletop scenes through the hybrid encoder.

All crops of a batch are compared with captions and with names, and the patches of some whole frames
with captions. Names are all nouns, alone and with colours. The losses share the logits
scale * cosine + bias: softmax losses (CLIP) separate the texts of a crop and the crops of a text,
and the sigmoid loss (SigLIP, Zhai et al., 2023) makes each logit an absolute probability.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from zsris_ros.simulation.training_set import TrainingSet, load_training_set
from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import SCENERY_NAME, Caption, CaptionWriter
from zsris_ros.training.household.crop_bank import CropBank, CropIndex, crop_names
from zsris_ros.training.household.export import load_clip
from zsris_ros.training.loading import load_in_advance
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
    "vision_cfg": {"image_size": 64, "layers": [2, 2, 2, 2], "width": 40, "patch_size": None},
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
Tokenize = Callable[[Sequence[str]], Tensor]


@dataclass(frozen=True, kw_only=True)
class ClipSchedule(Schedule):
    """A step compares ``crops`` with ``captions``, names of each and ``other_names``.

    Every ``frame_every``-th step adds a whole frame, and ``plain_share`` of the steps one view
    alone in CLIP's plain pass.
    """

    steps: int = 7500
    crops: int = 320
    captions: int = 64
    names_per_crop: int = 2
    other_names: int = 96
    plain_share: float = 0.1
    frame_every: int = 12
    learning_rate: float = 1.5e-3
    warm_up: int = 300


@dataclass(frozen=True, eq=False)
class Plan:
    """The N crops of a step and its K texts: captions of their objects, then names.

    ``rows`` int64 N of the crops; ``tokens`` int64 KxL; ``fits`` float32 NxK, 1 where a text fits a
    crop.
    """

    rows: npt.NDArray[np.int64]
    captions: list[Caption]
    tokens: npt.NDArray[np.int64]
    fits: npt.NDArray[np.float32]


class Plans(IterableDataset[Plan]):
    """The plans of the steps, without end; each process of a loader draws others.

    Args:
        index: The crops.
        words: Describes the names.
        tokenize: Returns the tokens of texts, int64 KxL, on the CPU.
        schedule: How many crops and texts.
        seed: Determines the plans.
    """

    def __init__(
        self,
        index: CropIndex,
        words: Words,
        tokenize: Tokenize,
        schedule: ClipSchedule,
        seed: int,
    ) -> None:
        self._index, self._words, self._schedule, self._seed = index, words, schedule, seed
        self._tokenize, self._names = tokenize, NameTable(words)
        self._name_tokens = tokenize([each.text for each in self._names.captions])

    def __iter__(self) -> Iterator[Plan]:
        worker = get_worker_info()
        rng = np.random.default_rng([self._seed, worker.id if worker else 0])
        writer, schedule = CaptionWriter(list(self._words.values())), self._schedule
        while True:
            rows = self._index.draw(rng, schedule.crops)
            shown = [self._index.names[row] for row in rows]
            captions = draw_captions(rng, writer, self._words, shown, schedule.captions)
            fits = caption_fits(captions, shown, self._words)
            columns, name_fits = self._names.draw(
                rng, shown, schedule.names_per_crop, schedule.other_names
            )
            tokens = self._tokenize([each.text for each in captions])
            yield Plan(
                rows,
                captions,
                torch.cat([tokens, self._name_tokens[columns]]).numpy(),
                torch.cat([fits, name_fits], dim=1).numpy(),
            )


def train_clip(
    directories: Sequence[Path],
    words: Words,
    checkpoint: Path,
    schedule: ClipSchedule = ClipSchedule(),
    seed: int = 0,
    *,
    begin: Path | None = None,
    workers: int = 0,
) -> ResnetClip:
    """Train a network or resume ``checkpoint``. Figures go to a CSV file beside it.

    Args:
        directories: Sets with crops (``crops.cut_set``).
        words: The description of every name of the sets.
        checkpoint: The file of the network and the optimizer.
        schedule: Steps, batch and learning rate.
        seed: Of the weights and the batches.
        begin: Weights of this architecture to begin with, instead of random ones.
        workers: Processes that draw the plans of the steps; 0 draws them in this one.
    """
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    clip = ResnetClip(build_clip(ARCHITECTURE).train())
    if begin is not None:
        load_clip(clip, begin)
    clip.model.to(device)
    clip.visual.to(memory_format=torch.channels_last)
    encoder, localiser = ResnetHybridEncoder(clip, HYBRID), DenseLocaliser(clip, GEM)
    # Word vectors stay random: millions of parameters for some hundred words, without a gain.
    clip.model.token_embedding.weight.requires_grad_(False)
    weights = [weight for weight in clip.model.parameters() if weight.requires_grad]
    log = checkpoint.with_suffix(".csv")
    loop = TrainingLoop({"clip": clip.model}, weights, schedule, checkpoint, "small CLIP", log=log)
    data, index = load_training_set(*directories), CropIndex(crop_names(directories), words)
    seed += loop.first_step  # A resumed training draws other batches than its first ones.
    bank = CropBank(directories, HYBRID, clip.image_size, encoder.grid, device, seed)
    plans = Plans(index, words, clip.token_ids, schedule, seed)
    rng = np.random.default_rng([seed, 1])
    for step, plan in zip(loop.steps(), load_in_advance(plans, workers), strict=False):
        crops, fits = bank.views(plan.rows), torch.from_numpy(plan.fits).to(device)
        texts = encode_tokens(clip.model, torch.from_numpy(plan.tokens))
        with autocast(device):
            features = encoder.hybrid_forward(crops.local, crops.global_, crops.grids)
        logits = pair_logits(clip, features, texts)
        loss = contrastive_loss(logits, fits)
        if rng.random() < schedule.plain_share:
            with autocast(device):
                view = crops.local if rng.random() < 0.7 else crops.global_
                plain = clip.model.encode_image(view)
            loss = loss + 0.5 * contrastive_loss(pair_logits(clip, plain, texts), fits)
        count = len(plan.captions)
        if step % schedule.frame_every == 0:
            row = int(rng.integers(len(data)))
            loss = loss + 0.5 * frame_loss(
                localiser, data, words, row, plan.captions, texts[:count]
            )
        accuracy = _accuracy(logits[:, count:].detach(), fits[:, count:])
        loop.update(loss, {"loss": loss.detach(), "name": accuracy})
    clip.model.requires_grad_(False).cpu().eval()
    return ResnetClip(clip.model)


def autocast(device: torch.device) -> Any:
    """Return the context of mixed precision: bfloat16, for which logits need no scaling."""
    return torch.autocast(device.type, torch.bfloat16)


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
        self, rng: np.random.Generator, names: Sequence[str], each: int, others: int
    ) -> tuple[list[int], Tensor]:
        """Draw at most ``each`` captions that fit each of N objects, and ``others`` of all.

        Returns the indices of K captions and float NxK, 1 where a caption fits.
        """
        nothing = torch.zeros(len(self.captions))
        table = torch.stack(
            [self._fits[self._rows[name]] if name in self._rows else nothing for name in names]
        )
        chosen = set(rng.integers(len(self.captions), size=others).tolist())
        for row in table.numpy():
            fitting = np.flatnonzero(row)
            chosen |= set(rng.permutation(fitting)[:each].tolist())
        columns = sorted(chosen)
        return columns, table[:, columns]


def _accuracy(logits: Tensor, right: Tensor) -> Tensor:
    """Return the share of the crops with right names whose likeliest name is one; 0 without any."""
    named = (right.sum(1) > 0).sum()
    likeliest = logits.argmax(1, keepdim=True)
    return right.gather(1, likeliest).sum() / named.clamp(min=1)


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
    """Return the sum of the sigmoid and both softmax losses for NxK logits and float NxK fits."""
    return sigmoid_loss(logits, fits) + crop_loss(logits, fits) + text_loss(logits, fits)


def crop_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the mean over crops: each text that fits against all that do not, by softmax.

    The texts that fit do not compete: the rare name of an object has to win as well as the general
    one, whose share alone would satisfy a softmax of their sum. One more class, no object, competes
    at logit 0, which makes a logit absolute. It is the right class of a crop that no text fits.
    """
    wrong = logits.masked_fill(fits > 0, float("-inf")).logsumexp(1, keepdim=True)
    matches = F.softplus(torch.logaddexp(wrong, torch.zeros_like(wrong)) - logits)
    count = fits.sum(1)
    mean = (matches * fits).sum(1) / count.clamp(min=1)
    return torch.where(count > 0, mean, F.softplus(wrong[:, 0])).mean()


def text_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """Return the mean over texts: each crop that fits against all that do not, by softmax."""
    count = fits.sum(0)
    wrong = logits.masked_fill(fits > 0, float("-inf")).logsumexp(0, keepdim=True)
    mean = (F.softplus(wrong - logits) * fits).sum(0) / count.clamp(min=1)
    return mean.sum() / (count > 0).sum().clamp(min=1)


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
    return sigmoid_loss(logits, fits[clear]) + text_loss(logits, fits[clear])


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

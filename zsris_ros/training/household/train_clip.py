"""Train a small CLIP with a ResNet on household and tabletop scenes through the hybrid encoder.

All crops of a batch are compared with captions and with names, and the patches of some whole frames
with captions. Names are all nouns, alone and with colours. The losses share the logits
scale * cosine + bias: softmax losses (CLIP) separate the texts of a crop and the crops of a text,
and the sigmoid loss (SigLIP, Zhai et al., 2023) makes each logit an absolute probability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from zsris_ros.simulation.training_set import TrainingSet, load_training_set
from zsris_ros.training.household.captions import SCENERY_NAME, Caption
from zsris_ros.training.household.clip_batches import (
    ClipBatches,
    ClipSchedule,
    Words,
    caption_fits,
)
from zsris_ros.training.household.clip_losses import (
    contrastive_loss,
    pair_logits,
    sigmoid_loss,
    text_loss,
)
from zsris_ros.training.household.crop_bank import CropBank, CropIndex, crop_names
from zsris_ros.training.household.export import load_clip
from zsris_ros.training.loading import load_in_advance
from zsris_ros.training.training_loop import TrainingLoop
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


def train_clip(
    directories: Sequence[Path],
    words: Words,
    checkpoint: Path,
    schedule: ClipSchedule,
    seed: int = 0,
    *,
    initial: Path | None = None,
    workers: int = 0,
) -> ResnetClip:
    """Train a network or resume ``checkpoint``. Figures go to a CSV file beside it.

    Args:
        directories: Sets with crops (``crops.cut_set``).
        words: The description of every name of the sets.
        checkpoint: The file of the network and the optimizer.
        schedule: Steps, batch and learning rate.
        seed: Of the weights and the batches.
        initial: Exported weights of this architecture to start from, instead of random ones.
        workers: Processes that draw the batches; 0 draws them in this one.
    """
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    clip = ResnetClip(build_clip(ARCHITECTURE).train())
    if initial is not None:
        load_clip(clip, initial)
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
    batches = ClipBatches(index, words, clip.token_ids, schedule, seed)
    rng = np.random.default_rng([seed, 1])
    for step, batch in zip(loop.steps(), load_in_advance(batches, workers), strict=False):
        crops, fits = bank.views(batch.rows), torch.from_numpy(batch.fits).to(device)
        texts = encode_tokens(clip.model, torch.from_numpy(batch.tokens))
        with autocast(device):
            features = encoder.hybrid_forward(crops.local, crops.global_, crops.grids)
        logits = pair_logits(clip, features, texts)
        loss = contrastive_loss(logits, fits)
        if rng.random() < schedule.plain_share:
            with autocast(device):
                view = crops.local if rng.random() < 0.7 else crops.global_
                plain = clip.model.encode_image(view)
            loss = loss + 0.5 * contrastive_loss(pair_logits(clip, plain, texts), fits)
        count = len(batch.captions)
        if step % schedule.frame_every == 0:
            row = int(rng.integers(len(data)))
            loss = loss + 0.5 * frame_loss(
                localiser, data, words, row, batch.captions, texts[:count]
            )
        accuracy = _accuracy(logits[:, count:].detach(), fits[:, count:])
        loop.update(loss, {"loss": loss.detach(), "name": accuracy})
    clip.model.requires_grad_(False).cpu().eval()
    return ResnetClip(clip.model)


def autocast(device: torch.device) -> Any:
    """Return the context of mixed precision: bfloat16, for which logits need no scaling."""
    return torch.autocast(device.type, torch.bfloat16)


def _accuracy(logits: Tensor, right: Tensor) -> Tensor:
    """Return the share of the crops with right names whose likeliest name is one; 0 without any."""
    named = (right.sum(1) > 0).sum()
    likeliest = logits.argmax(1, keepdim=True)
    return right.gather(1, likeliest).sum() / named.clamp(min=1)


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

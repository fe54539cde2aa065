"""The tokens of a trained text encoder: those of CLIP's names and of the training sentences."""

from __future__ import annotations

import torch
from torch import Tensor
from tqdm import tqdm

from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.evaluation.datasets.items import DataSet
from zsris_ros.training.vatex.mirroring import mirror_sentence


def known_tokens(data: DataSet, clip: FrozenClip) -> Tensor:
    """Return the ids int64 K, ascending, of all tokens that the training can show.

    The rows of a small CLIP's table that were never trained are zeros; they are left out unless a
    sentence, or its mirror image, holds them.
    """
    table = clip.clip.model.token_embedding.weight
    ids = set(table.any(dim=1).nonzero()[:, 0].tolist())
    for name in tqdm(data.names(), "reading the sentences", unit="image"):
        for question in data.item(name).questions:
            texts = [question.text, mirror_sentence(question.text) or question.text]
            ids.update(clip.clip.tokenize(texts).flatten().tolist())
    return torch.tensor(sorted(ids))

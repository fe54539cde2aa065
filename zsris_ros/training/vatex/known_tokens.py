"""The tokens of a trained text encoder: those of CLIP's names and of the training sentences."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.evaluation.datasets.items import DataSet
from zsris_ros.simulation.forking import without_opencv_threads
from zsris_ros.training.vatex.mirroring import mirror_sentence


class _Sentences(Dataset[set[str]]):
    """The sentences of each item and their mirror images."""

    def __init__(self, data: DataSet) -> None:
        self._data, self._names = data, data.names()

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> set[str]:
        texts = [question.text for question in self._data.item(self._names[index]).questions]
        return {*texts, *(mirror_sentence(text) or text for text in texts)}


def known_tokens(data: DataSet, clip: FrozenClip, workers: int = 0) -> Tensor:
    """Return the ids int64 K, ascending, of all tokens that the training can show.

    The rows of a small CLIP's table that were never trained are zeros; they are left out unless a
    sentence, or its mirror image, holds them.

    Args:
        data: Images or videos.
        clip: The CLIP with the table.
        workers: Processes that read the data.
    """
    table = clip.clip.model.token_embedding.weight
    ids = set(table.any(dim=1).nonzero()[:, 0].tolist())
    loader: DataLoader[set[str]] = DataLoader(
        _Sentences(data),
        batch_size=None,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
    )
    with without_opencv_threads():
        read = tqdm(loader, "reading the sentences", unit="image")
        texts = {text for each in read for text in each}
    if texts:
        ids.update(clip.clip.tokenize(sorted(texts)).unique().tolist())
    return torch.tensor(sorted(ids))

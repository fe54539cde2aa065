"""Batches of clips with triplets, equal for any number of processes; images are clips of one frame.

The examples of a step depend on the seed and the step alone: a resumed training goes on with the
batches that it would have had, and W processes share the batch of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from zsris_ros.baselines.vatex.frozen_clip import FrozenClip
from zsris_ros.baselines.vatex.network import Texts, pad_images
from zsris_ros.evaluation.datasets.items import Clip, DataSet
from zsris_ros.evaluation.datasets.referring_video import VideoData
from zsris_ros.training.vatex.losses import Targets
from zsris_ros.training.vatex.triplets import Example, augment, draw_example
from zsris_ros.types import InputError

_ATTEMPTS = 50
"""Images or clips without a usable sentence that may follow each other."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B clips of T frames with three sentences each, on one device.

    See ``Vatex.forward`` and ``Targets``; the images are the frames of clip after clip.
    """

    images: Tensor
    valid: Tensor
    image_of: Tensor
    texts: Texts
    targets: Targets

    def to(self, device: torch.device) -> Batch:
        """Return the batch on ``device``."""
        return Batch(
            self.images.to(device),
            self.valid.to(device),
            self.image_of.to(device),
            self.texts.to(device),
            self.targets.to(device),
        )


class Examples(Dataset[list[Example]]):
    """The augmented examples of each step for one of several processes.

    Args:
        data: Images or videos; at least one has a sentence with a mask.
        batch: Clips of a step over all processes.
        short_side: See ``augment``.
        seed: Determines order, sentences and augmentation.
        rank: The number of this process.
        processes: The number of processes; a divisor of ``batch``.
        clip_length: T, the number of consecutive frames of a clip; 1 for images.

    Raises:
        InputError: The batch cannot be shared equally, or the data set has no clips so long.
    """

    def __init__(
        self,
        data: DataSet,
        batch: int,
        short_side: int,
        seed: int,
        rank: int = 0,
        processes: int = 1,
        clip_length: int = 1,
    ) -> None:
        if batch % processes:
            raise InputError(
                f"a batch of {batch} images cannot be shared by {processes} processes: take a "
                "multiple"
            )
        self._data, self._clip_length = data, clip_length
        self._names = clip_names(data, clip_length)
        self._batch, self._short_side, self._seed = batch, short_side, seed
        self._share = batch // processes
        self._rank = rank

    def __getitem__(self, step: int) -> list[Example]:
        """Return this process's examples of a step."""
        first = step * self._batch + self._rank * self._share
        return [self._example(number) for number in range(first, first + self._share)]

    def _example(self, number: int) -> Example:
        rng = np.random.default_rng([self._seed, number])
        epoch, place = divmod(number, len(self._names))
        order = np.random.default_rng([self._seed, epoch, 1]).permutation(len(self._names))
        for attempt in range(_ATTEMPTS):
            name = self._names[int(order[(place + attempt) % len(self._names)])]
            example = draw_example(read_clip(self._data, name, self._clip_length), rng)
            if example is not None:
                return augment(example, self._short_side, rng)
        raise InputError(
            f"{self._data.title}: {_ATTEMPTS} images in a row have no sentence with a mask"
        )


def clip_names(data: DataSet, length: int) -> Sequence[str]:
    """Return the names of a data set's clips; those of ``length`` 1 are its items.

    Raises:
        InputError: The data set holds single images, or no video is so long.
    """
    if length == 1:
        return data.names()
    if not isinstance(data, VideoData):
        raise InputError(
            f"{data.title} holds single images: clips of {length} frames need a data set of videos"
        )
    names = data.clip_names(length)
    if not names:
        raise InputError(f"{data.title} has no video of {length} frames: take shorter clips")
    return names


def read_clip(data: DataSet, name: str, length: int) -> Clip:
    """Read one of ``clip_names``. Raises InputError or FileNotFoundError with a remedy."""
    if isinstance(data, VideoData):
        return data.clip(name, length)
    item = data.item(name)
    return Clip(item.frame.rgb[None], item.masks[:, None], item.questions)


def batches(
    examples: Examples, clip: FrozenClip, steps: range, workers: int = 0
) -> Iterator[Batch]:
    """Yield the batch of each step on the CPU; ``workers`` processes read images in advance."""
    loader: DataLoader[list[Example]] = DataLoader(
        examples, batch_size=None, sampler=steps, num_workers=workers
    )
    for drawn in loader:
        yield collate(drawn, clip)


def collate(examples: Sequence[Example], clip: FrozenClip) -> Batch:
    """Return the padded batch of B examples of T frames, with CLIP's frozen features.

    Frame t of sentence s about clip b is row (3b + s)T + t of texts and targets.
    """
    length = len(examples[0].rgb)
    frames = [rgb for each in examples for rgb in each.rgb]
    images = [torch.from_numpy(rgb).permute(2, 0, 1).float() / 255 for rgb in frames]
    padded, valid = pad_images(images)
    tokens = torch.stack([clip.image_tokens(rgb) for rgb in frames])
    sentences = [text for each in examples for text in each.sentences for _ in range(length)]
    masks = torch.zeros(len(examples), 3, length, *padded.shape[-2:])
    for index, example in enumerate(examples):
        height, width = example.masks.shape[-2:]
        masks[index, ..., :height, :width] = torch.from_numpy(example.masks)
    image_of = torch.arange(len(frames)).view(-1, 1, length).expand(-1, 3, -1).flatten()
    return Batch(
        padded,
        valid,
        image_of,
        clip.encode(sentences, tokens[image_of]),
        Targets(
            F.avg_pool2d(masks.flatten(0, 2)[:, None], 4)[:, 0],
            valid[image_of, ::4, ::4],
            torch.tensor([each.is_triplet for each in examples]),
            length,
        ),
    )

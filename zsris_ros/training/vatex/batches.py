"""Batches of clips with triplets, equal for any number of processes; images are clips of one frame.

The examples of a step depend on the seed and the step alone: a resumed training goes on with the
batches that it would have had, and W processes share the batch of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from zsris_ros.baselines.vatex.frozen_clip import ClipInputs, FrozenClip
from zsris_ros.baselines.vatex.network import PADDING, Texts
from zsris_ros.evaluation.datasets.items import Clip, DataSet
from zsris_ros.evaluation.datasets.referring_video import VideoData
from zsris_ros.simulation.forking import without_opencv_threads
from zsris_ros.training.vatex.losses import Targets
from zsris_ros.training.vatex.triplets import Example, augment, draw_example
from zsris_ros.types import BoolArray, ByteArray, InputError

_ATTEMPTS = 50
"""The most images or clips in a row without a usable sentence."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B clips of T frames with K triplets of sentences each, on one device.

    See ``Vatex.forward`` and ``Targets``; the images are the frames of clip after clip.
    """

    images: Tensor
    valid: Tensor
    image_of: Tensor
    texts: Texts
    targets: Targets


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
        triplets: K, the number of triplets of sentences of each clip.

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
        triplets: int = 1,
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
        self._rank, self._triplets = rank, triplets

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
            clip = read_clip(self._data, name, self._clip_length)
            example = draw_example(clip, rng, self._triplets)
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


@dataclass(frozen=True, eq=False)
class PackedBatch:
    """B examples of T frames with padding, as a worker sends them.

    Arrays are sent through a pipe. Tensors would need the shared memory of the machine, which is
    small in many containers.

    Attributes:
        images: Uint8 (B*T)xHxWx3; H and W are multiples of PADDING.
        valid: Bool (B*T)xHxW, False on padding.
        masks: Bool Bx3KxTxHxW.
        triplets: Bool B*K, see ``Targets``.
        clip: CLIP's inputs: the images, and the sentences in the rows of ``Targets``.
    """

    images: ByteArray
    valid: BoolArray
    masks: BoolArray
    triplets: BoolArray
    clip: ClipInputs


def batches(
    examples: Examples, clip: FrozenClip, steps: range, workers: int = 0, half: bool = False
) -> Iterator[Batch]:
    """Yield the batch of each step on CLIP's device; ``workers`` processes pack it in advance.

    ``half`` computes CLIP's features in bfloat16 where that is safe (autocast).
    """
    loader: DataLoader[list[Example]] = DataLoader(
        examples,
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        collate_fn=partial(pack, clip=clip),
        multiprocessing_context="fork" if workers else None,  # tokenizers cannot be pickled
        pin_memory=clip.clip.device.type == "cuda",  # a thread receives the arrays
    )
    with without_opencv_threads():
        packed = iter(loader)
    for each in packed:
        with torch.autocast(clip.clip.device.type, torch.bfloat16, enabled=half):
            batch = unpack(each, clip)
        yield batch


def pack(examples: Sequence[Example], clip: FrozenClip) -> PackedBatch:
    """Return the padded batch of B examples of T frames: the part without weights and a GPU."""
    length = len(examples[0].rgb)
    frames = [rgb for each in examples for rgb in each.rgb]
    height, width = (
        -(-max(rgb.shape[axis] for rgb in frames) // PADDING) * PADDING for axis in (0, 1)
    )
    images = np.zeros((len(frames), height, width, 3), np.uint8)
    valid = np.zeros((len(frames), height, width), bool)
    for index, rgb in enumerate(frames):
        rows, columns = rgb.shape[:2]
        images[index, :rows, :columns] = rgb
        valid[index, :rows, :columns] = True
    count = len(examples[0].sentences)
    masks = np.zeros((len(examples), count, length, height, width), bool)
    for index, example in enumerate(examples):
        rows, columns = example.masks.shape[-2:]
        masks[index, ..., :rows, :columns] = example.masks
    sentences = [text for each in examples for text in each.sentences for _ in range(length)]
    triplets = np.concatenate([each.is_triplet for each in examples])
    return PackedBatch(images, valid, masks, triplets, clip.read_inputs(frames, sentences))


def unpack(packed: PackedBatch, clip: FrozenClip) -> Batch:
    """Return the batch on CLIP's device, with CLIP's frozen features.

    Frame t of sentence s about clip b is row (3Kb + s)T + t of texts and targets.
    """
    images, valid, masks, triplets = (
        torch.from_numpy(each).to(clip.clip.device)
        for each in (packed.images, packed.valid, packed.masks, packed.triplets)
    )
    count, length = masks.shape[1:3]
    image_of = torch.arange(len(images), device=images.device)
    image_of = image_of.view(-1, 1, length).expand(-1, count, -1).flatten()
    return Batch(
        images.permute(0, 3, 1, 2).float() / 255,
        valid,
        image_of,
        clip.encode_inputs(packed.clip, image_of),
        Targets(
            F.avg_pool2d(masks.flatten(0, 2)[:, None].float(), 4)[:, 0],
            valid[image_of, ::4, ::4],
            triplets,
            length,
        ),
    )

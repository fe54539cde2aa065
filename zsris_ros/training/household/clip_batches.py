"""Batches of the small CLIP: the crops of a step, and its captions and names with their fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import SCENERY_NAME, Caption, CaptionWriter
from zsris_ros.training.household.crop_bank import CropIndex
from zsris_ros.training.training_loop import Schedule

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
class ClipBatch:
    """The N crops of a step and its K texts: captions of their objects, then names.

    ``rows`` int64 N of the crops; ``tokens`` int64 KxL; ``fits`` float32 NxK, 1 where a text fits a
    crop.
    """

    rows: npt.NDArray[np.int64]
    captions: list[Caption]
    tokens: npt.NDArray[np.int64]
    fits: npt.NDArray[np.float32]


class ClipBatches(IterableDataset[ClipBatch]):
    """The batches of the steps, without end; each process of a loader draws others.

    Args:
        index: The crops.
        words: Describes the names.
        tokenize: Returns the tokens of texts, int64 KxL, on the CPU.
        schedule: How many crops and texts.
        seed: Determines the batches.
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

    def __iter__(self) -> Iterator[ClipBatch]:
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
            yield ClipBatch(
                rows,
                captions,
                torch.cat([tokens, self._name_tokens[columns]]).numpy(),
                torch.cat([fits, name_fits], dim=1).numpy(),
            )


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


def caption_fits(captions: Sequence[Caption], names: Sequence[str], words: Words) -> Tensor:
    """Return float NxK: 1 where caption K fits the object N; a wrong mask fits none."""
    rows = {
        name: [float(each.fits(words.get(name))) for each in captions]
        for name in set(names)
        if name in words or name == SCENERY_NAME
    }
    nothing = [0.0] * len(captions)
    return torch.tensor([rows.get(name, nothing) for name in names])

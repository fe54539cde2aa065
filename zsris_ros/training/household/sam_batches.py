"""Training batches of the small SAM: images, point prompts and target masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from zsris_ros.simulation.training_set import TrainingSet

OBJECT_POINTS = 6
SCENERY_POINTS = 2
LABEL_CELLS = 3
"""Label samples along a side of a mask cell."""
SMALLEST_OBJECT = 30
"""In label samples: about 150 pixels of a 640x480 image."""
ZOOMED, LEAST_ZOOM = 0.5, 0.45
"""Share of examples that show a part of the image, and the least share of its sides."""
BLURRED, BLUR_SIGMA = 0.4, (0.3, 1.3)
"""Share of blurred examples; sigma in pixels of the network's image."""
GAMMA, TINT, NOISE = 0.4, 0.1, (0.5, 6.0)
"""The greatest logarithm of a camera's gamma, the greatest change of a colour's gain, and the
noise's standard deviation of 255."""
_NORMAL = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)], np.float32)
"""Normal quantiles: looking up a random byte is many times faster than a normal draw."""
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True, eq=False)
class SamBatch:
    """A batch of images with point prompts.

    ``images`` float32 Bx3xSxS, normalised and padded as Sam.preprocess does; ``points`` BxPx2 in
    input pixels (x, y), ``targets`` BxPxMxM object share of each mask cell (all 0 for scenery
    points), ``is_object`` bool BxP; ``object_map`` BxMxM and ``offsets`` Bx2xMxM for the auxiliary
    heads; ``valid_rows`` of the mask grid are not padding.
    """

    images: Tensor
    points: Tensor
    targets: Tensor
    is_object: Tensor
    object_map: Tensor
    offsets: Tensor
    valid_rows: int


@dataclass(frozen=True, eq=False)
class CompactBatch:
    """A SamBatch as small arrays, which pass between processes without shared memory.

    ``pixels`` uint8 BxRxSx3 without padding; ``targets`` and ``object_map`` uint8 count the object
    samples of each cell; ``offsets`` float16.
    """

    pixels: npt.NDArray[np.uint8]
    points: npt.NDArray[np.float32]
    targets: npt.NDArray[np.uint8]
    object_map: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.float16]

    def to(self, device: str) -> SamBatch:
        """Return the batch that the network takes, on ``device``."""

        def move(array: npt.NDArray[Any]) -> Tensor:
            return torch.from_numpy(array).to(device).float()

        images = move(self.pixels).permute(0, 3, 1, 2)
        rows, size, mask = images.shape[2], images.shape[3], self.targets.shape[-1]
        mean, std = (torch.tensor(each, device=device).view(3, 1, 1) for each in (MEAN, STD))
        return SamBatch(
            F.pad((images - mean) / std, (0, 0, 0, size - rows)),
            move(self.points),
            move(self.targets) / LABEL_CELLS**2,
            torch.from_numpy(self.targets.any((2, 3))).to(device),
            move(self.object_map) / LABEL_CELLS**2,
            move(self.offsets),
            rows * mask // size,
        )


class SamBatches(IterableDataset[CompactBatch]):
    """Endless random batches of ``batch`` images, deterministic by seed and loading process."""

    def __init__(
        self, data: TrainingSet, image_size: int, mask_size: int, batch: int, seed: int
    ) -> None:
        self._data, self._size, self._mask, self._batch = data, image_size, mask_size, batch
        self._seed = seed
        self._rng = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[CompactBatch]:
        worker = get_worker_info()
        if worker is not None:
            self._rng = np.random.default_rng([self._seed, worker.id])
        while True:
            rows = self._rng.integers(len(self._data), size=self._batch)
            examples = [self._example(int(row)) for row in rows]
            yield CompactBatch(**{key: np.stack([e[key] for e in examples]) for key in examples[0]})

    def _read(self, row: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Return an image or a part of it as ResizeLongestSide scales it, and its labels.

        Labels have LABEL_CELLS samples a side for each mask cell.
        """
        rgb, labels = self._data.rgb[row], self._data.labels[row]
        height, width = labels.shape
        longest = max(height, width)
        if self._rng.random() < ZOOMED:
            share = self._rng.uniform(LEAST_ZOOM, 1)
            rows, columns = round(height * share), round(width * share)
            y = int(self._rng.integers(height - rows + 1))
            x = int(self._rng.integers(width - columns + 1))
            part = (slice(y, y + rows), slice(x, x + columns))
            rgb, labels = rgb[part], labels[part]
        scale, cells = self._size / longest, self._mask * LABEL_CELLS / longest
        small = cv2.resize(
            rgb, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA
        )
        if self._rng.random() < BLURRED:
            small = cv2.GaussianBlur(small, (0, 0), float(self._rng.uniform(*BLUR_SIGMA)))
        size = (round(width * cells), round(height * cells))
        return np.asarray(small, np.uint8), np.asarray(
            cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8
        )

    def _example(self, row: int) -> dict[str, Any]:
        rng = self._rng
        rgb, labels = self._read(row)
        if rng.random() < 0.5:
            rgb, labels = rgb[:, ::-1], labels[:, ::-1]
        # The samples in the order of their labels, and the first of each label.
        areas = np.bincount(labels.ravel(), minlength=256)
        order, starts = np.argsort(labels, axis=None, kind="stable"), np.cumsum(areas) - areas
        kinds = [int(k) for k in np.flatnonzero(areas >= SMALLEST_OBJECT) if k > 0]
        counts = self._count(labels, kinds)
        empty = np.zeros((self._mask, self._mask), np.uint8)
        scale = rgb.shape[1] / labels.shape[1]
        points, targets = [], []
        for index in range(OBJECT_POINTS + SCENERY_POINTS):
            scenery = areas[0] > 0 and (index >= OBJECT_POINTS or not kinds)
            kind = 0 if scenery else int(rng.choice(kinds))
            y, x = divmod(int(order[starts[kind] + rng.integers(areas[kind])]), labels.shape[1])
            points.append(((x + rng.random()) * scale, (y + rng.random()) * scale))
            targets.append(counts.get(kind, empty))
        shares = [count / np.float32(LABEL_CELLS**2) for count in counts.values()]
        return {
            "pixels": imitate_camera(np.ascontiguousarray(rgb), rng),
            "points": np.array(points, np.float32),
            "targets": np.stack(targets),
            "object_map": sum(counts.values(), empty),
            "offsets": centre_offsets(shares, self._mask).astype(np.float16),
        }

    def _count(
        self, labels: npt.NDArray[np.uint8], kinds: list[int]
    ) -> dict[int, npt.NDArray[np.uint8]]:
        """Return each kind's samples in every mask cell, MxM, padded at the bottom."""
        rows, columns = labels.shape[0] // LABEL_CELLS, labels.shape[1] // LABEL_CELLS
        places = np.zeros(256, np.intp)
        places[kinds] = np.arange(1, 1 + len(kinds))
        cells = np.arange(rows * columns).reshape(rows, 1, columns, 1) * (1 + len(kinds))
        samples = places[labels].reshape(rows, LABEL_CELLS, columns, LABEL_CELLS) + cells
        found = np.bincount(samples.ravel(), minlength=rows * columns * (1 + len(kinds)))
        counts = np.zeros((1 + len(kinds), self._mask, self._mask), np.uint8)
        counts[:, :rows, :columns] = found.reshape(rows, columns, -1).transpose(2, 0, 1)
        return dict(zip(kinds, counts[1:], strict=True))


def imitate_camera(
    pixels: npt.NDArray[np.uint8], rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Vary an RGB uint8 HxWx3 image as cameras do: gamma, contrast, exposure, tint and noise."""
    levels = 255 * (np.arange(256) / 255) ** np.exp(rng.uniform(-GAMMA, GAMMA))
    levels = (levels - 128) * rng.uniform(0.85, 1.15) + 128
    gain = rng.uniform(0.75, 1.25) * rng.uniform(1 - TINT, 1 + TINT, 3)
    table = (levels[:, None] * gain).astype(np.float32)
    noise = _NORMAL * np.float32(rng.uniform(*NOISE)) + np.float32(0.5)
    grain = cv2.LUT(rng.integers(0, 256, pixels.shape, np.uint8), noise)
    return np.clip(cv2.LUT(pixels, table[None]) + grain, 0, 255).astype(np.uint8)


def centre_offsets(shares: list[npt.NDArray[np.float32]], size: int) -> npt.NDArray[np.float32]:
    """Return 2xMxM: offset of each object cell to its object's centre, in tenths of the grid."""
    offsets = np.zeros((2, size, size), np.float32)
    for share in shares:
        for axis, cells in enumerate(places := np.nonzero(share > 0.5)):
            if len(cells):
                offsets[axis][places] = (cells.mean() - cells) / (size / 10)
    return offsets

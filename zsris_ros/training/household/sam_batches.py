"""Training batches of the small SAM: images, point prompts and target masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from zsris_ros.simulation.training_set import TrainingSet

OBJECT_POINTS = 6
SCENERY_POINTS = 2
LABEL_CELLS = 3
SMALLEST_OBJECT = 30
"""In label samples: about 150 pixels of a 640x480 image."""
ZOOMED, LEAST_ZOOM = 0.5, 0.45
"""Share of examples that show a part of the image, and the least share of its sides."""
BLURRED, BLUR_SIGMA = 0.3, (0.3, 1.0)
"""Share of blurred examples; sigma in pixels of the network's image."""


@dataclass(frozen=True, eq=False)
class SamBatch:
    """A batch of images with point prompts.

    ``images`` float32 Bx3xSxS, normalised and padded as Sam.preprocess does; per image
    ``points`` Px2 in input pixels (x, y), ``targets`` PxMxM object share of each mask cell (all 0
    for scenery points), ``is_object`` bool P; ``object_map`` BxMxM and ``offsets`` Bx2xMxM for the
    auxiliary heads; ``valid_rows`` of the mask grid are not padding.
    """

    images: Tensor
    points: list[Tensor]
    targets: list[Tensor]
    is_object: list[Tensor]
    object_map: Tensor
    offsets: Tensor
    valid_rows: int

    def to(self, device: str) -> SamBatch:
        """Return the batch on ``device``."""

        def move(value: Any) -> Any:
            if isinstance(value, list):
                return [move(item) for item in value]
            return value.to(device) if isinstance(value, Tensor) else value

        return SamBatch(**{field.name: move(getattr(self, field.name)) for field in fields(self)})


class SamBatches:
    """Endless random batches of ``batch`` images, deterministic by seed."""

    def __init__(
        self, data: TrainingSet, image_size: int, mask_size: int, batch: int, seed: int
    ) -> None:
        self._data, self._size, self._mask, self._batch = data, image_size, mask_size, batch
        self._rng = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[SamBatch]:
        while True:
            rows = self._rng.integers(len(self._data), size=self._batch)
            yield self._collate([self._example(int(row)) for row in rows])

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
        areas = np.bincount(labels.ravel(), minlength=256)
        kinds = [int(k) for k in np.flatnonzero(areas >= SMALLEST_OBJECT) if k > 0]
        shares = {k: self._share(labels == k) for k in kinds}
        empty = np.zeros((self._mask, self._mask), np.float32)
        scale = rgb.shape[1] / labels.shape[1]
        points, targets = [], []
        for index in range(OBJECT_POINTS + SCENERY_POINTS):
            scenery = bool((labels == 0).any()) and (index >= OBJECT_POINTS or not kinds)
            kind = 0 if scenery else int(rng.choice(kinds))
            ys, xs = np.nonzero(labels == kind)
            pick = int(rng.integers(len(ys)))
            points.append(((xs[pick] + rng.random()) * scale, (ys[pick] + rng.random()) * scale))
            targets.append(shares.get(kind, empty))
        return {
            "pixels": jitter(rgb.astype(np.float32), rng),
            "points": np.array(points, np.float32),
            "targets": np.stack(targets),
            "is_object": np.array([target.any() for target in targets]),
            "object_map": sum(shares.values(), empty),
            "offsets": centre_offsets(list(shares.values()), self._mask),
            "rows": rgb.shape[0],
        }

    def _share(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return the object's share of each mask cell, float32 MxM, padded at the bottom."""
        rows, columns = mask.shape[0] // LABEL_CELLS, mask.shape[1] // LABEL_CELLS
        share = np.zeros((self._mask, self._mask), np.float32)
        share[:rows, :columns] = mask.reshape(rows, LABEL_CELLS, columns, LABEL_CELLS).mean((1, 3))
        return share

    def _collate(self, examples: list[dict[str, Any]]) -> SamBatch:
        def stack(key: str) -> Tensor:
            return torch.from_numpy(np.stack([e[key] for e in examples]))

        mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
        std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
        images = [(torch.from_numpy(e["pixels"]).permute(2, 0, 1) - mean) / std for e in examples]
        padded = [
            F.pad(i, (0, self._size - i.shape[2], 0, self._size - i.shape[1])) for i in images
        ]
        return SamBatch(
            torch.stack(padded),
            [torch.from_numpy(e["points"]) for e in examples],
            [torch.from_numpy(e["targets"]) for e in examples],
            [torch.from_numpy(e["is_object"]) for e in examples],
            stack("object_map"),
            stack("offsets"),
            examples[0]["rows"] * self._mask // self._size,
        )


def jitter(pixels: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Vary brightness, contrast and tint of a float32 HxWx3 image in 0..255 at random."""
    gain = rng.uniform(0.75, 1.25) * rng.uniform(0.95, 1.05, 3)
    pixels = (pixels - 128.0) * rng.uniform(0.85, 1.15) + 128.0
    noise = 2.0 * rng.standard_normal(pixels.shape, np.float32)
    return np.clip(pixels * gain.astype(np.float32) + noise, 0, 255)


def centre_offsets(shares: list[npt.NDArray[np.float32]], size: int) -> npt.NDArray[np.float32]:
    """Return 2xMxM: offset of each object cell to its object's centre, in tenths of the grid."""
    offsets = np.zeros((2, size, size), np.float32)
    grid = np.mgrid[0:size, 0:size].astype(np.float32)
    for share in shares:
        cells = share > 0.5
        if cells.any():
            centre = grid[:, cells].mean(axis=1)
            offsets[:, cells] = (centre[:, None] - grid[:, cells]) / (size / 10)
    return offsets

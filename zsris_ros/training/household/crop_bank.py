"""Batches of training crops: which are drawn together, and the two views of each.

As in the pipeline, one view fills the background and one blurs it. Each crop is turned, shifted,
scaled, mirrored and degraded anew whenever it is drawn, on the device of the training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.simulation.words import Description
from zsris_ros.training.household.camera_effects import degrade
from zsris_ros.training.household.crops import CROP_NAMES, CROPS, WINDOWS
from zsris_ros.vision.views import HybridSettings, mask_grid, normalise

OBJECTS = 0.55
"""Share of objects among the crops of a batch; the others are wrong masks and scenery."""
SHARED_WORDS = 0.3
"""Share of the batches whose objects share a noun or a colour with many others of the batch."""
GROUPS = 4
"""Words of such a batch."""
ZOOM = (0.8, 1.25)
"""Sides of the drawn windows, as a share of the pipeline's."""
TURN_RAD, MOST_TURNED_RAD = 0.2, 0.6
"""Standard deviation and limit of the angle by which a crop is turned."""
SHIFT = 0.03
"""Standard deviation of a shift, as a share of the window."""
ROUGH = (-2, -1, 0, 0, 1, 2)
"""Pixels by which masks are dilated (or eroded), as a proposer would."""


@dataclass(frozen=True, eq=False)
class CropViews:
    """A batch of crops: ``local`` and ``global_`` float Nx3xSxS normalised, ``grids`` NxGxG."""

    local: Tensor
    global_: Tensor
    grids: Tensor


class CropIndex:
    """Draws the crops of a batch from the names of sets, without their pixels.

    Args:
        names: The name of each crop.
        words: The description of each name of an object.
    """

    def __init__(self, names: Sequence[str], words: Mapping[str, Description]) -> None:
        self.names = list(names)
        kinds: dict[tuple[str, ...], list[int]] = {}
        groups: dict[str, list[int]] = {}
        others = []
        for row, name in enumerate(names):
            described = words.get(name)
            if described is None:
                others.append(row)
                continue
            kinds.setdefault(described.nouns, []).append(row)
            for word in (*described.nouns, *described.colours):
                groups.setdefault(word, []).append(row)
        self._kinds = [np.array(rows) for rows in kinds.values()]
        self._groups = {word: np.array(rows) for word, rows in groups.items()}
        self._others = np.array(others, np.int64)

    def draw(self, rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
        """Draw the rows of ``count`` crops: whole objects, wrong masks and scenery.

        The objects of each set of nouns are equally frequent. Some batches have objects of a few
        words only, so that the other words decide.
        """
        kinds, others = self._kinds, self._others
        if kinds and rng.random() < SHARED_WORDS:
            words = list(self._groups)
            chosen = rng.choice(len(words), size=min(GROUPS, len(words)), replace=False)
            shown = np.zeros(len(self.names), bool)
            for number in chosen:
                shown[self._groups[words[int(number)]]] = True
            kinds = [kept for rows in kinds if len(kept := rows[shown[rows]])]
        rows = np.empty(count, np.int64)
        for place in range(count):
            pool = others
            if kinds and (not len(others) or rng.random() < OBJECTS):
                pool = kinds[int(rng.integers(len(kinds)))]
            rows[place] = pool[int(rng.integers(len(pool)))]
        return rows


class CropBank:
    """The crops of sets, varied whenever they are drawn.

    Args:
        directories: Sets with crops (``cut_set``).
        settings: The pipeline's views.
        size: Side of the network's image, pixels; a multiple of 16.
        grid: Cells of a side of the mask's grid.
        device: Where the views are made; a GPU holds all crops.
        seed: Determines the variation.
    """

    def __init__(
        self,
        directories: Sequence[Path],
        settings: HybridSettings,
        size: int,
        grid: int,
        device: torch.device,
        seed: int,
    ) -> None:
        self._settings, self._size, self._grid, self._device = settings, size, grid, device
        self._rng = np.random.default_rng(seed)
        fill = torch.tensor(settings.fill) * torch.tensor(settings.std)
        self._fill = (fill + torch.tensor(settings.mean)).view(3, 1, 1).to(device)
        self._pixels = [np.load(each / CROPS, mmap_mode="r") for each in directories]
        self._starts = np.cumsum([0, *(len(each) for each in self._pixels)])
        self._windows = np.concatenate([np.load(each / WINDOWS) for each in directories])
        self._stored: Tensor | None = None
        if device.type != "cpu":
            parts = [torch.from_numpy(np.asarray(each)).to(device) for each in self._pixels]
            self._stored = torch.cat(parts)

    def views(self, rows: npt.NDArray[np.int64]) -> CropViews:
        """Return the views of crops, varied at random."""
        settings, rng, count = self._settings, self._rng, len(rows)
        pixels = self._read(rows).permute(0, 3, 1, 2).float() / 255
        places = _places(self._windows[rows], rng).to(self._device)
        places = F.affine_grid(places, [count, 7, self._size, self._size], align_corners=False)
        pixels = F.grid_sample(
            pixels, places, mode="bilinear", padding_mode="border", align_corners=False
        )
        cover = roughened(pixels[:, 6:], rng)
        sharp, blurred = degrade(pixels[:, :6].unflatten(1, (2, 3)), rng).unbind(1)
        local = cover * sharp + (1 - cover) * self._fill
        global_ = cover * sharp + (1 - cover) * blurred
        mask = cover[:, 0] >= cover.amax((1, 2, 3)).clamp(max=0.5)[:, None, None]
        grids = mask_grid(mask, self._grid, settings.mask_antialias, settings.full_cell)
        return CropViews(
            normalise(local, settings.mean, settings.std),
            normalise(global_, settings.mean, settings.std),
            grids,
        )

    def _read(self, rows: npt.NDArray[np.int64]) -> Tensor:
        """Return uint8 NxPxPx7."""
        if self._stored is not None:
            return self._stored[torch.from_numpy(rows).to(self._device)]
        sets = np.searchsorted(self._starts, rows, side="right") - 1
        return torch.from_numpy(
            np.stack(
                [
                    self._pixels[which][row - self._starts[which]]
                    for which, row in zip(sets, rows, strict=True)
                ]
            )
        )


def crop_names(directories: Sequence[Path]) -> list[str]:
    """Return the names of the crops of sets, in the order of ``CropBank``'s rows."""
    return [name for each in directories for name in json.loads((each / CROP_NAMES).read_text())]


def _places(windows: npt.NDArray[np.float32], rng: np.random.Generator) -> Tensor:
    """Return affine maps Nx2x3 from the drawn pictures to the stored crops."""
    count = len(windows)
    angle = np.clip(rng.normal(0, TURN_RAD, count), -MOST_TURNED_RAD, MOST_TURNED_RAD)
    side = windows[:, 2] * np.exp(rng.uniform(np.log(ZOOM[0]), np.log(ZOOM[1]), count))
    mirror = rng.choice([-1.0, 1.0], count)
    shift = rng.normal(0, SHIFT, (count, 2)) * windows[:, 2:]
    centre = 2 * (windows[:, :2] + shift) - 1
    cos, sin = side * np.cos(angle), side * np.sin(angle)
    maps = np.stack([mirror * cos, -sin, centre[:, 0], mirror * sin, cos, centre[:, 1]], axis=1)
    return torch.from_numpy(maps.reshape(count, 2, 3).astype(np.float32))


def roughened(cover: Tensor, rng: np.random.Generator) -> Tensor:
    """Dilate or erode masks Nx1xSxS in 0..1 by some of ``ROUGH``; small ones keep their size."""
    steps = torch.from_numpy(rng.choice(ROUGH, len(cover))).to(cover.device)
    found = cover
    for radius in sorted({abs(each) for each in ROUGH} - {0}):
        wide = F.max_pool2d(cover, 2 * radius + 1, 1, radius)
        narrow = -F.max_pool2d(-cover, 2 * radius + 1, 1, radius)
        left = narrow.amax((1, 2, 3)) > 0.5
        found = torch.where((steps == radius)[:, None, None, None], wide, found)
        found = torch.where(((steps == -radius) & left)[:, None, None, None], narrow, found)
    return found

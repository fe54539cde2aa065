"""Training crops of the small CLIP: a region of interest around a mask in two views.

As in the pipeline, one view fills the background and one blurs it. Some masks are wrong on purpose
and fit no caption. Crops are degraded as real cameras degrade them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from zsris_ros.geometry.run_lengths import decode
from zsris_ros.simulation.training_set import TrainingSet
from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import SCENERY_NAME
from zsris_ros.vision.views import HybridSettings, blur, mask_grid, normalise, square_crop

WRONG_MASK = ""
"""The name of a crop whose mask is not one whole object: no caption fits."""

SMALLEST_OBJECT_PX = 200
OBJECTS = 0.55
"""Share of objects among the crops of a batch; the others are wrong masks and scenery."""
SHARED_WORDS = 0.3
"""Share of the batches whose objects share a noun or a colour with many others of the batch."""
GROUPS = 4
"""Words of such a batch."""
RENEWED = 12
"""Crops that are cut anew for each batch."""
WITH_PROPOSALS = 0.75
"""Least share of the crops that are cut from images with proposals, if there are any."""
PROPOSED = 0.6
"""Share of proposals among the crops of an image that has some."""
SAME, DIFFERENT = 0.7, 0.4
"""IoU with an object from which a proposal shows it, and up to which it shows none."""
SCENERY_AREA = 0.08
"""Share of the image from which a proposal without an object is scenery, not a wrong mask."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Crops:
    """A batch of crops.

    ``local`` and ``global_`` float Nx3xSxS normalised, ``grids`` NxGxG, ``names`` N.
    """

    local: Tensor
    global_: Tensor
    grids: Tensor
    names: list[str]


@dataclass(frozen=True, eq=False)
class _Raw:
    """A crop before degrading: two uint8 SxSx3 images, the mask's coverage uint8 SxS."""

    sharp: npt.NDArray[np.uint8]
    blurred: npt.NDArray[np.uint8]
    share: npt.NDArray[np.uint8]
    name: str


class CropBank:
    """Crops of a training set for one HybridSettings, degraded and mirrored whenever drawn.

    ``words`` describes every name of the set. Deterministic by seed.
    """

    def __init__(
        self,
        data: TrainingSet,
        words: Mapping[str, Description],
        settings: HybridSettings,
        size: int,
        grid: int,
        count: int,
        seed: int,
    ) -> None:
        if settings.window is None:
            raise ValueError("the small CLIP is trained on regions of interest: set hybrid.window")
        self._data, self._settings, self._size, self._grid = data, settings, size, grid
        self._rng = np.random.default_rng(seed)
        self._fill = (np.array(settings.fill) * settings.std + settings.mean).astype(np.float32)
        self._words = words
        self._crops: list[_Raw] = []
        # The crops of each word, of each set of nouns, and of no object; dicts are sets that keep
        # their order.
        self._groups: dict[str, dict[int, None]] = {}
        self._kinds: dict[tuple[str, ...], dict[int, None]] = {}
        self._others: dict[int, None] = {}
        self._oldest = 0
        proposed = np.array([len(each) > 0 for each in data.proposals])
        self._chance = np.full(len(data), 1 / len(data))
        if proposed.any():
            self._chance = (1 - WITH_PROPOSALS) / len(data) + WITH_PROPOSALS * (
                proposed / proposed.sum()
            )
        for index in tqdm(range(count), "cutting crops", unit="crop"):
            self._crops.append(self._cut())
            self._enter(index)

    def _enter(self, index: int) -> None:
        """Enter a new crop into the groups."""
        described = self._words.get(self._crops[index].name)
        if described is None:
            self._others[index] = None
            return
        for word in (*described.nouns, *described.colours):
            self._groups.setdefault(word, {})[index] = None
        self._kinds.setdefault(described.nouns, {})[index] = None

    def _renew(self) -> None:
        """Cut the RENEWED oldest crops anew, so that none is learnt by heart."""
        for _ in range(RENEWED):
            index = self._oldest
            for group in (self._others, *self._groups.values(), *self._kinds.values()):
                group.pop(index, None)
            self._crops[index] = self._cut()
            self._enter(index)
            self._oldest = (index + 1) % len(self._crops)

    def batch(self, count: int) -> Crops:
        """Draw ``count`` crops: whole objects, wrong masks and scenery.

        The objects of each set of nouns are equally frequent. Some batches have objects of a few
        words only, so that the other words decide. RENEWED crops are new each time.
        """
        self._renew()
        kinds = [list(group) for group in self._kinds.values() if group]
        if self._rng.random() < SHARED_WORDS:
            words = [word for word, group in self._groups.items() if group]
            chosen = self._rng.choice(words, size=min(GROUPS, len(words)), replace=False)
            shown = {i for word in chosen for i in self._groups[str(word)]}
            kinds = [kept for group in kinds if (kept := [i for i in group if i in shown])]
        others = list(self._others)
        rows = []
        for _ in range(count):
            pool = others
            if kinds and (not others or self._rng.random() < OBJECTS):
                pool = kinds[int(self._rng.integers(len(kinds)))]
            rows.append(pool[int(self._rng.integers(len(pool)))])
        picks = [self._crops[row] for row in rows]
        views = [self._view(raw) for raw in picks]
        local, global_, masks = (np.stack([view[i] for view in views]) for i in range(3))
        settings = self._settings
        grids = mask_grid(
            torch.from_numpy(masks), self._grid, settings.mask_antialias, settings.full_cell
        )
        names = [raw.name for raw in picks]
        return Crops(self._tensor(local), self._tensor(global_), grids, names)

    def batches(self, count: int) -> Iterator[Crops]:
        """Yield batches without end, each drawn while the caller uses the one before."""
        with ThreadPoolExecutor(1) as pool:
            following = pool.submit(self.batch, count)
            while True:
                crops = following.result()
                following = pool.submit(self.batch, count)
                yield crops

    def _tensor(self, images: npt.NDArray[np.float32]) -> Tensor:
        tensor = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
        return normalise(tensor, self._settings.mean, self._settings.std)

    def _view(self, raw: _Raw) -> tuple[Any, Any, Any]:
        """Return the local and the global view, float32 SxSx3 in 0..1, and the mask bool SxS."""
        sharp, blurred = degrade(np.stack([raw.sharp, raw.blurred]), self._rng)
        share = raw.share[..., None].astype(np.float32) / 255
        local = share * sharp + (1 - share) * self._fill
        global_ = share * sharp + (1 - share) * blurred
        mask = raw.share >= min(128, int(raw.share.max()))
        if self._rng.random() < 0.5:
            return local[:, ::-1], global_[:, ::-1], mask[:, ::-1]
        return local, global_, mask

    def _cut(self) -> _Raw:
        """Cut and resize; compositing may follow, since both are linear in the pixels."""
        settings, rng = self._settings, self._rng
        row = int(rng.choice(len(self._data), p=self._chance))
        rgb, labels = np.asarray(self._data.rgb[row]), np.asarray(self._data.labels[row])
        names, proposals = self._data.names[row], self._data.proposals[row]
        drawn = None
        if proposals and rng.random() < PROPOSED:
            drawn = self._proposed(str(rng.choice(proposals)), labels, names)
        mask, name = drawn or self._draw_mask(labels, names)
        assert settings.window is not None
        region = square_crop(mask, settings.window * rng.uniform(0.8, 1.25), 32)
        ys = np.clip(np.arange(region.y, region.y + region.height), 0, mask.shape[0] - 1)
        xs = np.clip(np.arange(region.x, region.x + region.width), 0, mask.shape[1] - 1)
        sharp = np.ascontiguousarray(rgb[np.ix_(ys, xs)])
        share = np.ascontiguousarray(mask[np.ix_(ys, xs)]).astype(np.uint8) * 255
        blurred = blur(sharp, settings.blur_kernel, settings.blur_sigma)
        method = cv2.INTER_LINEAR if sharp.shape[0] < self._size else cv2.INTER_AREA
        small = [
            np.asarray(cv2.resize(image, (self._size, self._size), interpolation=method), np.uint8)
            for image in (sharp, blurred, share)
        ]
        return _Raw(small[0], small[1], small[2], name)

    def _draw_mask(self, labels: npt.NDArray[np.uint8], names: list[str]) -> tuple[Mask, str]:
        rng = self._rng
        areas = np.bincount(labels.ravel(), minlength=len(names) + 1)
        kinds = [k for k in range(1, len(names) + 1) if areas[k] >= SMALLEST_OBJECT_PX]
        chance = rng.random()
        if not kinds or chance < 0.08:
            return self._scenery(labels), SCENERY_NAME
        kind = int(rng.choice(kinds))
        mask = labels == kind
        if chance < 0.16:
            return self._part(mask), WRONG_MASK
        if chance < 0.22 and len(kinds) > 1:
            return self._union(labels, kind, kinds), WRONG_MASK
        return self._roughen(mask), names[kind - 1]

    def _proposed(
        self, counts: str, labels: npt.NDArray[np.uint8], names: list[str]
    ) -> tuple[Mask, str] | None:
        mask = decode({"size": list(labels.shape), "counts": counts})
        name = name_of_proposal(mask, labels, names)
        return None if name is None else (mask, name)

    def _roughen(self, mask: Mask) -> Mask:
        """Dilate or erode a mask by up to three pixels, as a proposer would."""
        rng = self._rng
        radius = int(rng.integers(0, 4)) if mask.sum() > 900 else int(rng.integers(0, 2))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
        change = cv2.dilate if rng.random() < 0.5 else cv2.erode
        rough = change(mask.astype(np.uint8), kernel) > 0
        return rough if rough.sum() > 30 else mask

    def _part(self, mask: Mask) -> Mask:
        """Return one side of a random line through the object: 20 to 55 % of it."""
        angle = self._rng.uniform(0, 2 * np.pi)
        ys, xs = np.nonzero(mask)
        along = xs * np.cos(angle) + ys * np.sin(angle)
        keep = along <= np.quantile(along, self._rng.uniform(0.2, 0.55))
        part = np.zeros_like(mask)
        part[ys[keep], xs[keep]] = True
        return part

    def _union(self, labels: npt.NDArray[np.uint8], kind: int, kinds: list[int]) -> Mask:
        """Return the union of the object and its nearest neighbour in the image."""
        centres = {k: np.argwhere(labels == k).mean(0) for k in kinds}
        others = sorted(kinds, key=lambda k: float(np.hypot(*(centres[k] - centres[kind]))))
        return np.isin(labels, others[:2])

    def _scenery(self, labels: npt.NDArray[np.uint8]) -> Mask:
        """Return an ellipse of the background or the whole background."""
        rng = self._rng
        free = labels == 0
        if rng.random() < 0.15:
            return free
        blob = np.zeros(labels.shape, np.uint8)
        centre = (int(rng.integers(labels.shape[1])), int(rng.integers(labels.shape[0])))
        axes = (int(rng.integers(12, 120)), int(rng.integers(12, 120)))
        cv2.ellipse(blob, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
        mask = (blob > 0) & free
        return mask if mask.sum() > 100 else free


def name_of_proposal(mask: Mask, labels: npt.NDArray[np.uint8], names: Sequence[str]) -> str | None:
    """Return the name of the object that a proposed mask shows, WRONG_MASK or SCENERY_NAME.

    None if that is unclear: a tiny mask, or one that is neither an object nor clearly none.
    """
    area = np.count_nonzero(mask)
    if area < SMALLEST_OBJECT_PX:
        return None
    inside = np.bincount(labels[mask], minlength=len(names) + 1).astype(np.float64)
    whole = np.bincount(labels.ravel(), minlength=len(names) + 1)
    iou = inside[1:] / (area + whole[1:] - inside[1:])
    best = float(iou.max(initial=0.0))
    if best >= SAME:
        return names[int(iou.argmax())]
    if best > DIFFERENT:
        return None
    empty = inside[0] > 0.95 * area and area > SCENERY_AREA * mask.size
    return SCENERY_NAME if empty else WRONG_MASK


def degrade(
    images: npt.NDArray[np.uint8], rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Vary two uint8 SxSx3 images alike, as cameras do; returns float32 in 0..1.

    Exposure, contrast, gamma and white balance always change a little; some images are
    undersampled, blurred, compressed by JPEG or noisy.
    """
    first, second = images
    size = first.shape[0]
    if rng.random() < 0.25:
        small = max(16, int(size * rng.uniform(0.3, 0.8)))
        first, second = (
            cv2.resize(cv2.resize(i, (small, small), interpolation=cv2.INTER_AREA), (size, size))
            for i in (first, second)
        )
    if rng.random() < 0.25:
        sigma = float(rng.uniform(0.4, 1.3))
        first, second = (cv2.GaussianBlur(i, (0, 0), sigma) for i in (first, second))
    if rng.random() < 0.25:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))]
        first, second = (
            cv2.imdecode(cv2.imencode(".jpg", i, quality)[1], cv2.IMREAD_COLOR)
            for i in (first, second)
        )
    both = np.stack([first, second]).astype(np.float32) / 255
    both = (both - 0.5) * rng.uniform(0.75, 1.25) + 0.5
    gain = rng.uniform(0.65, 1.35) * rng.uniform(0.92, 1.08, 3)
    both = np.clip(both * gain.astype(np.float32), 0, 1) ** np.float32(rng.uniform(0.8, 1.25))
    deviation = np.float32(rng.uniform(0, 0.02) if rng.random() < 0.7 else rng.uniform(0.02, 0.05))
    both = np.clip(both + deviation * rng.standard_normal(both.shape, np.float32), 0, 1)
    return both[0], both[1]

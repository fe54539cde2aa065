"""Training crops of the small CLIP: the surroundings of each mask of each image, cut once.

A crop shows an object, a proposed mask, or a deliberately wrong mask, with a margin around the
pipeline's window, so that ``crop_bank`` can turn, shift and scale it whenever it is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from zsris_ros.geometry.run_lengths import decode
from zsris_ros.simulation.forking import without_opencv_threads
from zsris_ros.simulation.training_set import load_training_set
from zsris_ros.training.household.captions import SCENERY_NAME
from zsris_ros.types import BoolArray, ByteArray
from zsris_ros.vision.views import CropBox, HybridSettings, blur, square_crop

WRONG_MASK = ""
"""The name of a crop whose mask is not one whole object: no caption fits."""

CROP_PX = 96
"""Side of a stored crop."""
MARGIN = 1.5
"""Side of a stored crop in windows of the pipeline."""
SMALLEST_OBJECT_PX = 200
PROPOSED = 24
"""The most proposals of an image that are cut."""
PARTS, PAIRS, SCENERY = 1, 1, 1
"""Crops of parts, of two objects, and of scenery of each image."""
SAME, DIFFERENT = 0.7, 0.4
"""IoU with an object from which a proposal shows it, and up to which it shows none."""
SCENERY_AREA = 0.08
"""Share of the image from which a proposal without an object is scenery, not a wrong mask."""

CROPS, CROP_NAMES, WINDOWS = "crops.npy", "crops.json", "crop_windows.npy"
"""The files of a set's crops: pixels, names, and the pipeline's windows."""

_load_once = cache(load_training_set)
"""Opens a set once in a process, not for each image: it reads all proposals of the set."""


@dataclass(frozen=True, eq=False)
class Crop:
    """A mask in its surroundings.

    ``pixels`` uint8 CROP_PX x CROP_PX x 7: the image, the blurred image, the mask's coverage of
    each pixel. ``window`` is the pipeline's window in the crop: centre x and y and side, as shares
    of the crop's side.
    """

    name: str
    pixels: ByteArray
    window: tuple[float, float, float]


def cut_set(directory: Path, settings: HybridSettings, workers: int, seed: int = 0) -> None:
    """Cut the crops of a set into files of its folder, or keep those of an earlier call.

    Args:
        directory: The set, as ``render_training_set`` writes it, with proposals if it has any.
        settings: The pipeline's window and blur.
        workers: Processes.
        seed: Chooses proposals and wrong masks.
    """
    if (directory / CROP_NAMES).exists():
        return
    count = len(json.loads((directory / "names.json").read_text()))
    jobs = [(directory, settings, seed, row) for row in range(count)]
    with without_opencv_threads(), ProcessPoolExecutor(workers, get_context("fork")) as pool:
        images = pool.map(_cut_row, jobs, chunksize=4)
        save_crops(directory, tqdm(images, "cutting crops", count, unit="image"))


def save_crops(directory: Path, images: Iterator[list[Crop]]) -> None:
    """Write the crops of images; the names come last, when everything else is there."""
    names: list[str] = []
    windows: list[tuple[float, float, float]] = []
    raw = directory / "crops.part"
    with raw.open("wb") as file:
        for crops in images:
            for crop in crops:
                file.write(crop.pixels.tobytes())
                names.append(crop.name)
                windows.append(crop.window)
    shape = (len(names), CROP_PX, CROP_PX, 7)
    pixels = np.memmap(raw, np.uint8, "r", shape=shape) if names else np.empty(shape, np.uint8)
    np.save(directory / CROPS, pixels)
    raw.unlink()
    np.save(directory / WINDOWS, np.array(windows, np.float32).reshape(-1, 3))
    (directory / CROP_NAMES).write_text(json.dumps(names))


def _cut_row(job: tuple[Path, HybridSettings, int, int]) -> list[Crop]:
    directory, settings, seed, row = job
    data = _load_once(directory)
    rng = np.random.default_rng([seed, row])
    rgb, labels = np.asarray(data.rgb[row]), np.asarray(data.labels[row])
    return cut_crops(rgb, labels, data.names[row], data.proposals[row], settings, rng)


def cut_crops(
    rgb: ByteArray,
    labels: ByteArray,
    names: Sequence[str],
    proposals: Sequence[str],
    settings: HybridSettings,
    rng: np.random.Generator,
) -> list[Crop]:
    """Cut every object of an image, some of its proposals, and deliberately wrong masks.

    Args:
        rgb: Uint8 HxWx3.
        labels: Uint8 HxW, k = object k-1, 0 = none.
        names: The objects' names.
        proposals: Masks as compressed run lengths.
        settings: The pipeline's window and blur.
        rng: Chooses.

    Raises:
        ValueError: The settings have no window.
    """
    if settings.window is None:
        raise ValueError("the small CLIP is trained on regions of interest: set hybrid.window")
    cutter = _Cutter(rgb, settings)
    areas = np.bincount(labels.ravel(), minlength=len(names) + 1)
    kinds = [k for k in range(1, len(names) + 1) if areas[k] >= SMALLEST_OBJECT_PX]
    crops = [cutter.cut(labels == kind, names[kind - 1]) for kind in kinds]
    for number in rng.permutation(len(proposals))[:PROPOSED]:
        mask = decode({"size": list(labels.shape), "counts": proposals[int(number)]})
        name = name_of_proposal(mask, labels, names)
        if name is not None:
            crops.append(cutter.cut(mask, name))
    for kind in rng.permutation(kinds)[:PARTS]:
        crops.append(cutter.cut(_part(labels == kind, rng), WRONG_MASK))
    for kind in rng.permutation(kinds)[: PAIRS if len(kinds) > 1 else 0]:
        crops.append(cutter.cut(_union(labels, int(kind), kinds), WRONG_MASK))
    crops += [cutter.cut(_scenery(labels, rng), SCENERY_NAME) for _ in range(SCENERY)]
    return crops


class _Cutter:
    """Cuts regions of one image; the image is blurred once."""

    def __init__(self, rgb: ByteArray, settings: HybridSettings) -> None:
        assert settings.window is not None
        self._settings, self._window = settings, settings.window
        self._pixels = np.dstack([rgb, blur(rgb, settings.blur_kernel, settings.blur_sigma)])

    def cut(self, mask: BoolArray, name: str) -> Crop:
        least = self._settings.window_min_px
        window = square_crop(mask, self._window, least)
        around = square_crop(mask, self._window * MARGIN, round(least * MARGIN))
        ys = np.clip(np.arange(around.y, around.y + around.height), 0, mask.shape[0] - 1)
        xs = np.clip(np.arange(around.x, around.x + around.width), 0, mask.shape[1] - 1)
        part = self._pixels[np.ix_(ys, xs)]
        cover = mask[np.ix_(ys, xs)].astype(np.uint8) * 255
        method = cv2.INTER_LINEAR if around.width < CROP_PX else cv2.INTER_AREA
        small = [
            np.asarray(cv2.resize(image, (CROP_PX, CROP_PX), interpolation=method), np.uint8)
            for image in (part[..., :3], part[..., 3:], cover)
        ]
        return Crop(name, np.dstack(small), _place(window, around))


def _place(window: CropBox, around: CropBox) -> tuple[float, float, float]:
    """Return centre and side of a window as shares of the square around it."""
    side = around.width
    x = (window.x + window.width / 2 - around.x) / side
    y = (window.y + window.height / 2 - around.y) / side
    return x, y, window.width / side


def _part(mask: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Return one side of a random line through the object: 20 to 55 % of it."""
    angle = rng.uniform(0, 2 * np.pi)
    ys, xs = np.nonzero(mask)
    along = xs * np.cos(angle) + ys * np.sin(angle)
    keep = along <= np.quantile(along, rng.uniform(0.2, 0.55))
    part = np.zeros_like(mask)
    part[ys[keep], xs[keep]] = True
    return part


def _union(labels: ByteArray, kind: int, kinds: Sequence[int]) -> BoolArray:
    """Return the union of the object and its nearest neighbour in the image."""
    centres = {k: np.argwhere(labels == k).mean(0) for k in kinds}
    others = sorted(kinds, key=lambda k: float(np.hypot(*(centres[k] - centres[kind]))))
    return np.isin(labels, others[:2])


def _scenery(labels: ByteArray, rng: np.random.Generator) -> BoolArray:
    """Return an ellipse of the background or the whole background."""
    free = labels == 0
    if rng.random() < 0.15:
        return free
    blob = np.zeros(labels.shape, np.uint8)
    centre = (int(rng.integers(labels.shape[1])), int(rng.integers(labels.shape[0])))
    axes = (int(rng.integers(12, 120)), int(rng.integers(12, 120)))
    cv2.ellipse(blob, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    mask = (blob > 0) & free
    return mask if mask.sum() > 100 else free


def name_of_proposal(mask: BoolArray, labels: ByteArray, names: Sequence[str]) -> str | None:
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

"""Training crops: which object a mask shows, what is cut, and the views of a batch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from zsris_ros.geometry.run_lengths import encode
from zsris_ros.simulation.training_set import create_arrays
from zsris_ros.simulation.words import Description
from zsris_ros.training.household.captions import SCENERY_NAME
from zsris_ros.training.household.clip_batches import ClipSchedule
from zsris_ros.training.household.crop_bank import (
    OBJECTS,
    CropBank,
    CropIndex,
    crop_names,
    roughened,
)
from zsris_ros.training.household.crops import (
    CROP_PX,
    CROPS,
    MARGIN,
    PAIRS,
    PARTS,
    SCENERY,
    WRONG_MASK,
    Crop,
    cut_crops,
    cut_set,
    name_of_proposal,
)
from zsris_ros.training.household.train_clip import HYBRID, train_clip
from zsris_ros.training.training_loop import last_row
from zsris_ros.types import BoolArray, ByteArray
from zsris_ros.vision.views import HybridSettings

WORDS = {
    "red/cup": Description(("cup",), ("red",), (), 1),
    "blue/box": Description(("box",), ("blue",), (), 1),
}
SHAPE = (240, 320)


def box(top: int, left: int, height: int, width: int) -> BoolArray:
    mask = np.zeros(SHAPE, bool)
    mask[top : top + height, left : left + width] = True
    return mask


CUP, BOX = box(40, 40, 60, 60), box(40, 102, 60, 60)
LABELS = (CUP + 2 * BOX).astype(np.uint8)


@pytest.mark.parametrize(
    ("mask", "name"),
    [
        (CUP, "red/cup"),
        (box(42, 42, 56, 56), "red/cup"),
        (box(40, 40, 60, 20), WRONG_MASK),
        (CUP | BOX | box(100, 40, 60, 122), WRONG_MASK),
        (box(160, 10, 70, 300), SCENERY_NAME),
        (box(160, 10, 20, 60), WRONG_MASK),
        (box(40, 40, 60, 33), None),
        (CUP | BOX, None),
        (box(0, 0, 5, 5), None),
    ],
    ids=[
        *("whole", "eroded", "part", "group", "table", "shadow"),
        *("more than half", "one of two", "too small"),
    ],
)
def test_a_proposal_has_the_name_of_the_object_that_it_shows(
    mask: BoolArray, name: str | None
) -> None:
    assert name_of_proposal(mask, LABELS, list(WORDS)) == name


def picture(level: int = 90) -> ByteArray:
    return np.full((*SHAPE, 3), level, np.uint8)


def cut(proposals: list[str], rgb: ByteArray | None = None) -> list[Crop]:
    rgb = picture() if rgb is None else rgb
    return cut_crops(rgb, LABELS, list(WORDS), proposals, HYBRID, np.random.default_rng(0))


def test_every_object_and_the_proposals_are_cut() -> None:
    names = [crop.name for crop in cut([])]
    assert names[:2] == list(WORDS)
    assert names[2:] == [WRONG_MASK] * (PARTS + PAIRS) + [SCENERY_NAME] * SCENERY
    masks = [box(160, 10, 20, 60), box(42, 42, 56, 56), box(0, 0, 5, 5)]
    more = [crop.name for crop in cut([str(encode(mask)["counts"]) for mask in masks])]
    assert sorted(more) == sorted([*names, WRONG_MASK, "red/cup"]), "a tiny one is left out"


def test_a_crop_holds_its_mask_with_a_margin_around_the_window() -> None:
    rgb = picture()
    rgb[CUP] = (200, 30, 30)
    crop = cut([], rgb)[0]
    assert crop.pixels.shape == (CROP_PX, CROP_PX, 7)
    inside = crop.pixels[..., 6] >= 128
    assert np.abs(crop.pixels[inside][:, :3].mean(0) - (200, 30, 30)).max() < 4
    assert HYBRID.window is not None
    assert abs(inside.mean() - (1 / (HYBRID.window * MARGIN)) ** 2) < 0.01
    x, y, side = crop.window
    assert side == pytest.approx(1 / MARGIN, abs=0.01)
    ys, xs = np.nonzero(inside)
    assert (x, y) == pytest.approx((xs.mean() / CROP_PX, ys.mean() / CROP_PX), abs=0.02)


def test_settings_without_a_window_are_refused() -> None:
    with pytest.raises(ValueError, match=r"set hybrid\.window"):
        cut_crops(picture(), LABELS, list(WORDS), [], HybridSettings(), np.random.default_rng(0))


def a_set(directory: Path, labels: np.ndarray) -> Path:
    create_arrays(directory, len(labels))
    np.save(directory / "rgb.npy", np.stack([picture()] * len(labels)))
    np.save(directory / "labels.npy", labels)
    (directory / "names.json").write_text(json.dumps([list(WORDS)] * len(labels)))
    return directory


def test_a_set_is_cut_once_and_equally_by_any_number_of_processes(tmp_path: Path) -> None:
    sets = [a_set(tmp_path / name, np.stack([LABELS] * 6)) for name in ("one", "two")]
    for directory, workers in zip(sets, (1, 2), strict=True):
        cut_set(directory, HYBRID, workers)
    first, second = (np.load(directory / CROPS) for directory in sets)
    assert first.shape == (6 * (2 + PARTS + PAIRS + SCENERY), CROP_PX, CROP_PX, 7)
    assert (first == second).all()
    assert crop_names(sets[:1]) == crop_names(sets[1:])
    written = (sets[0] / CROPS).stat().st_mtime_ns
    cut_set(sets[0], HYBRID, 1)
    assert (sets[0] / CROPS).stat().st_mtime_ns == written


def test_rare_kinds_are_as_frequent_as_common_ones() -> None:
    names = ["red/cup", *["blue/box"] * 9, *[WRONG_MASK] * 30, SCENERY_NAME]
    index, rng = CropIndex(names, WORDS), np.random.default_rng(0)
    drawn = [names[row] for _ in range(20) for row in index.draw(rng, 32)]
    assert 0.7 < drawn.count("red/cup") / drawn.count("blue/box") < 1.4
    objects = drawn.count("red/cup") + drawn.count("blue/box")
    assert objects / len(drawn) == pytest.approx(OBJECTS, abs=0.08)


@pytest.mark.parametrize("names", [["red/cup"], [WRONG_MASK]], ids=["objects", "wrong masks"])
def test_crops_of_one_sort_make_a_batch_alone(names: list[str]) -> None:
    assert CropIndex(names, WORDS).draw(np.random.default_rng(0), 4).tolist() == [0] * 4


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> CropBank:
    directory = a_set(tmp_path_factory.mktemp("sets") / "one", LABELS[None])
    rgb = picture()
    rgb[CUP] = (230, 20, 20)
    np.save(directory / "rgb.npy", rgb[None])
    cut_set(directory, HYBRID, 1)
    return CropBank([directory], HYBRID, 64, 4, torch.device("cpu"), 0)


def test_views_show_the_object_before_the_fill_and_before_its_surroundings(bank: CropBank) -> None:
    crops = bank.views(np.zeros(40, np.int64))
    assert crops.local.shape == crops.global_.shape == (40, 3, 64, 64)
    assert crops.grids.shape == (40, 4, 4) and (crops.grids.amax((1, 2)) == 1).all()
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (HYBRID.mean, HYBRID.std))
    local, global_ = (each * std + mean for each in (crops.local, crops.global_))
    middle = local[:, :, 28:36, 28:36].mean((0, 2, 3))
    assert middle[0] > 2 * middle[1], "the cup is red"
    corner = torch.tensor(HYBRID.fill).view(3, 1, 1) * std + mean
    assert (local[:, :, 0, 0] - corner[:, 0, 0]).abs().max() < 0.02
    assert (global_[:, :, 0, 0] - corner[:, 0, 0]).abs().mean() > 0.02
    assert (local[0] - local[1]).abs().mean() > 0.01, "each draw is another"


def test_masks_grow_and_shrink_but_small_ones_remain() -> None:
    cover = torch.zeros(60, 1, 64, 64)
    cover[:, :, 20:40, 20:40] = 1
    cover[30:, :, :, 21:] = 0
    rough = roughened(cover, np.random.default_rng(0))
    areas = rough.sum((1, 2, 3))
    assert set(areas[:30].tolist()) == {side**2 for side in (16, 18, 20, 22, 24)}
    assert areas[30:].min() == 20, "a line one pixel wide is not eroded"


@pytest.mark.parametrize("labels", [LABELS * (LABELS == 1), 0 * LABELS], ids=["one", "none"])
def test_the_small_clip_trains_and_resumes_on_few_objects(
    labels: np.ndarray, tmp_path: Path
) -> None:
    directory, checkpoint = a_set(tmp_path / "set", labels[None]), tmp_path / "clip.pt"
    cut_set(directory, HYBRID, 1)
    for steps, workers in ((1, 0), (2, 1), (2, 1)):
        schedule = ClipSchedule(steps=steps, crops=4, captions=4, other_names=4)
        clip = train_clip([directory], WORDS, checkpoint, schedule, workers=workers)
    figures = last_row(tmp_path / "clip.csv")
    assert figures["step"] == 2 and np.isfinite(list(figures.values())).all()
    assert not clip.model.training and len(clip.encode_text(["the red cup"])) == 1

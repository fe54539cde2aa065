"""Views of masks of any size and position."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zsris_ros.types import InputError
from zsris_ros.vision.views import (
    CropBox,
    HybridSettings,
    ViewMaker,
    Views,
    blur,
    crop,
    crop_mask,
    mask_grid,
    normalise,
    resize,
    square_crop,
)

CPU = torch.device("cpu")


def picture(height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def rectangle(x: int, y: int, w: int, h: int, height: int = 48, width: int = 64) -> np.ndarray:
    mask = np.zeros((height, width), dtype=bool)
    mask[y : y + h, x : x + w] = True
    return mask


def views(rgb: np.ndarray, masks: np.ndarray, **changes: object) -> Views:
    options = HybridSettings(**changes)
    return ViewMaker(rgb, masks, options, 32, 4, CPU)(range(len(masks)))


boxes = st.tuples(
    st.integers(0, 63), st.integers(0, 47), st.integers(1, 64), st.integers(1, 48)
).map(lambda b: rectangle(*b))


def test_the_local_picture_shows_nothing_but_the_object() -> None:
    mask = rectangle(20, 10, 12, 20)
    one, other = picture(), picture(seed=1)
    other[mask] = one[mask]
    first, second = views(one, mask[None]), views(other, mask[None])
    assert torch.equal(first.local, second.local)
    assert not torch.equal(first.global_, second.global_)


def test_outside_is_the_fill_in_normalised_units() -> None:
    local = views(picture(), rectangle(32, 24, 16, 12)[None], fill=(0.1, -0.2, 0.3)).local
    torch.testing.assert_close(local[0, :, 2, 2], torch.tensor([0.1, -0.2, 0.3]))


def test_inside_both_pictures_are_the_frame() -> None:
    rgb = np.full((48, 64, 3), (200, 100, 50), dtype=np.uint8)
    shown = views(rgb, rectangle(0, 0, 64, 48)[None])
    colour = (np.array([200, 100, 50]) / 255 - HybridSettings().mean) / HybridSettings().std
    for image in (shown.local, shown.global_):
        expected = torch.from_numpy(colour).float().view(1, 3, 1, 1).expand_as(image)
        torch.testing.assert_close(image, expected, atol=1e-5, rtol=0)


def test_the_surround_is_blurred() -> None:
    rgb = picture()
    mask = rectangle(40, 30, 8, 8)
    shown = views(rgb, mask[None], image_antialias=False).global_[0]
    sharp = views(rgb, rectangle(0, 0, 64, 48)[None], image_antialias=False).global_[0]
    assert shown[:, :12, :12].std() < 0.3 * sharp[:, :12, :12].std()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (7, 2, 3)])
def test_blur_of_pictures_smaller_than_its_kernel(shape: tuple[int, int, int]) -> None:
    rgb = np.full(shape, 77, dtype=np.uint8)
    assert (blur(rgb, 15, 2.6) == 77).all()


@settings(max_examples=60)
@given(boxes, st.integers(1, 16), st.booleans())
def test_no_mask_vanishes_from_the_grid(mask: np.ndarray, grid: int, antialias: bool) -> None:
    cells = mask_grid(torch.from_numpy(mask)[None], grid, True, full_cell=True)
    assert cells.min() >= 0
    assert cells.max() == 1
    sampled = mask_grid(torch.from_numpy(mask)[None], grid, antialias, full_cell=False)
    assert sampled.min() >= 0 and sampled.max() <= 1


def test_one_pixel_keeps_a_cell_and_the_paper_loses_it() -> None:
    dot = torch.from_numpy(rectangle(37, 21, 1, 1))[None]
    assert (mask_grid(dot, 4, True, full_cell=True) > 0.5).sum() >= 1
    assert mask_grid(dot, 4, False, full_cell=False).sum() == 0


def test_empty_and_full_grids() -> None:
    both = torch.stack([torch.zeros(48, 64), torch.ones(48, 64)]).bool()
    for antialias in (False, True):
        for full_cell in (False, True):
            cells = mask_grid(both, 4, antialias, full_cell)
            assert cells[0].abs().sum() == 0
            torch.testing.assert_close(cells[1], torch.ones(4, 4))


@given(boxes, st.floats(0.5, 4), st.integers(1, 40))
def test_a_window_is_square_and_holds_its_mask(mask: np.ndarray, scale: float, least: int) -> None:
    window = square_crop(mask, scale, least)
    assert window.width == window.height
    longer = max(np.ptp(np.nonzero(mask)[1]), np.ptp(np.nonzero(mask)[0])) + 1
    assert window.width >= min(least, 64)
    if window.width <= 48:
        assert 0 <= window.x <= 64 - window.width
        assert 0 <= window.y <= 48 - window.height
    if scale >= 1:
        assert window.width >= longer
        assert crop_mask(torch.from_numpy(mask), window).sum() == mask.sum()


def test_a_window_round_nothing_is_the_frame() -> None:
    assert square_crop(np.zeros((48, 64), dtype=bool), 2.0, 8) == CropBox(0, -8, 64, 64)


def test_beyond_the_frame_the_edge_repeats_and_no_mask_is() -> None:
    rows = torch.arange(4.0)[:, None].expand(4, 6)
    window = CropBox(0, -1, 6, 6)
    assert crop(rows, window)[:, 0].tolist() == [0, 0, 1, 2, 3, 3]
    inside = crop_mask(torch.ones(4, 6, dtype=torch.bool), window)
    assert inside.any(dim=1).tolist() == [False, True, True, True, True, False]


def test_a_window_follows_its_object() -> None:
    rgb, mask = picture(96, 128), rectangle(40, 30, 9, 7, 96, 128)
    moved = np.roll(rgb, (11, 23), axis=(0, 1)), np.roll(mask, (11, 23), axis=(0, 1))
    first = views(rgb, mask[None], window=2.0, window_min_px=8)
    second = views(moved[0], moved[1][None], window=2.0, window_min_px=8)
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_a_window_shows_a_small_object_large() -> None:
    mask = rectangle(30, 20, 4, 4)
    whole = views(picture(), mask[None], full_cell=False).grids.sum()
    near = views(picture(), mask[None], full_cell=False, window=1.5, window_min_px=4).grids.sum()
    assert near > 10 * whole


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"blur_kernel": 8}, "odd"),
        ({"batch_size": 0}, "at least 1"),
        ({"window": -1.0}, "positive"),
        ({"fill": (1.0, 2.0)}, "three numbers"),
    ],
)
def test_settings_that_make_no_sense(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        HybridSettings(**changes)


@settings(max_examples=60)
@given(boxes, st.booleans(), st.integers(0, 3))
def test_only_what_a_mask_reaches_is_composed_and_nothing_is_missed(
    mask: np.ndarray, antialias: bool, seed: int
) -> None:
    """The plain form: both pictures composed at the frame's size, and then shrunk."""
    mask = mask & (np.random.default_rng(seed).random(mask.shape) > 0.3)
    options = HybridSettings(image_antialias=antialias)
    rgb = picture(seed=seed)
    inside = torch.from_numpy(mask)
    sharp, blurred = (
        normalise(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255, options.mean, options.std)
        for pixels in (rgb, blur(rgb, options.blur_kernel, options.blur_sigma))
    )
    fill = torch.tensor(options.fill).view(1, 3, 1, 1)
    local = resize(torch.where(inside, sharp, fill), 32, antialias)
    global_ = resize(torch.where(inside, sharp, blurred), 32, antialias)
    ours = ViewMaker(rgb, mask[None], options, 32, 4, CPU)([0])
    torch.testing.assert_close(ours.local, local, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.global_, global_, atol=1e-5, rtol=0)


@settings(max_examples=60)
@given(boxes, st.booleans(), st.integers(0, 3))
def test_elsewhere_a_masks_pictures_are_the_empty_ones(
    mask: np.ndarray, antialias: bool, seed: int
) -> None:
    make = ViewMaker(
        picture(seed=seed), mask[None], HybridSettings(image_antialias=antialias), 32, 4, CPU
    )
    ours, empty = make([0]), make.empty()
    differs = (ours.local != empty.local) | (ours.global_ != empty.global_)
    cells = differs.any(dim=1).view(4, 8, 4, 8).any(dim=3).any(dim=1).flatten()
    image, places = make.changed_cells([0])
    assert not image.any()
    assert set(cells.nonzero().flatten().tolist()) <= set(places.tolist())

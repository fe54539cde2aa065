"""The islands of smooth surfaces, on drawn pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsris_ros.models.load import load_models
from zsris_ros.models.load_options import LoadOptions
from zsris_ros.proposals.depth.depth_proposer import DepthProposer
from zsris_ros.proposals.figure_ground import FigureGroundProposer, find_islands
from zsris_ros.types import BoolArray, ByteArray, Frame, Intrinsics

HEIGHT, WIDTH = 240, 320
Box = tuple[int, int, int, int]


def table(noise: float = 0.0) -> ByteArray:
    """Return a table with a light gradient below a darker wall, uint8 HxWx3."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.float32)
    picture[:] = (190, 165, 140)
    picture += np.linspace(-25, 25, WIDTH)[None, :, None]
    picture[:50] = (120, 125, 130)
    picture += noise * np.random.default_rng(0).normal(size=picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def put(picture: ByteArray, box: Box, prints: bool = True) -> BoolArray:
    """Draw a red packet with white bars, (x, y, w, h); return its mask."""
    x, y, w, h = box
    picture[y : y + h, x : x + w] = (180, 30, 40)
    if prints:
        for row in range(y + 5, y + h - 4, 9):
            picture[row : row + 4, x + 4 : x + w - 4] = (240, 240, 235)
    mask = np.zeros(picture.shape[:2], bool)
    mask[y : y + h, x : x + w] = True
    return mask


def best_iou(masks: BoolArray, truth: BoolArray) -> float:
    return max((float((m & truth).sum() / (m | truth).sum()) for m in masks), default=0.0)


@pytest.mark.parametrize("noise", [0.0, 4.0, 10.0])
@pytest.mark.parametrize("prints", [False, True])
def test_a_packet_on_a_table_is_one_island(noise: float, prints: bool) -> None:
    picture = table(noise)
    boxes: list[Box] = [(60, 120, 40, 50), (150, 100, 30, 30), (230, 150, 50, 24)]
    truths = [put(picture, box, prints) for box in boxes]
    masks, quality = find_islands(picture)
    assert [best_iou(masks, truth) > 0.7 for truth in truths] == [True] * 3
    assert len(masks) == 3 and quality.min() > 0.8


def grain(picture: ByteArray) -> ByteArray:
    """Return a picture of wood: bands of 3 to 6 rows whose lightness differs by up to 7 %."""
    rng = np.random.default_rng(1)
    lightness = np.repeat(rng.uniform(0.93, 1.0, HEIGHT), rng.integers(3, 7, HEIGHT))[:HEIGHT]
    wood = picture * lightness[:, None, None] + rng.normal(size=picture.shape)
    return wood.clip(0, 255).astype(np.uint8)


def test_a_packet_on_wood_is_one_island() -> None:
    wood = grain(table())
    boxes: list[Box] = [(60, 120, 40, 50), (150, 100, 40, 40), (230, 150, 50, 34)]
    truths = [put(wood, box) for box in boxes]
    masks, _ = find_islands(wood)
    assert [best_iou(masks, truth) > 0.7 for truth in truths] == [True] * 3


def test_parts_of_an_island_are_no_further_islands() -> None:
    picture = table(noise=4.0)
    truth = np.zeros((HEIGHT, WIDTH), bool)
    picture[100:160, 100:160], truth[100:160, 100:160] = (150, 120, 95), True
    picture[115:145, 115:145] = (20, 40, 120)
    masks, _ = find_islands(picture)
    assert best_iou(masks, truth) > 0.7 and len(masks) == 1


def test_a_bottle_before_table_and_wall_is_an_island() -> None:
    picture = table()
    bottle = put(picture, (140, 20, 24, 90), prints=False)
    masks, _ = find_islands(picture)
    assert best_iou(masks, bottle) > 0.7


def test_an_island_is_found_at_any_resolution() -> None:
    picture = table()
    truth = put(picture, (60, 120, 40, 50))
    large = cv2.resize(picture, (1280, 960), interpolation=cv2.INTER_CUBIC)
    masks, _ = find_islands(np.asarray(large))
    assert masks.shape[1:] == (960, 1280)
    assert best_iou(masks, truth.repeat(4, axis=0).repeat(4, axis=1)) > 0.7


def test_a_bowl_is_filled_and_a_frame_is_not() -> None:
    for wide, filled in ((18, True), (5, False)):
        picture = table()
        cv2.circle(picture, (160, 150), 50, (20, 90, 60), -1)
        cv2.circle(picture, (160, 150), 50 - wide, (200, 195, 190), -1)
        masks, _ = find_islands(picture)
        assert len(masks) and bool(masks[0, 150, 160]) is filled


def test_a_region_cut_by_the_image_border_is_no_island() -> None:
    picture = table()
    put(picture, (0, 120, 40, 50))
    assert len(find_islands(picture)[0]) == 0


@settings(max_examples=25)
@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([0, 3, 255]), st.integers(0, 99))
def test_any_image_is_accepted(height: int, width: int, spread: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, spread + 1, (height, width, 3)).astype(np.uint8)
    masks, quality = find_islands(picture)
    assert masks.shape == (len(quality), height, width) and masks.dtype == bool
    assert all(mask.any() for mask in masks) and ((quality >= 0) & (quality <= 1)).all()


def test_the_household_proposes_islands() -> None:
    plain = load_models("tabletop", LoadOptions(parser="rules", device="cpu"))
    assert not any(isinstance(each, FigureGroundProposer) for each in plain.proposers)
    models = load_models("household", LoadOptions(parser="rules", device="cpu"))
    assert any(isinstance(each, FigureGroundProposer) for each in models.proposers)
    # Depth separates objects better.
    segmenter = models.segmenter(models.islands, DepthProposer())
    picture = table()
    put(picture, (60, 120, 40, 50))
    found = segmenter.propose(Frame(picture))
    assert found.sources == ("figure",) and found.boxes.shape == (1, 4)
    depth = np.ones((HEIGHT, WIDTH), np.float32)
    assert len(segmenter.propose(Frame(picture, depth, Intrinsics(300, 300, 160, 120)))) == 0

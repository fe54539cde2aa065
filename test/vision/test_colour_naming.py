"""Colour names of pixels, with the coefficients of the shipped preset."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.language.lexicon.adjectives import BASIC_COLOURS
from zsris_ros.models.preset import load_preset
from zsris_ros.types import Proposals
from zsris_ros.vision.colour_naming import TERMS, colour_shares, colour_terms

COLOURS = load_preset("household").referring.colours
TYPICAL = {
    "black": (20, 20, 22), "white": (240, 240, 238), "red": (190, 30, 35), "green": (40, 140, 60),
    "yellow": (235, 205, 40), "blue": (35, 70, 175), "brown": (110, 70, 40),
    "purple": (110, 50, 150), "pink": (235, 140, 170), "orange": (235, 120, 25),
    "grey": (125, 125, 127),
}  # fmt: skip


def shares_of(rgb: np.ndarray, *masks: np.ndarray) -> dict[str, np.ndarray]:
    stack = np.stack(masks)
    ones = np.ones(len(masks), np.float32)
    proposals = Proposals(stack, mask_boxes(stack), ones, ("sam",) * len(masks))
    found = colour_shares(rgb, proposals.coverage, COLOURS)
    return {colour: share.numpy() for colour, share in found.items()}


def painted(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((48, 64, 3), colour, np.uint8)


def test_a_preset_knows_all_basic_colours() -> None:
    assert set(COLOURS) == set(BASIC_COLOURS)
    assert {len(each) for each in COLOURS.values()} == {TERMS}


@pytest.mark.parametrize("colour", BASIC_COLOURS)
def test_a_typical_colour_has_its_name(colour: str) -> None:
    shares = shares_of(painted(TYPICAL[colour]), np.ones((48, 64), bool))
    assert max(shares, key=lambda each: float(shares[each][0])) == colour


@pytest.mark.parametrize("colour", ["red", "green", "yellow", "blue"])
def test_a_dull_colour_suits_its_name_better_than_the_opposite_one(colour: str) -> None:
    opposite = {"red": "green", "green": "red", "yellow": "blue", "blue": "yellow"}[colour]
    grey = np.mean(TYPICAL[colour])
    dull = tuple(int(0.7 * (grey + 0.4 * (value - grey))) for value in TYPICAL[colour])
    shares = shares_of(painted(dull), np.ones((48, 64), bool))  # type: ignore[arg-type]
    assert shares[colour][0] > 5 * shares[opposite][0]


def test_a_mask_of_two_colours_has_a_share_of_each() -> None:
    rgb = painted(TYPICAL["red"])
    rgb[:, 32:] = TYPICAL["blue"]
    whole, left = np.ones((48, 64), bool), np.zeros((48, 64), bool)
    left[:, :32] = True
    shares = shares_of(rgb, whole, left)
    assert shares["red"][0] == pytest.approx(shares["red"][1] / 2, rel=0.1)
    assert shares["blue"][0] > 0.4 > 0.05 > shares["blue"][1]


def test_the_surround_of_a_mask_does_not_count() -> None:
    rgb = painted(TYPICAL["white"])
    rgb[10:31, 13:42] = TYPICAL["green"]
    mask = np.zeros((48, 64), bool)
    mask[10:31, 13:42] = True
    assert shares_of(rgb, mask)["white"][0] < 0.05


def test_a_mask_without_a_whole_cell_and_an_empty_one_have_finite_shares() -> None:
    thin, empty = np.zeros((48, 64), bool), np.zeros((48, 64), bool)
    thin[:, 33] = True
    shares = shares_of(painted(TYPICAL["green"]), thin, empty)
    assert shares["green"][0] > 0.5
    assert all(np.isfinite(each).all() for each in shares.values())


@given(st.lists(st.integers(0, 255), min_size=3, max_size=3))
def test_the_shares_add_up_to_one(colour: list[int]) -> None:
    shares = shares_of(painted((colour[0], colour[1], colour[2])), np.ones((48, 64), bool))
    assert sum(float(each[0]) for each in shares.values()) == pytest.approx(1, abs=1e-4)


def test_the_terms_of_white() -> None:
    terms = colour_terms(np.ones((2, 3, 3), np.float32))
    assert terms.shape == (2, 3, TERMS)
    np.testing.assert_allclose(terms[0, 0], [1, 1, 0, 0, 1, 0, 0, 0, 0, 0], atol=1e-3)

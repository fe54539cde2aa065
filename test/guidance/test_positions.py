"""Maps of position words, alone and combined."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zsris_ros.guidance.positions import POSITIONS, position_map, published_position_map
from zsris_ros.types import InputError

PLACES = {  # (row, column) of the best place in a picture of 21 x 31 pixels
    ("left",): (None, 0),
    ("right",): (None, 30),
    ("top",): (0, None),
    ("bottom",): (20, None),
    ("front",): (20, None),
    ("back",): (0, None),
    ("middle",): (10, 15),
    ("left", "top"): (0, 0),
    ("bottom", "right"): (20, 30),
    ("left", "middle"): (10, 0),
    ("middle", "top"): (0, 15),
}


@pytest.mark.parametrize(("words", "place"), PLACES.items())
def test_words_give_the_largest_weight_to_their_side(
    words: tuple[str, ...], place: tuple[int | None, int | None]
) -> None:
    weights = position_map(words, 21, 31)
    assert weights.shape == (21, 31)
    rows, columns = torch.nonzero(weights == weights.max(), as_tuple=True)
    for found, expected, count in ((rows, place[0], 21), (columns, place[1], 31)):
        if expected is None:
            assert len(found.unique()) == count
        else:
            assert found.unique().tolist() == [expected]
    assert weights.max() == pytest.approx(1)


@settings(max_examples=60)
@given(st.sets(st.sampled_from(POSITIONS)), st.integers(1, 40), st.integers(1, 40))
def test_weights_are_in_range(words: set[str], height: int, width: int) -> None:
    weights = position_map(words, height, width)
    assert weights.shape == (height, width)
    assert weights.min() >= 0
    assert weights.max() <= 1


def test_no_words_no_preference() -> None:
    assert torch.equal(position_map((), 3, 4), torch.ones(3, 4))


def test_several_words_multiply() -> None:
    for one, other in itertools.combinations(("left", "right", "top", "bottom"), 2):
        both = position_map((one, other), 9, 12)
        single = position_map((one,), 9, 12), position_map((other,), 9, 12)
        torch.testing.assert_close(both, single[0] * single[1])


def test_front_is_near() -> None:
    depth = torch.full((10, 10), 2.0)
    depth[:5, :5] = 0.5  # the near thing is at the top left
    depth[9, 9] = torch.nan
    depth[9, 0] = 0
    front = position_map({"front"}, 10, 10, depth)
    assert (front[:5, :5] == 1).all()
    assert front[5, 5] == 0
    assert torch.isfinite(front).all()
    torch.testing.assert_close(front + position_map({"back"}, 10, 10, depth), torch.ones(10, 10))


@pytest.mark.parametrize("value", [0.0, 1.5, float("nan"), float("inf")])
def test_constant_or_invalid_depth_is_ignored(value: float) -> None:
    front = position_map({"front"}, 6, 5, torch.full((6, 5), value))
    assert torch.equal(front, position_map({"front"}, 6, 5))


def test_the_published_map_has_three_positions() -> None:
    for flag in ("up", "down", "none", "sideways"):
        assert torch.equal(published_position_map(flag, 4, 5), torch.ones(4, 5))
    assert published_position_map("left", 2, 3).tolist() == [[1.0, 0.5, 0.0]] * 2
    assert published_position_map("middle", 1, 5).tolist() == [[0.0, 1.0, 1.0, 0.5, 0.0]]


def test_unknown_word() -> None:
    with pytest.raises(InputError, match="unknown position 'north'"):
        position_map({"north"}, 3, 3)

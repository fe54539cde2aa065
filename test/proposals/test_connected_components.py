"""Masks cleaned jointly equal those that segment_anything cleans one by one."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from zsris_ros.proposals.sam import connected_components
from zsris_ros.proposals.sam.connected_components import (
    _clean_jointly,
    _clean_separately,
    _label_components,
    remove_small_regions,
)

MASKS = arrays.arrays(bool, st.tuples(st.integers(0, 3), st.integers(1, 12), st.integers(1, 12)))


@settings(max_examples=300)
@given(MASKS, st.integers(1, 20))
def test_joint_cleaning_equals_one_by_one(masks: np.ndarray, least: int) -> None:
    given_masks = torch.from_numpy(masks)
    one_by_one, repaired = _clean_separately(given_masks, least)
    for mask in masks:
        assume(not _largest_is_a_tie(remove_small_regions(mask, least, "holes")[0]))
    together, changed = _clean_jointly(given_masks, least)
    assert torch.equal(together, one_by_one) and torch.equal(changed, repaired)
    assert np.array_equal(given_masks.numpy(), masks)  # the masks that were given are left alone


def _largest_is_a_tie(mask: np.ndarray) -> bool:
    """Of small islands alike in size either may stay."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), 8)
    sizes = sorted(stats[1:, -1])
    return len(sizes) > 1 and sizes[-1] == sizes[-2]


@given(MASKS)
def test_regions_equal_those_of_opencv(masks: np.ndarray) -> None:
    labels, sizes = _label_components(torch.from_numpy(masks))
    for mask, ours, counted in zip(masks, labels.numpy(), sizes.numpy(), strict=True):
        count, theirs = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
        pairs = Counter(zip(theirs.flat, ours, strict=True))
        assert len(pairs) == len({label for _, label in pairs}) == count - mask.all()
        assert all(counted[label] == pixels for (_, label), pixels in pairs.items() if label)
        assert counted.sum() == mask.sum()


def test_a_mask_of_small_islands_keeps_the_largest() -> None:
    mask = torch.zeros(1, 9, 9, dtype=torch.bool)
    mask[0, 1, 1:3] = mask[0, 4:6, 4:6] = mask[0, 8, 8] = True
    cleaned, changed = _clean_jointly(mask, 20)
    assert cleaned[0].nonzero().tolist() == [[4, 4], [4, 5], [5, 4], [5, 5]] and changed.all()


@pytest.mark.parametrize("shape", ["snake", "all", "checkered", "noise"])
def test_every_shape_needs_few_rounds(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that went from pixel to pixel would take thousands."""
    mask = np.zeros((96, 128), dtype=bool)
    if shape == "snake":
        mask[::2] = mask[1::4, -1] = mask[3::4, 0] = True
    elif shape == "all":
        mask[:] = True
    elif shape == "checkered":
        mask[::2, ::2] = mask[1::2, 1::2] = True
    else:
        mask[:] = np.random.default_rng(0).random(mask.shape) < 0.41
    rounds = []
    look = connected_components._max_3x3
    monkeypatch.setattr(
        connected_components, "_max_3x3", lambda labels: rounds.append(1) or look(labels)
    )
    labels, sizes = _label_components(torch.from_numpy(mask)[None])
    assert len(rounds) <= 14
    if shape != "noise":
        assert len(labels.unique()) <= 2 and sizes.max() == mask.sum()

"""J and F of DAVIS against an independent implementation by distance transforms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from zsris_ros.evaluation.video.video_metrics import (
    boundary,
    boundary_accuracy,
    region_similarity,
)


def blob(seed: int, height: int, width: int) -> np.ndarray:
    """A smooth random mask."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = sum(
        np.sin(y * rng.uniform(0, 0.4) + x * rng.uniform(0, 0.4) + rng.uniform(0, 6))
        for _ in range(3)
    )
    return np.asarray(waves > rng.uniform(-2, 2))


def literal_boundary(mask: np.ndarray) -> np.ndarray:
    """A pixel whose right, lower or lower right neighbour inside the image differs."""
    height, width = mask.shape
    result = np.zeros_like(mask)
    for y in range(height):
        for x in range(width):
            neighbours = [(y, x + 1), (y + 1, x), (y + 1, x + 1)]
            # At the last row and column DAVIS compares along the border alone.
            if y == height - 1 or x == width - 1:
                neighbours = neighbours[:2]
            inside = [(i, j) for i, j in neighbours if i < height and j < width]
            result[y, x] = any(mask[y, x] != mask[i, j] for i, j in inside)
    return result


def literal_f(truth: np.ndarray, answer: np.ndarray) -> float:
    """F by the distance of each boundary pixel to the other boundary."""
    height, width = truth.shape
    tolerance = np.ceil(0.008 * np.sqrt(height**2 + width**2))
    true, found = literal_boundary(truth), literal_boundary(answer)
    if not true.any() and not found.any():
        return 1.0
    if not true.any() or not found.any():
        return 0.0
    precision = (distance_transform_edt(~true)[found] <= tolerance).mean()
    recall = (distance_transform_edt(~found)[true] <= tolerance).mean()
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from([(1, 1), (40, 60), (90, 31)]))
def test_f_is_that_of_the_distance_transform(first: int, second: int, size: tuple) -> None:
    truth, answer = blob(first, *size), blob(second, *size)
    assert (boundary(truth) == literal_boundary(truth)).all()
    assert boundary_accuracy(truth, answer) == pytest.approx(literal_f(truth, answer))


def test_f_of_a_large_image_has_a_wider_tolerance() -> None:
    truth = np.zeros((160, 284), bool)  # a third of DAVIS's images: 3 pixels instead of 1
    truth[30:100, 60:160] = True
    near, far = np.roll(truth, 3, axis=1), np.roll(truth, 30, axis=(0, 1))
    assert boundary_accuracy(truth, near) == 1.0
    assert boundary_accuracy(truth, far) == pytest.approx(literal_f(truth, far))
    assert boundary_accuracy(truth, far) < 0.5


def test_empty_masks() -> None:
    empty, some = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    some[5:9, 5:9] = True
    assert region_similarity(empty, empty) == boundary_accuracy(empty, empty) == 1.0
    for pair in ((empty, some), (some, empty)):
        assert region_similarity(*pair) == boundary_accuracy(*pair) == 0.0
    assert region_similarity(some, some) == boundary_accuracy(some, some) == 1.0

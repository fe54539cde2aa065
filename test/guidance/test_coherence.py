"""The mask that covers exactly the heat scores best, and no score is NaN."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zsris_ros.guidance.coherence import (
    PRINTED_WEIGHTS,
    PRODUCT_WEIGHTS,
    PUBLISHED_WEIGHTS,
    GuidanceWeights,
    directed_map,
    guidance_scores,
)

TABLES = (PUBLISHED_WEIGHTS, PRINTED_WEIGHTS, PRODUCT_WEIGHTS)


@settings(max_examples=50)
@given(st.integers(0, 1000), st.sampled_from(TABLES), st.sampled_from(["", "big", "small"]))
def test_equals_equation_8(seed: int, table: dict[str, GuidanceWeights], size: str) -> None:
    rng = np.random.default_rng(seed)
    heat = rng.random((9, 13)).astype(np.float32)
    masks = rng.random((4, 9, 13)) < 0.4
    weights = table[size]
    g = heat / heat.mean()
    expected = [
        weights.inside * g[mask].mean() - weights.outside * g[~mask].mean() for mask in masks
    ]
    directed = directed_map(torch.from_numpy(heat), torch.ones(9, 13))
    scores = guidance_scores(torch.from_numpy(masks), directed, weights)
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_lambdas() -> None:
    def ratios(table: dict[str, GuidanceWeights]) -> list[float]:
        return [round(table[key].outside / table[key].inside, 6) for key in ("", "big", "small")]

    assert [ratios(dict(table)) for table in TABLES] == [[9, 39, 3], [9, 3, 14], [9, 14, 3]]
    assert GuidanceWeights.of_lambda(9) == pytest.approx((0.2, 1.8))


def test_the_right_extent_wins() -> None:
    heat = torch.zeros(20, 20)
    heat[5:15, 5:15] = 1
    masks = torch.zeros(5, 20, 20, dtype=torch.bool)
    masks[0, 5:15, 5:15] = True
    masks[1, 5:10, 5:15] = True  # half of it
    masks[2, 2:18, 2:18] = True  # too much
    masks[3, :4, :4] = True  # beside it
    masks[4] = True  # everything
    for table in TABLES:
        scores = guidance_scores(masks, directed_map(heat, torch.ones(20, 20)), table[""])
        assert scores.argmax() == 0
        assert scores[1] > scores[3]


def test_a_larger_lambda_favours_larger_masks() -> None:
    heat = torch.full((20, 20), 0.05)
    heat[5:15, 5:15] = 0.5
    heat[8:12, 8:12] = 1
    masks = torch.zeros(2, 20, 20, dtype=torch.bool)
    masks[0, 8:12, 8:12] = True
    masks[1, 5:15, 5:15] = True
    g = directed_map(heat, torch.ones(20, 20))

    def lead_of_the_larger(size: str) -> float:
        small, large = guidance_scores(masks, g, PRODUCT_WEIGHTS[size])
        return float(large - small)

    assert lead_of_the_larger("big") > lead_of_the_larger("") > lead_of_the_larger("small")


def test_full_and_empty_masks_never_win_by_nan() -> None:
    heat = torch.rand(10, 10)
    masks = torch.zeros(3, 10, 10, dtype=torch.bool)
    masks[0] = True
    masks[2, :3, :3] = True
    heat[:3, :3] += 5
    g = directed_map(heat, torch.ones(10, 10))
    scores = guidance_scores(masks, g, PRODUCT_WEIGHTS[""])
    assert torch.isfinite(scores).all()
    assert scores.argmax() == 2
    assert scores.argmin() == 1
    unguarded = guidance_scores(masks, g, PUBLISHED_WEIGHTS[""], guard=False)
    assert torch.isnan(unguarded[:2]).all()


def test_a_cold_map_favours_no_mask() -> None:
    cold = torch.zeros(6, 6)
    g = directed_map(cold, torch.ones(6, 6))
    masks = torch.rand(5, 6, 6) > 0.5
    scores = guidance_scores(masks, g, PRODUCT_WEIGHTS[""])
    torch.testing.assert_close(scores, scores[:1].expand(5), atol=1e-5, rtol=0)
    assert torch.isnan(directed_map(cold, torch.ones(6, 6), guard=False)).all()


def test_direction_moves_the_heat() -> None:
    ramp = torch.linspace(1, 0, 8).expand(4, 8)
    directed = directed_map(torch.ones(4, 8), ramp)
    assert directed.mean() == pytest.approx(1)
    assert (directed[:, 0] > directed[:, -1]).all()


def test_no_masks() -> None:
    none = torch.zeros(0, 4, 4, dtype=torch.bool)
    assert guidance_scores(none, torch.ones(4, 4), PRODUCT_WEIGHTS[""]).shape == (0,)

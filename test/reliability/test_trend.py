"""The trend test: growth is detected in noise, and noise is not growth."""

from __future__ import annotations

import numpy as np
import pytest

from reliability.trend import BLOCKS, trend

SECONDS = np.arange(0, 3600, 6.0)


def noise(seed: int) -> np.ndarray:
    """Return correlated noise, such as the steps of an allocator."""
    steps = np.random.default_rng(seed).normal(size=len(SECONDS) // 12)
    return np.repeat(steps, 12)


def test_growth_is_detected_in_noise() -> None:
    grown = trend(SECONDS, 500 + 40 * SECONDS / 3600 + 3 * noise(1))
    assert not grown.flat
    assert grown.slope == pytest.approx(40, abs=grown.error)


def test_noise_is_rarely_growth() -> None:
    found = [trend(SECONDS, 10 + noise(seed)).flat for seed in range(200)]
    assert np.mean(found) > 0.97


def test_a_negligible_drift_is_flat() -> None:
    assert trend(SECONDS, 500 + 2 * SECONDS / 3600).flat
    assert not trend(SECONDS, 500 + 8 * SECONDS / 3600).flat


def test_a_constant_is_flat() -> None:
    found = trend(SECONDS, np.full(len(SECONDS), 14.0))
    assert found.flat and found.slope == pytest.approx(0, abs=1e-9) and found.row()["flat"] is True


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match=f"at least {BLOCKS}"):
        trend([1.0, 2.0], [3.0, 4.0])

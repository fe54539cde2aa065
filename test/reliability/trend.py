"""Slope of a series of correlated samples with its confidence interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

BLOCKS = 20
"""Adjacent samples are correlated, so the line is fitted to the means of this many blocks."""

T_99 = 2.878
"""Student's t for a two-sided interval of 99 % with BLOCKS - 2 degrees of freedom."""

NEGLIGIBLE = 0.01
"""Drift over the whole run, as a share of the mean, that is irrelevant."""


@dataclass(frozen=True)
class Trend:
    """A fitted line; ``slope`` and ``error`` (half of its 99 % interval) are per hour."""

    mean: float
    first: float
    last: float
    slope: float
    error: float
    flat: bool

    def row(self) -> dict[str, float | bool]:
        """Return rounded plain data."""
        return {
            name: value if isinstance(value, bool) else round(value, 3)
            for name, value in asdict(self).items()
        }


def trend(seconds: Sequence[float], values: Sequence[float]) -> Trend:
    """Fit a line to the block means of ``values`` over ``seconds``.

    The series is flat if the slope's 99 % interval contains 0, or the drift of the line is below
    NEGLIGIBLE of the mean. Raises ValueError for under BLOCKS samples.
    """
    if len(values) != len(seconds) or len(values) < BLOCKS:
        raise ValueError(f"a trend needs at least {BLOCKS} samples, got {len(values)}")
    hours = np.array([block.mean() for block in np.array_split(np.asarray(seconds), BLOCKS)]) / 3600
    means = np.array([block.mean() for block in np.array_split(np.asarray(values, float), BLOCKS)])
    (slope, intercept), covariance = np.polyfit(hours, means, 1, cov=True)
    mean, slope, error = float(means.mean()), float(slope), T_99 * float(covariance[0, 0]) ** 0.5
    first, last = (float(intercept + slope * hour) for hour in (hours[0], hours[-1]))
    flat = abs(slope) <= error or abs(last - first) <= NEGLIGIBLE * abs(mean)
    return Trend(mean, first, last, slope, error, flat)

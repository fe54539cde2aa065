"""Coherence of masks with a text's heat map: HybridGL's Eqs. 7 and 8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor


class GuidanceWeights(NamedTuple):
    """Weights of Eq. 8: ``inside`` * mean inside - ``outside`` * mean outside."""

    inside: float
    outside: float

    @classmethod
    def of_lambda(cls, value: float) -> GuidanceWeights:
        """Return weights of ratio lambda that sum to 2, the scale of the published code."""
        return cls(2 / (1 + value), 2 * value / (1 + value))


PUBLISHED_WEIGHTS: Mapping[str, GuidanceWeights] = {
    "": GuidanceWeights(0.2, 1.8),
    "big": GuidanceWeights(2 - 1.95, 1.95),
    "small": GuidanceWeights(0.5, 1.5),
}
"""Weights of the published code by size word: lambda = 9, 39 and 3."""

PRINTED_WEIGHTS: Mapping[str, GuidanceWeights] = {
    "": GuidanceWeights(1, 9),
    "big": GuidanceWeights(1, 3),
    "small": GuidanceWeights(1, 14),
}
"""Weights of the paper: lambda = 9, 3 and 14."""

PRODUCT_WEIGHTS: Mapping[str, GuidanceWeights] = {
    "": GuidanceWeights.of_lambda(9),
    "big": GuidanceWeights.of_lambda(14),
    "small": GuidanceWeights.of_lambda(3),
}
"""A larger lambda penalises heat outside the mask and so favours larger masks: big and small are
exchanged relative to the paper."""


def directed_map(heat: Tensor, positions: Tensor, guard: bool = True) -> Tensor:
    """Return Eq. 7, G_dir = G * P_dir, divided by its mean: float HxW with mean 1.

    With ``guard`` a map without heat becomes all ones; without it the division by zero gives NaN,
    as in the published code.
    """
    directed = heat * positions.to(heat)
    mean = directed.mean()
    if not guard:
        return directed / mean
    flat = torch.ones_like(directed)
    return torch.where(mean > 1e-12, directed / mean.clamp_min(1e-12), flat)


def guidance_scores(
    masks: Tensor, heat: Tensor, weights: GuidanceWeights, guard: bool = True
) -> Tensor:
    """Return Eq. 8, S_g of every mask, float32 N.

    Args:
        masks: Bool or coverage, NxHxW.
        heat: HxW with mean 1.
        weights: Weights of the means inside and outside.
        guard: Use 1 as the mean outside a full mask and 0 as the mean inside an empty one, instead
            of NaN as in the published code.
    """
    flat = masks.flatten(1).to(heat.dtype)
    values = heat.flatten()
    area = flat.sum(dim=1)
    rest = values.numel() - area
    heat_inside = flat @ values
    # Exactly 0 outside a full mask, where the difference is a rounding error.
    heat_outside = torch.where(rest > 0, values.sum() - heat_inside, 0.0)
    if guard:
        nothing, everything = area == 0, rest == 0
        mean_inside = torch.where(nothing, 0.0, heat_inside / area.clamp_min(1))
        mean_outside = heat_outside.clamp_min(0) / rest.clamp_min(1)
        mean_outside = torch.where(everything, 1.0, mean_outside)
    else:
        mean_inside, mean_outside = heat_inside / area, heat_outside / rest
    return weights.inside * mean_inside - weights.outside * mean_outside

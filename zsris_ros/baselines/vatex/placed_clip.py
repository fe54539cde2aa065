"""CLIP's features and the CLIP Prior at their places in the image.

The paper gives the CLIP Prior to the queries alone, as a vector whose places must be learnt. Here
its map also lies on the visual features, so that a short training finds objects.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zsris_ros.baselines.vatex.encoders.placement import place_maps

_THRESHOLDS = (1.0, 2.0)
"""Standard deviations above which a prior also counts as that of an object."""


class PlacedClip(nn.Module):
    """Adds maps of CLIP to the visual features of S sentences, on both sides of the CMD.

    Args:
        clip_width: E, width of CLIP's projected tokens.
        width: C, channels of the visual features.
    """

    def __init__(self, clip_width: int, width: int) -> None:
        super().__init__()
        channels = 1 + len(_THRESHOLDS)
        self.tokens = nn.ModuleList(nn.Conv2d(clip_width, width, 1) for _ in range(3))
        self.before = nn.ModuleList(nn.Conv2d(channels, width, 1) for _ in range(3))
        self.after = nn.ModuleList(nn.Conv2d(channels, width, 1) for _ in range(4))

    def add_before(
        self, vision: Sequence[Tensor], tokens: Tensor, priors: Sequence[Tensor], shares: Tensor
    ) -> list[Tensor]:
        """Return V_1 ... V_4, of which the three coarse levels have CLIP's tokens and the prior.

        Args:
            vision: V_1 ... V_4, float SxCxH_ixW_i, coarsest first.
            tokens: Float SxTxE, the image's projected tokens, class token first.
            priors: ``prior_maps``.
            shares: Float Sx2, see ``valid_shares``.
        """
        grid = _square(F.normalize(tokens[:, 1:], dim=-1) * math.sqrt(tokens.shape[-1]))
        *coarse, finest = vision
        levels = zip(self.tokens, self.before, coarse, priors, strict=False)
        return [
            each + project(place_maps(grid, shares, _size(each))) + lift(prior)
            for project, lift, each, prior in levels
        ] + [finest]

    def add_after(self, guided: Sequence[Tensor], priors: Sequence[Tensor]) -> list[Tensor]:
        """Return F_1^v ... F_4^v with the prior, of the shapes of ``guided``."""
        levels = zip(self.after, guided, priors, strict=True)
        return [each + lift(prior) for lift, each, prior in levels]


def prior_maps(heat: Tensor, shares: Tensor, sizes: Sequence[Sequence[int]]) -> list[Tensor]:
    """Return the CLIP Prior on the cells of padded images, float Sx3xH_ixW_i.

    The channels are the map in standard deviations from its mean, and its parts above thresholds.

    Args:
        heat: Float SxT, the CLIP Prior's map, class token first.
        shares: Float Sx2, see ``valid_shares``.
        sizes: H_i and W_i of each level.
    """
    cells = heat[:, 1:, None]
    spread, mean = torch.std_mean(cells, dim=1, keepdim=True)
    grid = _square((cells - mean) / (spread + 1e-6))
    placed = [place_maps(grid, shares, (height, width)) for height, width in sizes]
    return [torch.cat([each, *(F.relu(each - low) for low in _THRESHOLDS)], 1) for each in placed]


def _square(cells: Tensor) -> Tensor:
    """Return the square SxExGxG of cells SxG^2xE."""
    side = math.isqrt(cells.shape[1])
    return cells.transpose(1, 2).unflatten(2, (side, side))


def _size(vision: Tensor) -> tuple[int, int]:
    return int(vision.shape[-2]), int(vision.shape[-1])

"""Maps of a part of a canvas, read at the cells of the canvas."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def place_maps(maps: Tensor, shares: Tensor, size: tuple[int, int]) -> Tensor:
    """Return maps on the cells of a canvas, float BxCxHxW, by bilinear interpolation.

    Beyond a map its border is repeated.

    Args:
        maps: Float BxCxH'xW'. Each begins in the top-left corner of the canvas.
        shares: Float Bx2, height and width of each map in heights and widths of the canvas.
        size: H and W, the cells of the canvas.
    """
    theta = maps.new_zeros(len(maps), 2, 3)
    height, width = (1 / shares).unbind(1)
    theta[:, 0, 0], theta[:, 0, 2] = width, width - 1
    theta[:, 1, 1], theta[:, 1, 2] = height, height - 1
    grid = F.affine_grid(theta, [len(maps), 1, *size], align_corners=False)
    return F.grid_sample(maps, grid, padding_mode="border", align_corners=False)


def valid_shares(valid: Tensor) -> Tensor:
    """Return the shares, float Bx2, of padded images that are no padding, from bool BxHxW."""
    return torch.stack([valid.any(axis).float().mean(1) for axis in (2, 1)], dim=1)

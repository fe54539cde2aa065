"""Multi-scale deformable attention (Deformable DETR, ICLR 2021) in plain PyTorch.

Every pixel of the three coarse levels samples a few points on each of these levels. The samples are
read with ``grid_sample``; no compiled operator is needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Shape = tuple[int, int]
"""Height and width of a level."""


class DeformableAttention(nn.Module):
    """Multi-scale deformable attention.

    Args:
        width: C, channels of queries and values.
        heads: Heads; a divisor of ``width``.
        levels: Number of levels.
        points: Sampling points of each head on each level.
    """

    def __init__(self, width: int, heads: int, levels: int, points: int) -> None:
        super().__init__()
        self.heads, self.levels, self.points = heads, levels, points
        self.offsets = nn.Linear(width, heads * levels * points * 2)
        self.weights = nn.Linear(width, heads * levels * points)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)
        nn.init.zeros_(self.offsets.weight)
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)
        with torch.no_grad():  # a direction for each head, a distance for each point
            angles = torch.arange(heads) * (2 * math.pi / heads)
            directions = torch.stack([angles.cos(), angles.sin()], -1)
            directions = directions / directions.abs().amax(-1, keepdim=True)
            steps = torch.arange(1, points + 1).view(1, 1, points, 1)
            grid = directions.view(heads, 1, 1, 2) * steps
            self.offsets.bias.copy_(grid.expand(heads, levels, points, 2).flatten())

    def forward(
        self, queries: Tensor, places: Tensor, values: Tensor, shapes: Sequence[Shape]
    ) -> Tensor:
        """Return the attended features BxQxC.

        Args:
            queries: Float BxQxC.
            places: Float Qx2, (x, y) of each query in [0, 1] of the padded image.
            values: Float BxPxC, the pixels of all levels by row, level after level, projected by
                ``value``; 0 on padding.
            shapes: Height and width of each level.
        """
        batch, count, width = queries.shape
        grid = (batch, count, self.heads, self.levels, self.points)
        sizes = queries.new_tensor([(w, h) for h, w in shapes])
        offsets = self.offsets(queries).view(*grid, 2) / sizes[:, None]
        samples = places[:, None, None, None] + offsets
        weights = self.weights(queries).view(*grid[:3], -1).softmax(-1).view(grid)
        result = queries.new_zeros(batch * self.heads, width // self.heads, count)
        parts = values.split([h * w for h, w in shapes], dim=1)
        for level, (part, (h, w)) in enumerate(zip(parts, shapes, strict=True)):
            image = part.view(batch, h * w, self.heads, -1).permute(0, 2, 3, 1)
            image = image.reshape(batch * self.heads, -1, h, w)
            where = samples[:, :, :, level].transpose(1, 2).flatten(0, 1) * 2 - 1
            seen = F.grid_sample(image.float(), where.float(), align_corners=False)
            weight = weights[:, :, :, level].transpose(1, 2).flatten(0, 1)
            result = result + (seen * weight[:, None]).sum(-1)
        joined = result.reshape(batch, width, count).transpose(1, 2)
        attended: Tensor = self.output(joined.to(queries.dtype))
        return attended


class DeformableLayer(nn.Module):
    """Deformable self-attention and a feed-forward network, each added and normalised."""

    def __init__(self, width: int, heads: int, points: int, feedforward: int) -> None:
        super().__init__()
        self.attention = DeformableAttention(width, heads, 3, points)
        self.norm = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(
            nn.Linear(width, feedforward), nn.ReLU(), nn.Linear(feedforward, width)
        )
        self.last_norm = nn.LayerNorm(width)

    def forward(
        self, pixels: Tensor, positions: Tensor, places: Tensor, valid: Tensor, shapes: list[Shape]
    ) -> Tensor:
        """Return the updated pixels BxPxC of all levels; ``valid`` bool BxP is False on padding."""
        values = self.attention.value(pixels).masked_fill(~valid[..., None], 0.0)
        attended = self.attention(pixels + positions, places, values, shapes)
        pixels = self.norm(pixels + attended)
        result: Tensor = self.last_norm(pixels + self.feedforward(pixels))
        return result


class DeformableEncoder(nn.Module):
    """Layers of deformable attention over three levels, with an embedding of each level."""

    def __init__(self, width: int, heads: int, points: int, feedforward: int, layers: int) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.empty(3, width))
        nn.init.normal_(self.level)
        self.layers = nn.ModuleList(
            DeformableLayer(width, heads, points, feedforward) for _ in range(layers)
        )

    def forward(
        self, maps: Sequence[Tensor], positions: Sequence[Tensor], valid: Sequence[Tensor]
    ) -> list[Tensor]:
        """Return the encoded maps in their order.

        Args:
            maps: Three maps float BxCxH_ixW_i.
            positions: Their positions, of the same shapes.
            valid: Bool BxH_ixW_i, False on padding.
        """
        shapes = [(int(each.shape[2]), int(each.shape[3])) for each in maps]
        pixels = torch.cat([each.flatten(2).transpose(1, 2) for each in maps], dim=1)
        levels = [
            (place.flatten(2) + self.level[index][:, None]).transpose(1, 2)
            for index, place in enumerate(positions)
        ]
        inside = torch.cat([each.flatten(1) for each in valid], dim=1)
        places = torch.cat([pixel_centres(shape, pixels) for shape in shapes])
        for layer in self.layers:
            pixels = layer(pixels, torch.cat(levels, dim=1), places, inside, shapes)
        parts = pixels.split([h * w for h, w in shapes], dim=1)
        return [
            part.transpose(1, 2).unflatten(2, shape)
            for part, shape in zip(parts, shapes, strict=True)
        ]


def pixel_centres(shape: Shape, like: Tensor) -> Tensor:
    """Return (x, y) in [0, 1] of each pixel centre of a level by row, (H*W)x2."""
    height, width = shape
    y = (torch.arange(height, device=like.device) + 0.5) / height
    x = (torch.arange(width, device=like.device) + 0.5) / width
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([columns, rows], -1).view(-1, 2).to(like.dtype)

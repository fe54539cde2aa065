"""Background-token reuse: tokens far from a mask are encoded once for all masks of a frame.

The views of two masks differ in and around the masks. Elsewhere both show the same fill or the same
blurred scene, and the tokens differ only through attention to the masks. The *empty views* of a
frame, those of an empty mask, are therefore encoded once, and their keys and values are recorded.
For a mask's views only the tokens in the mask, in a halo of cells around it and at a few samples
of the grid are computed. The change of every other token, relative to the empty view, is that of
the nearest computed token s outside the mask::

    k_t = k_t(empty) + k_s - k_s(empty)        likewise v

A halo as wide as the grid gives the exact features. The error of a narrow one depends on the
weights (``models.background_reuse`` measures it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.vision.attention import attend

_SAMPLES = 3  # a side of the grid


class AttentionRecorder:
    """Records the keys and values of every attention of a forward pass, in order."""

    def __init__(self) -> None:
        self.recorded: list[tuple[Tensor, Tensor]] = []

    def attend(self, query: Tensor, key: Tensor, value: Tensor, cls_mask: Tensor | None) -> Tensor:
        """Attend as ``attention.attend``, and record."""
        self.recorded.append((key, value))
        return attend(query, key, value, cls_mask)


class CellSelection(NamedTuple):
    """The cells of a GxG grid, by row, for each of N masks.

    ``order`` int64 NxGG: all cells, those to compute first; ``counts``: the number to compute for
    each mask; ``inside`` bool NxGG: the cells that the mask touches.
    """

    order: Tensor
    counts: list[int]
    inside: Tensor


def select_cells(touched: Tensor, halo: int) -> CellSelection:
    """Order the cells of each mask: the cells to compute, then the others, nearest first.

    ``touched`` bool NxGxG is True where the mask is; ``halo`` is a number of rings of cells. The
    counts are the only synchronisation with a GPU.
    """
    grid, inside = touched.shape[1], touched.flatten(1)
    middles = (2 * torch.arange(_SAMPLES, device=touched.device) + 1) * grid // (2 * _SAMPLES)
    samples = (middles[:, None] * grid + middles).flatten()
    rings = _ring_distances(inside, grid).index_fill(1, samples, 0)
    counts: list[int] = (rings <= halo).sum(dim=1).tolist()
    return CellSelection(rings.argsort(dim=1, stable=True), counts, inside)


def group_by_size(counts: Sequence[int]) -> Iterator[slice]:
    """Yield slices of descending counts; none is below half of the first one of its slice."""
    first = 0
    while first < len(counts):
        last = first
        while last < len(counts) and 2 * counts[last] >= counts[first]:
            last += 1
        yield slice(first, last)
        first = last


class BackgroundReuse:
    """Attention of N masks' computed tokens to all tokens, by a recorded pass of the empty views.

    ``cells`` int64 NxK are the computed cells, ``inside`` bool NxK those of them in the mask. One
    instance serves one forward pass, with N images for each recorded one, in the recorded order.
    """

    def __init__(
        self, recorder: AttentionRecorder, cells: Tensor, inside: Tensor, grid: int
    ) -> None:
        self.cells = cells
        self._tokens = torch.cat([torch.zeros_like(cells[:, :1]), 1 + cells], dim=1)
        self._source = _change_sources(cells, inside, grid)
        self._recorded = iter(recorder.recorded)

    def computed(self, values: Tensor) -> Tensor:
        """Select the computed tokens' values, Nx(1+K), of Nx(1+GG)."""
        return values.gather(1, self._tokens)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, cls_mask: Tensor | None) -> Tensor:
        """Attend as ``attention.attend`` to all tokens, whose keys and values are never stored.

        The logits are the product with the recorded keys, shared by all masks, plus the product
        with the changes of the computed keys; likewise the values.
        """
        recorded_key, recorded_value = next(self._recorded)
        views, masks = len(recorded_key), len(self.cells)
        source = self._source.to(query.dtype).repeat(views, 1, 1)[:, None]
        scaled = query * query.shape[-1] ** -0.5
        logits = _shared_product(scaled, recorded_key.mT, masks)
        logits += (scaled @ self._change(key, recorded_key).mT) @ source
        if cls_mask is not None:
            logits[:, :, 0].masked_fill_(~cls_mask[:, None], -torch.inf)
        weights = torch.softmax(logits, dim=-1)
        gathered = (weights @ source.mT) @ self._change(value, recorded_value)
        return gathered + _shared_product(weights, recorded_value, masks)

    def _change(self, computed: Tensor, recorded: Tensor) -> Tensor:
        """The computed tokens minus the recorded ones, N (or 2N) x heads x (1+K) x d."""
        return computed - recorded[:, :, self._tokens].transpose(1, 2).flatten(0, 1)


def _shared_product(rows: Tensor, shared: Tensor, masks: int) -> Tensor:
    """Product of (P*N) x heads x Q x a with P x heads x a x b, each shared by N masks."""
    count = rows.shape[2]
    together = rows.unflatten(0, (-1, masks)).transpose(1, 2).flatten(2, 3) @ shared
    return together.unflatten(2, (masks, count)).transpose(1, 2).flatten(0, 1)


def _change_sources(cells: Tensor, inside: Tensor, grid: int) -> Tensor:
    """The computed token whose change each token has: itself, or the nearest one not ``inside``.

    One-hot columns, int64 N x (1+K) x (1+GG).
    """
    distances = _distances(grid, 2, cells.device)[cells]
    distances = distances.masked_fill(inside[..., None], torch.inf)
    itself = cells[..., None] == torch.arange(grid * grid, device=cells.device)
    nearest = torch.where(itself, -1, distances).argmin(dim=1)
    source = torch.cat([torch.zeros_like(nearest[:, :1]), 1 + nearest], dim=1)
    return F.one_hot(source, 1 + cells.shape[1]).mT


def _ring_distances(inside: Tensor, grid: int) -> Tensor:
    """Distance in rings of each cell to the nearest True, float NxGG; inf without one."""
    distances = _distances(grid, torch.inf, inside.device)
    return torch.where(inside[:, None], distances, torch.inf).amin(dim=2)


def _distances(grid: int, p: float, device: torch.device) -> Tensor:
    """Distances between all cells in the ``p``-norm, float GGxGG; p = inf counts rings."""
    cells = torch.arange(grid * grid, device=device)
    points = torch.stack([cells // grid, cells % grid], dim=1).float()
    return torch.cdist(points, points, p, compute_mode="donot_use_mm_for_euclid_dist")

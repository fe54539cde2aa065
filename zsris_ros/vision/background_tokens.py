"""What lies far from a mask is encoded once for all masks of a frame.

The pictures of two masks differ in and around the masks. Elsewhere both show the same fill, or the
same blurred scene, and the tokens there differ only by what they have seen of the masks. So the
frame's *empty pictures*, those of a mask without a pixel, are encoded once, and their keys and
values are kept. Of a mask's own pictures these tokens are computed: those in the mask, those in a
halo of so many cells around it, and a few samples spread over the picture. Every other token is
taken to have changed, from the empty picture to the mask's, as the nearest computed token outside
the mask has::

    k_t = k_t(empty) + k_s - k_s(empty)        s the nearest such token of t; likewise v

With a halo as wide as the grid this is the plain computation; how near a narrow one comes depends
on the weights (``weights.halo`` tries it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.vision.attention import attend

_SAMPLES = 3  # a side


class AttentionRecorder:
    """Keeps the keys and values of every attention of a forward pass, in order."""

    def __init__(self) -> None:
        self.kept: list[tuple[Tensor, Tensor]] = []

    def attend(self, query: Tensor, key: Tensor, value: Tensor, cls_sees: Tensor | None) -> Tensor:
        """As ``attention.attend``."""
        self.kept.append((key, value))
        return attend(query, key, value, cls_sees)


class CellSelection(NamedTuple):
    """The cells of a GxG grid, by row, for each of N masks.

    ``order`` int64 NxGG: those to compute first; ``counts``: how many of these there are, for each
    mask; ``inside`` bool NxGG: which the mask reaches.
    """

    order: Tensor
    counts: list[int]
    inside: Tensor


def select_cells(reach: Tensor, halo: int) -> CellSelection:
    """The cells that are computed for each mask, and behind them the others, the nearest first.

    ``reach`` bool NxGxG is True where the mask is; the halo is counted in rings of cells. The
    counts are all that a GPU is waited for.
    """
    grid, inside = reach.shape[1], reach.flatten(1)
    middles = (2 * torch.arange(_SAMPLES, device=reach.device) + 1) * grid // (2 * _SAMPLES)
    samples = (middles[:, None] * grid + middles).flatten()
    rings = _ring_distances(inside, grid).index_fill(1, samples, 0)
    counts: list[int] = (rings <= halo).sum(dim=1).tolist()
    return CellSelection(rings.argsort(dim=1, stable=True), counts, inside)


def group_by_size(counts: Sequence[int]) -> Iterator[slice]:
    """Slices of descending counts, none of which is less than half of the first of its slice."""
    first = 0
    while first < len(counts):
        last = first
        while last < len(counts) and 2 * counts[last] >= counts[first]:
            last += 1
        yield slice(first, last)
        first = last


class BackgroundReuse:
    """The computed tokens of N masks among those of a recorded pass, for one forward pass.

    ``places`` int64 NxK: which cells are computed; ``inside`` bool NxK: which of them are in the
    mask. The pass must ask in the recorded order, for N masks where the recorded one asked for one
    picture, for 2N where for two.
    """

    def __init__(
        self, recorder: AttentionRecorder, places: Tensor, inside: Tensor, grid: int
    ) -> None:
        self.places = places
        self._tokens = torch.cat([torch.zeros_like(places[:, :1]), 1 + places], dim=1)
        self._source = _change_sources(places, inside, grid)
        self._kept = iter(recorder.kept)

    def own(self, values: Tensor) -> Tensor:
        """Of Nx(1+GG) values those of the computed tokens, Nx(1+K)."""
        return values.gather(1, self._tokens)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, cls_sees: Tensor | None) -> Tensor:
        """As ``attention.attend`` with the keys and values of all tokens, which are never made.

        A query meets the kept keys, which all masks share, and how the computed ones differ; what
        it gathers is made up in the same way.
        """
        kept_key, kept_value = next(self._kept)
        pictures, masks = len(kept_key), len(self.places)
        source = self._source.to(query.dtype).repeat(pictures, 1, 1)[:, None]
        scaled = query * query.shape[-1] ** -0.5
        logits = _shared_product(scaled, kept_key.mT, masks)
        logits += (scaled @ self._change(key, kept_key).mT) @ source
        if cls_sees is not None:
            logits[:, :, 0].masked_fill_(~cls_sees[:, None], -torch.inf)
        weights = torch.softmax(logits, dim=-1)
        gathered = (weights @ source.mT) @ self._change(value, kept_value)
        return gathered + _shared_product(weights, kept_value, masks)

    def _change(self, computed: Tensor, kept: Tensor) -> Tensor:
        """How the computed tokens differ from the recorded ones, N (or 2N) x heads x (1+K) x d."""
        then = kept[:, :, self._tokens].transpose(1, 2).flatten(0, 1)
        return computed - then


def _shared_product(rows: Tensor, kept: Tensor, masks: int) -> Tensor:
    """The product of (P*N) x heads x Q x a rows and of P x heads x a x b, one for all N masks."""
    count = rows.shape[2]
    together = rows.unflatten(0, (-1, masks)).transpose(1, 2).flatten(2, 3) @ kept
    return together.unflatten(2, (masks, count)).transpose(1, 2).flatten(0, 1)


def _change_sources(places: Tensor, inside: Tensor, grid: int) -> Tensor:
    """Which computed token each of all tokens takes its change from: itself, or the nearest one.

    int64 N x (1+K) x (1+GG), a single 1 in each column. Nothing is taken from what is ``inside``.
    """
    distances = _distances(grid, 2, places.device)[places]
    distances = distances.masked_fill(inside[..., None], torch.inf)
    itself = places[..., None] == torch.arange(grid * grid, device=places.device)
    nearest = torch.where(itself, -1, distances).argmin(dim=1)
    source = torch.cat([torch.zeros_like(nearest[:, :1]), 1 + nearest], dim=1)
    return F.one_hot(source, 1 + places.shape[1]).mT


def _ring_distances(inside: Tensor, grid: int) -> Tensor:
    """Bool NxGG to how many cells each lies from the nearest True, float NxGG (inf without one)."""
    away = _distances(grid, torch.inf, inside.device)
    return torch.where(inside[:, None], away, torch.inf).amin(dim=2)


def _distances(grid: int, p: float, device: torch.device) -> Tensor:
    """The ``p``-norm between all cells, float GGxGG; p = inf counts rings as a king walks."""
    cells = torch.arange(grid * grid, device=device)
    points = torch.stack([cells // grid, cells % grid], dim=1).float()
    return torch.cdist(points, points, p, compute_mode="donot_use_mm_for_euclid_dist")

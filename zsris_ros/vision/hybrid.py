"""HybridGL's mask encoder: two views of a mask, fused in CLIP's last blocks (Eqs. 1 and 2).

The local stream x encodes the object alone; the global stream y encodes it sharp in a blurred
scene, with a class token that attends to the object's patches only. From the start block on the
published mode "G2L" adds the global stream to the local one::

    x <- B_i(x + alpha * M * y)        Eq. 1 and Eq. 2; y before block i
    y <- B_i(y)                        the class token restricted to the mask

with M = 1 for the class token and the mask's coverage for each patch. "L2G" adds the local stream
to the global one, "both" computes both sums, "sum" adds the features of the two streams without
fusion, and "local", "global", "token-masking" and "attention-masking" are the paper's ablations
with one stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from zsris_ros.torch_utils.batching import BatchRunner, items_at_once
from zsris_ros.tracing.stages import stage
from zsris_ros.types import BoolArray, ByteArray, InputError
from zsris_ros.vision.attention import AttentionContext, run_block
from zsris_ros.vision.background_tokens import (
    AttentionRecorder,
    BackgroundReuse,
    CellSelection,
    group_by_size,
    select_cells,
)
from zsris_ros.vision.clip import ClipModel
from zsris_ros.vision.views import HybridSettings, ViewMaker, check_masks


class HybridEncoder:
    """Encodes the masks of one frame.

    The settings belong to CLIP's weights. Raises InputError when they do not fit the model.
    """

    def __init__(self, clip: ClipModel, settings: HybridSettings | None = None) -> None:
        self.clip = clip
        self.settings = settings or HybridSettings()
        depth = self.settings.depth or len(clip.blocks)
        if not 0 <= self.settings.start_block < depth <= len(clip.blocks):
            raise InputError(
                f"start_block {self.settings.start_block} and depth {depth} do not fit a vision "
                f"transformer of {len(clip.blocks)} blocks"
            )
        if self.settings.mode not in _MODES:
            raise InputError(f"mode must be one of {', '.join(_MODES)}, got {self.settings.mode!r}")
        if self.settings.halo is not None and self.settings.window is not None:
            raise InputError("halo needs pictures of the whole frame: leave out halo or window")
        if self.settings.window_scales != (1.0,):
            raise InputError("window_scales are for residual networks: leave them out")
        self._reads_local, self._reads_global, self._run_late = _MODES[self.settings.mode]
        self._streams = self._reads_local + self._reads_global
        self._batches = BatchRunner(self.settings.batch_size, "masks")
        self._early = clip.blocks[: self.settings.start_block]
        self._late = clip.blocks[self.settings.start_block : depth]

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Return features float32 NxE, not normalised, of uint8 HxWx3 and bool NxHxW.

        The feature of an empty mask is finite. Raises InputError when shapes or types do not fit.
        """
        check_masks(rgb, masks)
        clip = self.clip
        with torch.no_grad():
            if not len(masks):
                return torch.zeros(0, clip.embed_dim, device=clip.device)
            maker = ViewMaker(rgb, masks, self.settings, clip.image_size, clip.grid, clip.device)
            if self.settings.halo is None:
                return self._encode_fully(maker, len(masks))
            return self._encode_near(maker, self.settings.halo)

    def _encode_fully(self, maker: ViewMaker, count: int) -> Tensor:
        """Compute every token of every mask; unaffected patches are embedded once."""
        empty = None
        if self.settings.window is None:
            empty = self.clip.stem(self._images(*maker.empty()[:2]))

        def work(batch: slice) -> Tensor:
            indices = range(count)[batch]
            with stage("compositing"):
                views = maker(indices)
            images = self._images(*views[:2])
            if empty is None:
                tokens = self.clip.stem(images)
            else:
                mask, cells = maker.changed_cells(indices)
                image = torch.cat([mask + i * len(indices) for i in range(self._streams)])
                tokens = empty.repeat_interleave(len(indices), dim=0)
                self.clip.update_stem(tokens, images, image, cells.repeat(self._streams))
            return self._fuse(tokens, views.grids)

        return torch.cat(self._batches.run(work, count, self._at_once))

    def _encode_near(self, maker: ViewMaker, halo: int) -> Tensor:
        """Compute the tokens near each mask; masks with similar numbers of tokens share batches."""
        with stage("compositing"):
            cells, empty = select_cells(maker.touched_cells(), halo), maker.empty()
        recorder = AttentionRecorder()
        self.hybrid_forward(*empty, context=recorder)
        order = sorted(range(len(cells.counts)), key=lambda mask: -cells.counts[mask])
        features: list[Tensor] = []
        for group in group_by_size([cells.counts[mask] for mask in order]):
            features += self._encode_group(maker, cells, order[group], recorder)
        return torch.cat(features)[torch.tensor(order).argsort()]

    def _encode_group(
        self, maker: ViewMaker, selection: CellSelection, masks: list[int], recorder: Any
    ) -> list[Tensor]:
        """Features of masks in this order; a batch has as many tokens as its first mask needs."""
        counts = [selection.counts[mask] for mask in masks]

        def work(batch: slice) -> Tensor:
            indices = masks[batch]
            with stage("compositing"):
                views = maker(indices)
            cells = selection.order[indices, : counts[batch.start]]
            inside = selection.inside[indices].gather(1, cells)
            reuse = BackgroundReuse(recorder, cells, inside, self.clip.grid)
            return self.hybrid_forward(*views, context=reuse)

        def relative_cost(first: int) -> float:
            return (1 + counts[first]) / (1 + self.clip.grid**2)

        return self._batches.run(work, len(masks), self._at_once, relative_cost)

    @property
    def _at_once(self) -> int:
        return items_at_once(2 * self.clip.activations_per_image, self.clip.device)

    def hybrid_forward(
        self,
        local_images: Tensor,
        global_images: Tensor,
        grids: Tensor,
        context: AttentionRecorder | BackgroundReuse | None = None,
    ) -> Tensor:
        """Return features NxE of images Nx3xSxS (twice) and grids NxGxG; differentiable.

        ``context`` records the attention of this pass, or supplies that of a recorded pass.
        """
        cells = None
        if isinstance(context, BackgroundReuse):
            cells = context.cells.repeat(self._streams, 1)
        return self._fuse(
            self.clip.stem(self._images(local_images, global_images), cells), grids, context
        )

    def _images(self, local_images: Tensor, global_images: Tensor) -> Tensor:
        """The images that the mode reads, one stream after the other."""
        return torch.cat([local_images] * self._reads_local + [global_images] * self._reads_global)

    def _fuse(
        self,
        tokens: Tensor,
        grids: Tensor,
        context: AttentionRecorder | BackgroundReuse | None = None,
    ) -> Tensor:
        """Features of N masks from the embedded tokens of each stream."""
        cover = torch.cat([torch.ones_like(grids[:, :1, 0]), grids.flatten(1)], dim=1)
        cover = cover.to(self.clip.dtype)
        own = context.computed(cover) if isinstance(context, BackgroundReuse) else cover
        late = _LateBlocks(
            self._late, self.settings.fusion_weight, own[..., None], cover != 0, context
        )
        for block in self._early:
            tokens = run_block(block, tokens, context=context)
        outputs = self._run_late(late, *tokens.chunk(self._streams))
        return torch.stack([self.clip.head(output[:, 0]) for output in outputs]).sum(dim=0)


class _LateBlocks(NamedTuple):
    """The blocks from the start block on, and the mask.

    ``cover`` is M of Eq. 1 for the computed tokens, NxTx1. ``cls_mask`` restricts the class token
    to itself and the patches that the mask touches, bool Nx(1+GG).
    """

    blocks: list[torch.nn.Module]
    alpha: float
    cover: Tensor
    cls_mask: Tensor
    context: AttentionContext | None

    def run(self, block: torch.nn.Module, tokens: Tensor, **options: Any) -> Tensor:
        """Run a block in the context."""
        return run_block(block, tokens, context=self.context, **options)

    def steps(self) -> list[tuple[torch.nn.Module, bool]]:
        """Each block, and whether it is the last one, whose class token alone is used."""
        return [(block, i == len(self.blocks) - 1) for i, block in enumerate(self.blocks)]


def _global_to_local(late: _LateBlocks, x: Tensor, y: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        x = late.run(block, x + late.alpha * late.cover * y, cls_only=last)
        if not last:
            y = late.run(block, y, cls_mask=late.cls_mask)
    return [x]


def _local_to_global(late: _LateBlocks, x: Tensor, y: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        y = late.run(block, x + late.alpha * y, cls_mask=late.cls_mask, cls_only=last)
        if not last:
            x = late.run(block, x)
    return [y]


def _both_ways(late: _LateBlocks, x: Tensor, y: Tensor) -> list[Tensor]:
    to_local, to_global = x, y
    for block, last in late.steps():
        fused = to_local + late.alpha * late.cover * y
        to_local = late.run(block, fused, cls_only=last)
        fused = x + late.alpha * to_global
        to_global = late.run(block, fused, cls_mask=late.cls_mask, cls_only=last)
        if not last:
            x = late.run(block, x)
            y = late.run(block, y, cls_mask=late.cls_mask)
    return [to_local, to_global]


def _plain(late: _LateBlocks, x: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        x = late.run(block, x, cls_only=last)
    return [x]


def _mask_tokens(late: _LateBlocks, y: Tensor) -> list[Tensor]:
    """Zero the patches outside the mask before every late block (Global-Local CLIP, Eq. 3)."""
    for block, last in late.steps():
        y = late.run(block, late.cover * y, cls_only=last)
    return [y]


def _mask_attention(late: _LateBlocks, y: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        y = late.run(block, y, cls_mask=late.cls_mask, cls_only=last)
    return [y]


def _sum(late: _LateBlocks, x: Tensor, y: Tensor) -> list[Tensor]:
    """G + L of the ablation with equal weights; the paper does not print its best weight."""
    return _plain(late, x) + _mask_attention(late, y)


_MODES: dict[str, tuple[bool, bool, Callable[..., list[Tensor]]]] = {
    "G2L": (True, True, _global_to_local),
    "L2G": (True, True, _local_to_global),
    "both": (True, True, _both_ways),
    "local": (True, False, _plain),
    "global": (False, True, _plain),
    "sum": (True, True, _sum),
    "token-masking": (False, True, _mask_tokens),
    "attention-masking": (False, True, _mask_attention),
}
"""Mode: whether it reads the local and the global images, and its late blocks."""

"""HybridGL's mask encoder: two views of a mask, mixed in CLIP's last blocks (Eqs. 1 and 2).

The local stream x sees the object alone, the global stream y sees it sharp in a blurred scene, its
class token looking at the object's patches only. From the start block on the published mode "G2L"
adds the global stream to the local one::

    x <- B_i(x + alpha * M * y)        Eq. 1 and Eq. 2; y before block i
    y <- B_i(y)                        the class token restricted to the mask

with M = 1 for the class token and the mask's coverage for each patch. "L2G" adds the local stream
to the global one, "both" keeps both sums beside the plain streams, "sum" adds the results of the
two streams without any fusion, and "local", "global", "token-masking" and "attention-masking" are
the paper's ablations with one stream.
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
    """Encodes masks of one frame with ``clip``; the settings belong to the weights.

    Raises InputError when the settings do not fit the model's depth.
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
        self._batches = BatchRunner(self.settings.batch_size, "masks")
        self._early = clip.blocks[: self.settings.start_block]
        self._late = clip.blocks[self.settings.start_block : depth]

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Features of N masks: uint8 HxWx3 and bool NxHxW to float32 NxE, not normalised.

        An empty mask gets a finite feature too. Raises InputError when shapes or types do not fit.
        """
        check_masks(rgb, masks)
        clip = self.clip
        with torch.no_grad():
            if not len(masks):
                return torch.zeros(0, clip.embed_dim, device=clip.device)
            make = ViewMaker(rgb, masks, self.settings, clip.image_size, clip.grid, clip.device)
            if self.settings.halo is None:
                return self._encode_fully(make, len(masks))
            return self._encode_near(make, self.settings.halo)

    def _encode_fully(self, make: ViewMaker, count: int) -> Tensor:
        """Every token for every mask; patches that show nothing of it are embedded once."""
        empty = None
        if self.settings.window is None:
            empty = self.clip.stem(self._pictures(*make.empty()[:2]))

        def work(some: slice) -> Tensor:
            which = range(count)[some]
            with stage("compositing"):
                views = make(which)
            pictures = self._pictures(*views[:2])
            if empty is None:
                tokens = self.clip.stem(pictures)
            else:
                tokens = self._stem_beside(empty, pictures, *make.changed(which))
            return self._fuse(tokens, views.grids)

        return torch.cat(self._batches.run(work, count, self._at_once))

    def _stem_beside(self, empty: Tensor, pictures: Tensor, mask: Tensor, places: Tensor) -> Tensor:
        """The tokens of pictures that differ from the empty ones in some places of some masks."""
        masks = len(pictures) // self._streams
        image = torch.cat([mask + stream * masks for stream in range(self._streams)])
        tokens = empty.repeat_interleave(masks, dim=0)
        return self.clip.stem_changed(tokens, pictures, image, places.repeat(self._streams))

    def _encode_near(self, make: ViewMaker, halo: int) -> Tensor:
        """Few tokens for each mask; masks that need about as many are encoded together."""
        with stage("compositing"):
            cells, empty = select_cells(make.reach(), halo), make.empty()
        recorder = AttentionRecorder()
        self.hybrid_forward(*empty, surround=recorder)
        order = sorted(range(len(cells.counts)), key=lambda mask: -cells.counts[mask])
        parts: list[Tensor] = []
        for alike in group_by_size([cells.counts[mask] for mask in order]):
            parts += self._encode_alike(make, cells, order[alike], recorder)
        return torch.cat(parts)[torch.tensor(order).argsort()]

    def _encode_alike(
        self, make: ViewMaker, cells: CellSelection, order: list[int], recorder: AttentionRecorder
    ) -> list[Tensor]:
        """Masks in this order, each with as many tokens as the first of its items_at_once needs."""
        most = [cells.counts[mask] for mask in order]

        def work(some: slice) -> Tensor:
            chosen = order[some]
            with stage("compositing"):
                views = make(chosen)
            places = cells.order[chosen, : most[some.start]]
            inside = cells.inside[chosen].gather(1, places)
            near = BackgroundReuse(recorder, places, inside, self.clip.grid)
            return self.hybrid_forward(*views, surround=near)

        def share(first: int) -> float:
            return (1 + most[first]) / (1 + self.clip.grid**2)

        return self._batches.run(work, len(order), self._at_once, share)

    @property
    def _at_once(self) -> int:
        return items_at_once(2 * self.clip.numbers, self.clip.device)

    def hybrid_forward(
        self,
        local_images: Tensor,
        global_images: Tensor,
        grids: Tensor,
        surround: AttentionRecorder | BackgroundReuse | None = None,
    ) -> Tensor:
        """Features of N pairs of pictures: Nx3xSxS twice and NxGxG to float32 NxE.

        Differentiable, so that a model can be trained on what it will be asked. ``surround``
        records what a pass sees, or has recorded what this one sees beyond the tokens it computes.
        """
        pictures = self._pictures(local_images, global_images)
        places = None
        if isinstance(surround, BackgroundReuse):
            places = surround.places.repeat(self._streams, 1)
        return self._fuse(self.clip.stem(pictures, places), grids, surround)

    @property
    def _streams(self) -> int:
        """How many pictures of a mask the mode reads, 1 or 2."""
        use_local, use_global, _ = _MODES[self.settings.mode]
        return use_local + use_global

    def _pictures(self, local_images: Tensor, global_images: Tensor) -> Tensor:
        """Of views those that the mode reads, one stream behind the other."""
        use_local, use_global, _ = _MODES[self.settings.mode]
        return torch.cat([local_images] * use_local + [global_images] * use_global)

    def _fuse(
        self,
        tokens: Tensor,
        grids: Tensor,
        surround: AttentionRecorder | BackgroundReuse | None = None,
    ) -> Tensor:
        """Features of N masks, from the stem's tokens of each stream."""
        cover = torch.cat([torch.ones_like(grids[:, :1, 0]), grids.flatten(1)], dim=1)
        cover = cover.to(self.clip.dtype)
        own = surround.own(cover) if isinstance(surround, BackgroundReuse) else cover
        late = _Late(self._late, self.settings.fusion_weight, own[..., None], cover != 0, surround)
        for block in self._early:
            tokens = run_block(block, tokens, surround=surround)
        run = _MODES[self.settings.mode][2]
        outputs = run(late, *tokens.chunk(self._streams))
        return torch.stack([self.clip.head(output[:, 0]) for output in outputs]).sum(dim=0)


class _Late(NamedTuple):
    """What the blocks from the start block on need.

    ``cover`` is M of Eq. 1 for the tokens that are computed, NxTx1. ``seen`` is what a restricted
    class token sees: itself, and every patch the mask touches at all, bool Nx(1+GG).
    """

    blocks: list[torch.nn.Module]
    alpha: float
    cover: Tensor
    seen: Tensor
    surround: AttentionContext | None

    def run(self, block: torch.nn.Module, tokens: Tensor, **how: Any) -> Tensor:
        """``run_block`` among what surrounds the tokens."""
        return run_block(block, tokens, surround=self.surround, **how)

    def steps(self) -> list[tuple[torch.nn.Module, bool]]:
        """Each block with whether it is the last one, of which only the class token is read."""
        return [(block, i == len(self.blocks) - 1) for i, block in enumerate(self.blocks)]


def _global_to_local(late: _Late, x: Tensor, y: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        x = late.run(block, x + late.alpha * late.cover * y, cls_only=last)
        if not last:
            y = late.run(block, y, cls_sees=late.seen)
    return [x]


def _local_to_global(late: _Late, x: Tensor, y: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        y = late.run(block, x + late.alpha * y, cls_sees=late.seen, cls_only=last)
        if not last:
            x = late.run(block, x)
    return [y]


def _both_ways(late: _Late, x: Tensor, y: Tensor) -> list[Tensor]:
    to_local, to_global = x, y
    for block, last in late.steps():
        fused = to_local + late.alpha * late.cover * y
        to_local = late.run(block, fused, cls_only=last)
        fused = x + late.alpha * to_global
        to_global = late.run(block, fused, cls_sees=late.seen, cls_only=last)
        if not last:
            x = late.run(block, x)
            y = late.run(block, y, cls_sees=late.seen)
    return [to_local, to_global]


def _plain(late: _Late, x: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        x = late.run(block, x, cls_only=last)
    return [x]


def _mask_tokens(late: _Late, y: Tensor) -> list[Tensor]:
    """Global-Local CLIP's Eq. 3: patches outside the mask are zeroed before every late block."""
    for block, last in late.steps():
        y = late.run(block, late.cover * y, cls_only=last)
    return [y]


def _mask_attention(late: _Late, y: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        y = late.run(block, y, cls_sees=late.seen, cls_only=last)
    return [y]


def _sum(late: _Late, x: Tensor, y: Tensor) -> list[Tensor]:
    """G + L of the ablation, both with the same weight (the paper's best weight is not printed)."""
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
"""Mode: whether it reads the local and the global pictures, and its late blocks."""

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
from typing import NamedTuple

import torch
from torch import Tensor

from ..portions import Batches, portion
from ..stages import stage
from ..types import BoolArray, ByteArray, InputError
from .attention import run_block
from .clip import ClipModel
from .views import HybridSettings, ViewMaker, check_masks


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
        self._batches = Batches(self.settings.batch_size, "masks")
        self._early = clip.blocks[: self.settings.start_block]
        self._late = clip.blocks[self.settings.start_block : depth]

    def encode(self, rgb: ByteArray, masks: BoolArray) -> Tensor:
        """Features of N masks: uint8 HxWx3 and bool NxHxW to float32 NxE, not normalised.

        An empty mask gets a finite feature too. Raises InputError when shapes or types do not fit.
        """
        check_masks(rgb, masks)
        clip = self.clip
        make = ViewMaker(rgb, self.settings, clip.image_size, clip.grid, clip.device)

        def work(some: slice) -> Tensor:
            with stage("compositing"):
                views = make(masks[some])
            return self.hybrid_forward(*views)

        with torch.no_grad():
            parts = self._batches.run(work, len(masks), portion(2 * clip.numbers, clip.device))
        return torch.cat([torch.zeros(0, clip.embed_dim, device=clip.device), *parts])

    def hybrid_forward(self, local_images: Tensor, global_images: Tensor, grids: Tensor) -> Tensor:
        """Features of N pairs of pictures: Nx3xSxS twice and NxGxG to float32 NxE.

        Differentiable, so that a model can be trained on what it will be asked.
        """
        cover = torch.cat([torch.ones_like(grids[:, :1, 0]), grids.flatten(1)], dim=1)
        late = _Late(self._late, self.settings.fusion_weight, cover.to(self.clip.dtype)[..., None])
        use_local, use_global, run = _MODES[self.settings.mode]
        pictures = [local_images] * use_local + [global_images] * use_global
        tokens = self.clip.stem(torch.cat(pictures))
        for block in self._early:
            tokens = run_block(block, tokens)
        outputs = run(late, *tokens.chunk(len(pictures)))
        return torch.stack([self.clip.head(output[:, 0]) for output in outputs]).sum(dim=0)


class _Late(NamedTuple):
    """What the blocks from the start block on need: ``cover`` is M of Eq. 1, Nx(1+GG)x1."""

    blocks: list[torch.nn.Module]
    alpha: float
    cover: Tensor

    @property
    def seen(self) -> Tensor:
        """What a restricted class token sees: itself, and every patch the mask touches at all."""
        return self.cover[..., 0] != 0

    def steps(self) -> list[tuple[torch.nn.Module, bool]]:
        """Each block with whether it is the last one, of which only the class token is read."""
        return [(block, i == len(self.blocks) - 1) for i, block in enumerate(self.blocks)]


def _global_to_local(late: _Late, x: Tensor, y: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        x = run_block(block, x + late.alpha * late.cover * y, cls_only=last)
        if not last:
            y = run_block(block, y, cls_sees=late.seen)
    return [x]


def _local_to_global(late: _Late, x: Tensor, y: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        y = run_block(block, x + late.alpha * y, cls_sees=late.seen, cls_only=last)
        if not last:
            x = run_block(block, x)
    return [y]


def _both_ways(late: _Late, x: Tensor, y: Tensor) -> list[Tensor]:
    to_local, to_global = x, y
    for block, last in late.steps():
        fused = to_local + late.alpha * late.cover * y
        to_local = run_block(block, fused, cls_only=last)
        fused = x + late.alpha * to_global
        to_global = run_block(block, fused, cls_sees=late.seen, cls_only=last)
        if not last:
            x = run_block(block, x)
            y = run_block(block, y, cls_sees=late.seen)
    return [to_local, to_global]


def _plain(late: _Late, x: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        x = run_block(block, x, cls_only=last)
    return [x]


def _mask_tokens(late: _Late, y: Tensor) -> list[Tensor]:
    """Global-Local CLIP's Eq. 3: patches outside the mask are zeroed before every late block."""
    for block, last in late.steps():
        y = run_block(block, late.cover * y, cls_only=last)
    return [y]


def _mask_attention(late: _Late, y: Tensor) -> list[Tensor]:
    for block, last in late.steps():
        y = run_block(block, y, cls_sees=late.seen, cls_only=last)
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

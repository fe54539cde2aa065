"""The networks at their real sizes: real weights where they are there, random ones elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.models.background_reuse import proven_halo
from zsris_ros.models.load import checkpoint_state
from zsris_ros.models.preset import Preset, checkpoints, load_preset, preset_names
from zsris_ros.proposals.sam.decoder import PointDecoder
from zsris_ros.proposals.sam.sam_network import Sam, build_sam
from zsris_ros.torch_utils.precision import resolve_device, resolve_precision
from zsris_ros.types import BoolArray, InputError
from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.weights.catalogue import default_directory, find

_SEED = 0
_LOGIT = 10.0  # of a mask's inside; its outside has the negative
_GOOD, _BAD = 0.9, 0.1  # predicted IoUs of masks that stay, and of those that are dropped


@dataclass(frozen=True, eq=False)
class Networks:
    """One size's networks, SAM in float32, on their device; ``weights`` says whose they are.

    ``halo`` is what proved itself on them (see ``weights.halo``).
    """

    preset: Preset
    sam: Sam
    clip: ClipModel
    device: torch.device
    precision: str
    weights: Literal["preset", "random"]
    halo: int | None = None


def label(size: str, networks: Networks) -> str:
    """Whose weights a row of figures is about: the size, and "random" where they are."""
    return size if networks.weights == "preset" else f"{size}, random"


def spelled_out(label: str) -> str:
    """A row's ``label`` as the tables say it."""
    size, comma, kind = label.partition(", ")
    return f"{'the bundled tabletop weights' if size == 'tabletop' else 'ViT-B/16'}{comma}{kind}"


def sizes() -> dict[str, str]:
    """Preset by size: the name of SAM's architecture, or the preset's own where it has no name."""
    found = {}
    for name in preset_names():
        architecture = load_preset(name).sam.architecture
        found[architecture if isinstance(architecture, str) else name] = name
    return found


def load_networks(size: str, device: str = "auto", precision: str = "auto") -> Networks:
    """The networks of ``size``; their weights are random where checkpoints were not fetched.

    Raises InputError for an unknown size.
    """
    presets = sizes()
    if size not in presets:
        raise InputError(f"there is no size '{size}'; there are {', '.join(presets)}")
    name = presets[size]
    preset, where = load_preset(name), resolve_device(device)
    directory = default_directory()
    fetched = all((directory / find(each).file).exists() for each in checkpoints(name))
    torch.manual_seed(_SEED)
    if fetched:
        sam_state = checkpoint_state(preset.sam.checkpoint, directory)
        clip_state = checkpoint_state(preset.clip.checkpoint, directory)
    else:
        sam_state, clip_state = None, build_clip(preset.clip.architecture).state_dict()
    kind = resolve_precision(precision, where, clip_state)
    sam = build_sam(preset.sam.architecture, sam_state).to(where).requires_grad_(False)
    clip = ClipModel.load(preset.clip.architecture, clip_state, device=where, precision=kind)
    halo = None
    if preset.hybrid.window is None:
        halo = proven_halo(clip, preset.hybrid, scale=preset.referring.logit_scale).halo
    return Networks(preset, sam, clip, where, kind, "preset" if fetched else "random", halo)


class Script:
    """Makes SAM find the given masks (bool NxHxW) in turn, whatever its decoder has computed.

    Random weights propose nothing, and with nothing to enlarge, compare and clean no proposer does
    the work that it does on real frames. Two of three masks are confident, as is usual.
    """

    def __init__(self, sam: Sam, masks: BoolArray) -> None:
        self._logits = _low_resolution(sam, masks)
        self._sam, self._enlarge, self._next = sam, sam.postprocess_masks, 0
        self._masks = PointDecoder.masks
        head = sam.mask_decoder.iou_prediction_head
        self._handle = head.register_forward_hook(self._judge)
        sam.postprocess_masks = self._draw  # segment_anything's generator asks this, ours the next
        PointDecoder.masks = self._drawn  # type: ignore[method-assign, assignment]

    def close(self) -> None:
        """SAM finds again what it finds."""
        self._handle.remove()
        del self._sam.postprocess_masks
        PointDecoder.masks = self._masks  # type: ignore[method-assign]

    def _judge(self, _: Any, __: Any, quality: Tensor) -> Tensor:
        """Predicted IoUs Bx(1+M); the first is of the mask for several prompts together."""
        place = torch.arange(quality.numel(), device=quality.device).view(quality.shape)
        return torch.where(place % quality.shape[1] == 3, _BAD, _GOOD).to(quality)

    def _draw(self, logits: Tensor, *sizes: Any) -> Tensor:
        drawn: Tensor = self._enlarge(self._replaced(logits), *sizes)
        return drawn

    @property
    def _drawn(self) -> Callable[[PointDecoder, Tensor, float], Iterator[tuple[Tensor, Tensor]]]:
        def masks(
            decoder: PointDecoder, points: Tensor, least: float
        ) -> Iterator[tuple[Tensor, Tensor]]:
            ours = decoder.network is self._sam
            for logits, quality in self._masks(decoder, points, least):
                yield (self._replaced(logits) if ours else logits), quality

        return masks

    def _replaced(self, logits: Tensor) -> Tensor:
        """The next masks' logits instead of ...xhxw."""
        count = logits[..., 0, 0].numel()
        place = self._next + torch.arange(count, device=logits.device)
        self._next += count
        return self._logits[place % len(self._logits)].to(logits).view(logits.shape)


def _low_resolution(sam: Sam, masks: BoolArray) -> Tensor:
    """The logits of masks as SAM's decoder gives them: Nxhxw, the frame in the top left corner."""
    side, device = sam.image_encoder.img_size, sam.pixel_mean.device
    scale = side / max(masks.shape[1:])
    height, width = (round(scale * length) for length in masks.shape[1:])
    pixels = torch.from_numpy(masks.astype(np.float32)).to(device)[:, None]
    small = [4 * length for length in sam.prompt_encoder.image_embedding_size]
    square = torch.cat(
        [
            F.interpolate(
                F.pad(F.interpolate(one, (height, width)), (0, side - width, 0, side - height)),
                small,
                mode="area",
            )
            for one in pixels.split(1)
        ]
    )
    return _LOGIT * (2 * square[:, 0] - 1)

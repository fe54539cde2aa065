"""The networks at their real sizes: real weights if fetched, else random ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.models.background_reuse import verified_halo
from zsris_ros.models.load import checkpoint_state
from zsris_ros.models.preset import Preset, checkpoints, load_preset, preset_names
from zsris_ros.proposals.sam.decoder import PointDecoder
from zsris_ros.proposals.sam.sam_network import Sam, build_sam
from zsris_ros.torch_utils.precision import resolve_device, resolve_precision
from zsris_ros.types import BoolArray, InputError
from zsris_ros.vision.clip import ClipModel, build_clip
from zsris_ros.weights.catalogue import default_directory, find

_SEED = 0
_LOGIT = 10.0  # inside of a mask; outside it is negative
_GOOD, _BAD = 0.9, 0.1  # predicted IoUs of kept and of dropped masks


@dataclass(frozen=True, eq=False)
class Networks:
    """One size's networks on their device, SAM in float32.

    ``weights`` names their origin; ``halo`` is the verified one (see ``models.background_reuse``).
    """

    preset: Preset
    sam: Sam
    clip: ClipModel
    device: torch.device
    precision: str
    weights: Literal["preset", "random"]
    halo: int | None = None


def row_label(size: str, networks: Networks) -> str:
    """Return the label of a row of figures: the size, and "random" for random weights."""
    return size if networks.weights == "preset" else f"{size}, random"


def row_title(label: str) -> str:
    """Return the title in tables of a row's ``label``."""
    size, comma, kind = label.partition(", ")
    return f"{'the bundled tabletop weights' if size == 'tabletop' else 'ViT-B/16'}{comma}{kind}"


def sizes() -> dict[str, str]:
    """Return presets by size: the name of SAM's architecture, or the preset's own name."""
    found = {}
    for name in preset_names():
        architecture = load_preset(name).sam.architecture
        found[architecture if isinstance(architecture, str) else name] = name
    return found


def load_networks(size: str, device: str = "auto", precision: str = "auto") -> Networks:
    """Load the networks of ``size``; without fetched checkpoints the weights are random.

    Raises:
        InputError: Unknown size.
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
        halo = verified_halo(clip, preset.hybrid, scale=preset.referring.logit_scale).halo
    return Networks(preset, sam, clip, where, kind, "preset" if fetched else "random", halo)


class ScriptedMasks:
    """Replaces SAM's outputs by the given masks (bool NxHxW) in turn, after the decoder's work.

    Random weights propose nothing, so upsampling, NMS and cleaning would be skipped. Two of three
    masks are confident, as is usual on real frames.
    """

    def __init__(self, sam: Sam, masks: BoolArray) -> None:
        self._logits = _low_resolution(sam, masks)
        self._sam, self._upsample, self._next = sam, sam.postprocess_masks, 0
        self._masks = PointDecoder.masks
        head = sam.mask_decoder.iou_prediction_head
        self._hook = head.register_forward_hook(self._quality)
        sam.postprocess_masks = self._postprocess  # called by segment_anything's generator
        PointDecoder.masks = self._scripted  # type: ignore[method-assign, assignment]

    def close(self) -> None:
        """Restore SAM's own outputs."""
        self._hook.remove()
        del self._sam.postprocess_masks
        PointDecoder.masks = self._masks  # type: ignore[method-assign]

    def _quality(self, _: Any, __: Any, quality: Tensor) -> Tensor:
        """Return predicted IoUs Bx(1+M); the first is that of the mask for several prompts."""
        place = torch.arange(quality.numel(), device=quality.device).view(quality.shape)
        return torch.where(place % quality.shape[1] == 3, _BAD, _GOOD).to(quality)

    def _postprocess(self, logits: Tensor, *sizes: Any) -> Tensor:
        upsampled: Tensor = self._upsample(self._replaced(logits), *sizes)
        return upsampled

    @property
    def _scripted(self) -> Callable[[PointDecoder, Tensor, float], Iterator[tuple[Tensor, Tensor]]]:
        def masks(
            decoder: PointDecoder, points: Tensor, least: float
        ) -> Iterator[tuple[Tensor, Tensor]]:
            ours = decoder.network is self._sam
            for logits, quality in self._masks(decoder, points, least):
                yield (self._replaced(logits) if ours else logits), quality

        return masks

    def _replaced(self, logits: Tensor) -> Tensor:
        """Return the next masks' logits in place of ...xhxw."""
        count = logits[..., 0, 0].numel()
        place = self._next + torch.arange(count, device=logits.device)
        self._next += count
        return self._logits[place % len(self._logits)].to(logits).view(logits.shape)


def _low_resolution(sam: Sam, masks: BoolArray) -> Tensor:
    """Return the masks as logits of SAM's decoder: Nxhxw, the frame in the top left corner."""
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

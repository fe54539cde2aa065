"""Parameters, multiplications and memory of a training step, counted without computing it.

The network is built on torch's meta device, where operations have shapes and no values.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from zsris_ros.baselines.vatex.network import Texts, Vatex
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings

WORDS = 20
"""Tokens of a sentence."""


def count_cost(
    settings: VatexSettings, height: int, width: int, word_width: int, heat_length: int
) -> dict[str, Any]:
    """Return the cost of one image with a triplet of sentences.

    Args:
        settings: The network.
        height: Height in pixels of the padded image, a multiple of 32.
        width: Its width, likewise.
        word_width: D, width of CLIP's words.
        heat_length: T, values of the CLIP Prior's map.

    Returns:
        ``parameters`` in all and of the backbone; ``look_gmac`` of an image and ``segment_gmac``
        of a sentence, in 1e9 multiplications; ``saved_mb``, the float32 activations that the
        gradient of the image and its three sentences needs, in 1e6 bytes. The frozen CLIP, the
        losses and the attention masks are not counted.
    """
    with torch.device("meta"):
        network = Vatex(settings, word_width, heat_length)
        images, valid = torch.empty(1, 3, height, width), torch.ones(1, height, width).bool()
        texts = Texts(
            torch.empty(3, WORDS, word_width),
            torch.ones(3, WORDS).bool(),
            torch.empty(3, heat_length),
            torch.empty(3, WORDS, dtype=torch.long),
            torch.empty(3, heat_length, 0),
        )
        saved: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            saved[storage._cdata] = storage.nbytes()
            kept.append(storage)
            return tensor

        kept: list[torch.UntypedStorage] = []
        with saved_tensors_hooks(keep, lambda tensor: tensor):
            with FlopCounterMode(display=False) as look:
                levels = network.look(images, valid)
            with FlopCounterMode(display=False) as segment:
                network.segment(levels.select(torch.zeros(3, dtype=torch.long)), texts)
    weights = {each.untyped_storage()._cdata for each in network.parameters()}
    activations = sum(size for key, size in saved.items() if key not in weights)
    return {
        "parameters": sum(each.numel() for each in network.parameters()),
        "backbone_parameters": sum(each.numel() for each in network.backbone.parameters()),
        "look_gmac": round(look.get_total_flops() / 2e9, 2),
        "segment_gmac": round(segment.get_total_flops() / 6e9, 2),
        "saved_mb": round(activations / 1e6, 1),
    }

"""The Segment Anything network (Kirillov et al., ICCV 2023) from segment_anything's own classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from zsris_ros.proposals.sam.architecture import SamArchitecture
from zsris_ros.proposals.sam.mobile_sam import build_mobile_sam, translate_state_dict
from zsris_ros.torch_utils.torchvision_ops import ensure_torchvision
from zsris_ros.types import InputError

ensure_torchvision()  # segment_anything imports torchvision, whose compiled ops may be missing

from segment_anything import sam_model_registry
from segment_anything.modeling import Sam

PUBLISHED = ("vit_h", "vit_l", "vit_b")
"""The architectures whose checkpoints the authors of Segment Anything published."""


def build_sam(
    architecture: str | Mapping[str, Any], state_dict: Mapping[str, Tensor] | None = None
) -> Sam:
    """Build a Segment Anything network on the CPU, in float32 and evaluation mode.

    Args:
        architecture: "vit_h", "vit_l", "vit_b", "vit_t" (MobileSAM), or SamArchitecture's fields.
        state_dict: Weights of any floating dtype, loaded strictly; None initialises them.

    Raises:
        InputError: Unknown architecture, or weights that do not fit it.
    """
    if not isinstance(architecture, str):
        name = "the custom sizes"
        sam = SamArchitecture.from_mapping(architecture).build()
    elif architecture == "vit_t":
        name = architecture
        sam = build_mobile_sam()
        state_dict = None if state_dict is None else translate_state_dict(state_dict)
    elif architecture in PUBLISHED:
        name = architecture
        sam = sam_model_registry[architecture](checkpoint=None)
    else:
        raise InputError(
            f"unknown SAM architecture '{architecture}': use {', '.join(PUBLISHED)}, "
            "vit_t (MobileSAM), or a mapping of sizes"
        )
    if state_dict is not None:
        _load(sam, state_dict, name)
    return sam


def _load(sam: Sam, state_dict: Mapping[str, Tensor], name: str) -> None:
    expected = sam.state_dict()
    wrong = sorted(set(expected) ^ set(state_dict)) + sorted(
        key
        for key in set(expected) & set(state_dict)
        if expected[key].shape != state_dict[key].shape
    )
    if wrong:
        raise InputError(
            f"these weights are not those of a SAM with the architecture {name}: {len(wrong)} "
            f"tensors are missing, unexpected or of another shape, the first is '{wrong[0]}'"
        )
    with torch.no_grad():
        sam.load_state_dict(dict(state_dict))

"""The number format that is fastest on a device, and whether the models still work in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.types import ByteArray, InputError

LOG = logging.getLogger(__name__)
Models = TypeVar("Models")

PRECISIONS = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}

MIN_COSINE = 0.999
"""Cosine to float32 below which a half precision is not used; it is 0.9999 where all is well."""

_LARGE = 20_000_000  # parameters that see: smaller networks gain nothing on a CPU
_NATIVE = {"avx512_bf16", "amx_bf16"}  # elsewhere a CPU emulates bfloat16, slower than float32
_CPUINFO = Path("/proc/cpuinfo")


def resolve_precision(name: str, device: torch.device, clip: Mapping[str, Tensor]) -> str:
    """ "fp32", "fp16" or "bf16" from "float32", "float16", "bfloat16" (or the short forms).

    "auto" is float16 on a GPU, where it is fastest and closer than bfloat16; bfloat16 on a CPU that
    computes in it, when the network with the parameters ``clip`` is large; and float32 elsewhere.
    Raises InputError for an unknown name.
    """
    if name == "auto":
        seeing = sum(value.numel() for key, value in clip.items() if key.startswith("visual."))
        if device.type == "cuda":
            return "fp16"
        return "bf16" if device.type == "cpu" and seeing > _LARGE and _has_bfloat16() else "fp32"
    if name not in PRECISIONS and name not in PRECISIONS.values():
        raise InputError(f"unknown precision '{name}': use auto, {', '.join(PRECISIONS)}")
    return PRECISIONS.get(name, name)


def build_verified(
    build: Callable[[str], Models],
    probe: Callable[[Models], Sequence[Tensor]],
    kind: str,
    what: str = "the models",
) -> Models:
    """Return models in precision ``kind``, or in float32 where the features differ too much.

    Args:
        build: Makes the models of a precision.
        probe: Makes the features to compare, one row each.
        kind: "fp32", "fp16" or "bf16".
        what: Names the models in the log.
    """
    models = build(kind)
    if kind == "fp32":
        return models
    exact = build("fp32")
    cosine = min_cosine(probe(models), probe(exact))
    if cosine >= MIN_COSINE:
        LOG.info("%s compute in %s (cosine to float32: %.5f)", what, kind, cosine)
        return models
    LOG.warning(
        "%s compute in float32, because %s strays too far from it here (cosine %.5f)",
        what,
        kind,
        cosine,
    )
    return exact


def min_cosine(first: Sequence[Tensor], second: Sequence[Tensor]) -> float:
    """The smallest cosine of two lists of features, row by row; 0 where something is not finite."""
    cosines = [
        F.cosine_similarity(one.double(), other.double(), dim=-1).min()
        for one, other in zip(first, second, strict=True)
    ]
    return float(torch.stack(cosines).nan_to_num(0.0).min())


def sample_picture() -> ByteArray:
    """A small sample_picture with smooth and busy parts, uint8 64x64x3."""
    y, x = np.mgrid[:64, :64]
    colours = np.stack([x * 4, y * 4, (x * y) % 256], axis=-1)
    colours[16:48, 20:44] = (200, 40, 30)
    return colours.astype(np.uint8)


def _has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 matrices itself, as Linux tells."""
    try:
        lines = _CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and _NATIVE & set(line.split()) for line in lines)

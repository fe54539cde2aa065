"""Devices and number formats by name, and the check of a half precision against float32."""

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

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
LONG_NAMES = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}

MIN_COSINE = 0.999
"""Least cosine to float32 features of a half precision; 0.9999 is usual."""

_LARGE = 20_000_000  # parameters of the image encoder: bfloat16 saves nothing on smaller ones
_NATIVE_BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # other CPUs emulate it, slower than float32
_CPUINFO = Path("/proc/cpuinfo")


def resolve_device(name: str) -> torch.device:
    """Return the torch device ``name``; "auto" is a GPU if there is one, else the CPU.

    Raises InputError for an unknown or absent device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"unknown device '{name}': use auto, cpu, cuda, or cuda:1") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(
            f"device '{name}' is not there: torch sees {torch.cuda.device_count()} CUDA devices; "
            "use auto or cpu"
        )
    return device


def dtype_of(precision: str) -> torch.dtype:
    """Return the dtype of a precision by its short or long name; raises InputError if unknown."""
    dtype = DTYPES.get(LONG_NAMES.get(precision, precision))
    if dtype is None:
        known = ", ".join((*LONG_NAMES, *DTYPES))
        raise InputError(f"unknown precision '{precision}': use one of {known}")
    return dtype


def resolve_precision(name: str, device: torch.device, clip: Mapping[str, Tensor]) -> str:
    """Return the short name ("fp32", "fp16", "bf16") of a precision.

    "auto" is float16 on a GPU, where it is fastest and closer than bfloat16; bfloat16 on a CPU with
    native bfloat16 when the image encoder in the state dict ``clip`` is large; else float32.
    Raises InputError for an unknown name.
    """
    if name == "auto":
        if device.type == "cuda":
            return "fp16"
        size = sum(value.numel() for key, value in clip.items() if key.startswith("visual."))
        return "bf16" if device.type == "cpu" and size > _LARGE and _has_bfloat16() else "fp32"
    if name not in DTYPES and name not in LONG_NAMES:
        raise InputError(f"unknown precision '{name}': use auto, {', '.join(LONG_NAMES)}")
    return LONG_NAMES.get(name, name)


def build_verified(
    build: Callable[[str], Models],
    probe: Callable[[Models], Sequence[Tensor]],
    precision: str,
    models_name: str = "the models",
) -> Models:
    """Build models in a precision, or in float32 where the features differ too much.

    Args:
        build: Builds the models of a precision.
        probe: Computes the features to compare, one row each.
        precision: "fp32", "fp16" or "bf16".
        models_name: Subject of the log messages.
    """
    models = build(precision)
    if precision == "fp32":
        return models
    exact = build("fp32")
    cosine = min_cosine(probe(models), probe(exact))
    if cosine >= MIN_COSINE:
        LOG.info("%s compute in %s (cosine to float32: %.5f)", models_name, precision, cosine)
        return models
    LOG.warning(
        "%s compute in float32, because %s strays too far from it here (cosine %.5f)",
        models_name, precision, cosine,
    )  # fmt: skip
    return exact


def min_cosine(first: Sequence[Tensor], second: Sequence[Tensor]) -> float:
    """Return the smallest row-wise cosine of two lists of features; 0 where one is not finite."""
    cosines = [
        F.cosine_similarity(one.double(), other.double(), dim=-1).min()
        for one, other in zip(first, second, strict=True)
    ]
    return float(torch.stack(cosines).nan_to_num(0.0).min())


def sample_picture() -> ByteArray:
    """Return a small image with smooth and busy parts, uint8 64x64x3."""
    y, x = np.mgrid[:64, :64]
    colours = np.stack([x * 4, y * 4, (x * y) % 256], axis=-1)
    colours[16:48, 20:44] = (200, 40, 30)
    return colours.astype(np.uint8)


def _has_bfloat16() -> bool:
    """Return whether the CPU multiplies bfloat16 matrices natively, according to Linux."""
    try:
        lines = _CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and _NATIVE_BFLOAT16 & set(line.split()) for line in lines)

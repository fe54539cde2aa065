"""Floating point operations: the number a computation needs, and the rate of the machine.

An operation is one addition or one multiplication, so a multiply-accumulate counts two. Only matrix
products, convolutions and attention are counted; the rest is memory traffic.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

_SIDE_CPU, _SIDE_GPU = 1024, 8192  # sides of matrices large enough for the full rate
_REPETITIONS = 5


@contextmanager
def counted() -> Iterator[FlopCounterMode]:
    """Count the operations inside; ``get_total_flops()`` may be read at any time."""
    own = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention}
    with FlopCounterMode(display=False, custom_mapping=own) as counter:
        yield counter


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return operations a second of a large square matrix product in ``dtype``, the best of 5."""
    side = _SIDE_GPU if device.type == "cuda" else _SIDE_CPU
    first = torch.randn(side, side, device=device).to(dtype)
    second = first.T.contiguous()
    out = torch.empty_like(first)
    torch.mm(first, second, out=out)
    seconds = []
    for _ in range(_REPETITIONS):
        _wait(device)
        start = perf_counter()
        torch.mm(first, second, out=out)
        _wait(device)
        seconds.append(perf_counter() - start)
    return 2 * side**3 / min(seconds)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _attention(query: Any, key: Any, value: Any, *_: Any, out_shape: Any = None, **__: Any) -> int:
    """Count the two products of attention; torch's table lacks the CPU's kernel."""
    return int(sdpa_flop_count(query, key, value))

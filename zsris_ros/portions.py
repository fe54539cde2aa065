"""How much to compute at once: what fits a processor's cache, or keeps a GPU busy."""

from __future__ import annotations

import torch

_NUMBERS_AT_ONCE = {"cpu": 1 << 21}  # 8 MB of float32; more would wait for main memory
_OTHERWISE = 1 << 27


def portion(numbers: int, device: torch.device) -> int:
    """How many items to work on together whose intermediate results are ``numbers`` each."""
    return max(1, _NUMBERS_AT_ONCE.get(device.type, _OTHERWISE) // max(1, numbers))

"""Training that survives a kill: the whole state in one file, replaced atomically."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: Mapping[str, Any], step: int) -> None:
    """Write every part's state_dict and the number of steps done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    torch.save({"step": step, **{name: part.state_dict() for name, part in state.items()}}, partial)
    os.replace(partial, path)


def resume(path: Path, state: Mapping[str, Any]) -> int:
    """Load what ``save`` wrote into the parts; the number of steps done, 0 without a file."""
    if not path.exists():
        return 0
    saved = torch.load(path, map_location="cpu", weights_only=True)
    for name, part in state.items():
        part.load_state_dict(saved[name])
    return int(saved["step"])

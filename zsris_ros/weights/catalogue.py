"""The published checkpoints by name: where they are, how large, and their sha256.

The facts are in ``catalogue.json``, each with the place it was taken from.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zsris_ros.types import InputError

ROOM = Path(__file__).parent


class WeightsError(InputError):
    """Weights that are missing, damaged or refused; the message says why and what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """One published file. ``size`` is in bytes; ``sources`` says where each fact was taken from."""

    name: str
    description: str
    file: str
    url: str
    size: int
    sha256: str
    licence: str
    sources: Mapping[str, str]


@functools.cache
def catalogue() -> Mapping[str, Checkpoint]:
    """All published checkpoints by name."""
    entries = json.loads((ROOM / "catalogue.json").read_text(encoding="utf-8"))
    return {name: Checkpoint(name=name, **entry) for name, entry in entries.items()}


def find(name: str) -> Checkpoint:
    """The checkpoint called ``name``; raises WeightsError with the known names."""
    try:
        return catalogue()[name]
    except KeyError:
        known = ", ".join(catalogue())
        raise WeightsError(f"no checkpoint is called '{name}'; there are {known}") from None


def default_directory() -> Path:
    """Where fetched checkpoints are kept.

    ``$ZSRIS_WEIGHTS_DIR``, or else ``zsris_ros/weights`` in the user's cache directory
    (``$XDG_CACHE_HOME``, by default ``~/.cache``).
    """
    chosen = os.environ.get("ZSRIS_WEIGHTS_DIR")
    if chosen:
        return Path(chosen).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "zsris_ros" / "weights"

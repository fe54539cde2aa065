"""The catalogue of published checkpoints with URL, size, sha256 and the sources of these facts."""

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
    """Weights that are missing, damaged or refused; the message names cause and remedy."""


@dataclass(frozen=True)
class Checkpoint:
    """A published file; ``size`` is in bytes, ``sources`` has the source of each fact."""

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
    """Return all published checkpoints by name."""
    entries = json.loads((ROOM / "catalogue.json").read_text(encoding="utf-8"))
    return {name: Checkpoint(name=name, **entry) for name, entry in entries.items()}


def find(name: str) -> Checkpoint:
    """Return the checkpoint ``name``. Raises WeightsError with the known names."""
    try:
        return catalogue()[name]
    except KeyError:
        known = ", ".join(catalogue())
        raise WeightsError(f"no checkpoint is called '{name}'; there are {known}") from None


def default_directory() -> Path:
    """Return the folder of fetched checkpoints.

    ``$ZSRIS_WEIGHTS_DIR``, or else ``zsris_ros/weights`` in the user's cache directory
    (``$XDG_CACHE_HOME``, by default ``~/.cache``).
    """
    if folder := os.environ.get("ZSRIS_WEIGHTS_DIR"):
        return Path(folder).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "zsris_ros" / "weights"

"""The models that a robot answers with: those of a preset, or a trained VATEX."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import torch

from zsris_ros.models.load import load_models
from zsris_ros.models.load_options import DEFAULTS, LoadOptions
from zsris_ros.models.load_vatex import load_trained_vatex
from zsris_ros.referring.segmenter import Segmenter

CHECKPOINT = ".safetensors"
"""Ending of the name of a trained VATEX."""


class RobotModels(Protocol):
    """Loaded networks, from which a segmenter is made."""

    def segmenter(self) -> Segmenter:
        """Return the segmenter of these networks."""
        ...

    def to(self, device: torch.device) -> None:
        """Move every network, and with it every segmenter, to ``device``."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the weights."""
        ...


def load_robot_models(weights: str, options: LoadOptions = DEFAULTS) -> RobotModels:
    """Return the models of a preset, or of a checkpoint of ``zsris train-vatex``.

    Args:
        weights: The name of a preset, or the path of a file that ends in ".safetensors".
        options: Device, folder of checkpoints, parser; the others belong to presets.

    Raises:
        WeightsError: A checkpoint is missing or wrong; the message names the remedy.
        InputError: An option has an unknown value.
    """
    if weights.endswith(CHECKPOINT):
        return load_trained_vatex(Path(weights), options)
    return load_models(weights, options)


def load_segmenter(weights: str, options: LoadOptions = DEFAULTS) -> Segmenter:
    """Return the whole pipeline; see ``load_robot_models``."""
    return load_robot_models(weights, options).segmenter()

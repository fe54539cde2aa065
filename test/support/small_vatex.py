"""A VATEX of a few thousand random parameters; its answers are arbitrary masks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from zsris_ros.baselines.vatex.network import Vatex
from zsris_ros.baselines.vatex.vatex_settings import VatexSettings
from zsris_ros.models.load_vatex import load_frozen_clip, save_vatex

TINY = VatexSettings.small(short_side=64, width=16, heads=2, encoder_layers=1, feedforward=16)


def save_small_vatex(path: Path, backbone: str = TINY.backbone, min_score: float = 0.0) -> Path:
    """Write a checkpoint on the tabletop's CLIP; return its path."""
    torch.manual_seed(0)
    settings = replace(TINY, backbone=backbone)
    clip = load_frozen_clip("tabletop", settings)
    network = Vatex(settings, clip.word_width, clip.heat_length)
    save_vatex(path, network, "tabletop", min_score)
    return path

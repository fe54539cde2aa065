"""Arguments of methods with a checkpoint of their own: VATEX."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.commands.options import model_options

if TYPE_CHECKING:
    from zsris_ros.models.load_vatex import TrainedVatex
    from zsris_ros.referring.segmenter import Segmenter


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``load_trained``."""
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="with --method vatex: vatex.safetensors of `zsris train-vatex`",
    )
    parser.add_argument(
        "--min-score",
        type=float,
        default=0.0,
        metavar="P",
        help="with --method vatex: NOT_FOUND below this class probability (default: 0, never)",
    )


def check_checkpoint(args: argparse.Namespace) -> None:
    """Raise InputError unless vatex alone is chosen, with its checkpoint."""
    from zsris_ros.types import InputError

    if args.method != "vatex":
        raise InputError("--checkpoint belongs to --method vatex, which is evaluated alone")
    if args.checkpoint is None:
        raise InputError(
            "--method vatex needs --checkpoint: the vatex.safetensors of a `zsris train-vatex`"
        )


def load_trained(args: argparse.Namespace) -> tuple[Segmenter, dict[str, Any]]:
    """Return the segmenter of --checkpoint and its settings for the results."""
    from zsris_ros.baselines.vatex.vatex_segmenter import vatex_segmenter

    trained, about = read_checkpoint(args)
    return vatex_segmenter(trained.network, trained.clip, args.min_score), about


def read_checkpoint(args: argparse.Namespace) -> tuple[TrainedVatex, dict[str, Any]]:
    """Return the network of --checkpoint with its CLIP, and its settings for the results."""
    from zsris_ros.models.load_vatex import load_trained_vatex

    trained = load_trained_vatex(args.checkpoint, model_options(args))
    about = {
        "method": "vatex",
        "weights": trained.preset,  # of the frozen CLIP
        "checkpoint": hashlib.sha256(args.checkpoint.read_bytes()).hexdigest(),
        "parser": trained.clip.parser,
        "dtype": "float32",
        "network": trained.network.settings.to_json(),
    }
    return trained, about

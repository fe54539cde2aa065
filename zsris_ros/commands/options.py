"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from zsris_ros.models.load_options import LoadOptions

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

RULES = "the rules"


def add_models(parser: argparse.ArgumentParser, auto: str = RULES) -> None:
    """Declare the options of ``model_options``; ``auto`` describes the parser "auto"."""
    parser.add_argument(
        "--weights", default="tabletop", help="preset of `zsris weights list` (default: tabletop)"
    )
    parser.add_argument(
        "--device", default="auto", help="auto (a GPU if there is one), cpu, cuda, ..."
    )
    parser.add_argument(
        "--weights-dir", type=Path, metavar="DIR", help="folder of fetched checkpoints"
    )
    add_parser_choice(parser, auto)


def model_options(args: argparse.Namespace) -> LoadOptions:
    """Return the options of ``load_segmenter`` and ``load_models``; the preset is args.weights."""
    return LoadOptions(device=args.device, directory=args.weights_dir, parser=args.parser)


def add_parser_choice(parser: argparse.ArgumentParser, auto: str = RULES) -> None:
    """Declare the parser of the expressions; ``auto`` describes the parser "auto"."""
    parser.add_argument(
        "--parser",
        default="auto",
        help=f"auto ({auto}), rules, spacy, a spaCy pipeline's name or folder (default: auto)",
    )


def positive(text: str) -> int:
    """Convert text to an integer above 0, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value

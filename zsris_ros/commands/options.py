"""Arguments that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

RULES = "the rules"


def add_models(parser: argparse.ArgumentParser, auto: str = RULES) -> None:
    """Declare which models answer, where they run, and the parser, of which "auto" is ``auto``."""
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


def add_parser_choice(parser: argparse.ArgumentParser, auto: str = RULES) -> None:
    """Declare who reads the expressions; ``auto`` says what "auto" is."""
    parser.add_argument(
        "--parser",
        default="auto",
        help=f"auto ({auto}), rules, spacy, a spaCy pipeline's name or folder (default: auto)",
    )


def positive(text: str) -> int:
    """A whole number above 0, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value

"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from zsris_ros.models.load_options import DEFAULT_WEIGHTS, LoadOptions

if TYPE_CHECKING:
    from zsris_ros.simulation.household.model_library import ModelLibrary

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

RULES = "the rules"

OBJECTS: Mapping[str, Any] = {
    "action": "append",
    "default": [],
    "metavar": "DIR",
    "help": "household scenes of these models instead: a folder of objects (NAME/visual.obj, "
    "texture.png, object.json), libero, shapes, generated (models that are drawn by "
    "chance) or generated-test (others of these kinds); may be repeated",
}
"""The option ``--objects`` of the commands with simulated scenes, for ``model_source``."""


def add_models(parser: argparse.ArgumentParser, auto: str = RULES) -> None:
    """Declare the options of ``model_options``; ``auto`` describes the parser "auto"."""
    parser.add_argument(
        "--weights",
        default=DEFAULT_WEIGHTS,
        help=f"preset of `zsris weights list` (default: {DEFAULT_WEIGHTS})",
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


def add_scenes(parser: argparse.ArgumentParser, scenes: int) -> None:
    """Declare the simulated scenes of ``scene_settings``, ``scenes`` of them by default."""
    parser.add_argument("--seed", type=int, default=0, help="the first scene's seed (default: 0)")
    parser.add_argument(
        "--scenes", type=positive, default=scenes, metavar="N", help=f"(default: {scenes})"
    )
    parser.add_argument(
        "--count", type=positive, default=6, metavar="N", help="objects in a scene (default: 6)"
    )
    parser.add_argument("--objects", **OBJECTS)
    parser.add_argument(
        "--depth-noise",
        type=float,
        default=0.001,
        metavar="METRES",
        help="standard deviation of depth at 1 m; grows with the square (default: 0.001)",
    )
    parser.add_argument(
        "--ask",
        action="store_true",
        help="find the objects with the segmenter, instead of their true masks",
    )


def read_models(args: argparse.Namespace) -> ModelLibrary | None:
    """Return the models of ``--objects``, read before the first scene; None without the option.

    Raises:
        InputError: A folder without objects, a damaged one, or LIBERO's package is not installed.
    """
    if not args.objects:
        return None
    from zsris_ros.simulation.household.model_library import ModelLibrary, model_source

    return ModelLibrary(model_source(args.objects)).read_all()


def scene_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return the scenes of a run as plain data, for its summary."""
    return {
        "seeds": [args.seed, args.seed + args.scenes - 1],
        "count": args.count,
        "objects": [Path(each).name for each in args.objects] or ["tabletop"],
        "depth_noise": args.depth_noise,
        "masks": f"weights {args.weights}" if args.ask else "true",
    }


def positive(text: str) -> int:
    """Convert text to an integer above 0, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def share(text: str) -> float:
    """Convert text to a number from 0 to 1, for argparse."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to 1")
    return value


def above_zero(text: str) -> float:
    """Convert text to a number above 0, for argparse."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value

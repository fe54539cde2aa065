"""`zsris convert-osd`: converts the Object Segmentation Database for `zsris eval frames`."""

from __future__ import annotations

import argparse
from pathlib import Path

from zsris_ros.commands.options import Subparsers


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "convert-osd",
        help="write the Object Segmentation Database with questions, for `zsris eval frames`",
    )
    parser.add_argument("root", type=Path, metavar="ROOT", help="folder that holds objects.json")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the frames")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from zsris_ros.evaluation.datasets.osd import convert_osd

    print(f"{args.out}: {convert_osd(args.root, args.out)} frames")
    return 0

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
    parser.add_argument(
        "--names",
        action="store_true",
        help="ask for objects by name (a table of this package has them), not by place",
    )
    parser.add_argument("--rgb-only", action="store_true", help="leave the depth out")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from zsris_ros.evaluation.datasets.osd import convert_osd

    count = convert_osd(args.root, args.out, names=args.names, depth=not args.rgb_only)
    print(f"{args.out}: {count} frames")
    return 0

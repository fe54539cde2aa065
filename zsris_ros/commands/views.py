"""`zsris views`: files for RViz and Foxglove with a node's names."""

from __future__ import annotations

import argparse
from pathlib import Path

from zsris_ros.commands.options import Subparsers
from zsris_ros.visualization.view_files import FRAME, NODE, write_view_files


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "views", help="files for RViz and Foxglove with the names of a node in a namespace"
    )
    parser.add_argument("--node", default=NODE, help=f"full name of the node (default: {NODE})")
    parser.add_argument("--frame", default=FRAME, help=f"fixed frame (default: {FRAME})")
    parser.add_argument(
        "--out", type=Path, default=Path("out/views"), help="folder to write (default: out/views)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    for path in write_view_files(args.out, args.node, args.frame):
        print(path)
    return 0

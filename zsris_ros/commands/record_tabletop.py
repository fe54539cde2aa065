"""`zsris record-tabletop`: records simulated scenes and their truth as a camera recording."""

from __future__ import annotations

import argparse
from pathlib import Path

from zsris_ros.commands.options import OBJECTS, Subparsers, read_models


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "record-tabletop", help="record simulated scenes as a rosbag2 (mcap) with their truth"
    )
    parser.add_argument("--out", type=Path, required=True, help="the bag's folder, made new")
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        metavar="SEED",
        help="scenes to record (default: those of the recording that ships)",
    )
    parser.add_argument("--objects", **OBJECTS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from zsris_ros.demo.record import record

    size = record(args.out, args.seeds or (), read_models(args))
    print(f"{args.out}: {size / 1e6:.1f} MB")
    return 0

"""`zsris record-libero`: renders first frames of LIBERO's tasks with their truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from zsris_ros.commands.options import Subparsers


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "record-libero",
        help="render first frames of LIBERO's tasks with questions, for `zsris eval frames`",
        description="Renders 640x480 pictures of the camera agentview with depth, labels and "
        "questions (docs/libero.md). Frames that are already in OUT are kept. Needs the extra "
        "household.",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the frames")
    parser.add_argument(
        "suites",
        nargs="+",
        metavar="SUITE[:FIRST:LAST]",
        help="libero_spatial, libero_object, libero_goal, libero_10, libero_90, or a suite of "
        "LIBERO-PRO; FIRST to LAST - 1 chooses tasks",
    )
    parser.add_argument(
        "--state", type=int, default=0, metavar="K", help="stored initial state (default: 0)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from zsris_ros.evaluation.libero.libero_recorder import read_tasks, record_task

    tasks = [task for spec in args.suites for task in read_tasks(spec)]
    waiting = [t for t in tasks if not (args.out / f"{t.frame_name(args.state)}.json").exists()]
    for task in tqdm(waiting, "rendering", unit="frame"):
        record_task(task, args.state, args.out)
    print(f"{args.out}: {len(waiting)} frames rendered, {len(tasks) - len(waiting)} kept")
    return 0

"""`zsris demo`: the whole pipeline once, with real ROS processes."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from zsris_ros.commands.options import Subparsers
from zsris_ros.models.load_options import DEFAULT_WEIGHTS

MISSED = 1


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "demo",
        help="a recorded camera, the node and a client, with a table and pictures of the answers",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out/demo"), help="folder to write (default: out/demo)"
    )
    parser.add_argument(
        "--bag",
        type=Path,
        help="a recording of `zsris record-tabletop` (default: the shipped household, with the "
        "weights tabletop the shipped tabletop)",
    )
    parser.add_argument(
        "--weights", default=DEFAULT_WEIGHTS, help=f"preset (default: {DEFAULT_WEIGHTS})"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Return 0, or 1 with a sentence if a requirement is missed or a process ends."""
    from zsris_ros.demo import demo_report
    from zsris_ros.demo.demo_bag import HOUSEHOLD_BAG, TABLETOP_BAG
    from zsris_ros.demo.processes import ProcessFailed
    from zsris_ros.demo.run_demo import run_demo

    signal.signal(signal.SIGTERM, _leave)
    try:
        logs = args.out / "logs"
        shipped = TABLETOP_BAG if args.weights == "tabletop" else HOUSEHOLD_BAG
        answers = run_demo(args.bag or shipped, logs, args.weights, args.device, _print_line)
    except (ProcessFailed, TimeoutError) as error:
        print(f"zsris demo: {error}", file=sys.stderr)
        return MISSED
    demo_report.write(args.out, answers)
    print()
    for line in demo_report.table(answers):
        print(line)
    print()
    print(demo_report.summary(answers))
    print(f"pictures and answers.json are in {args.out}")
    missed = list(demo_report.problems(answers))
    for problem in missed:
        print(f"zsris demo: {problem}", file=sys.stderr)
    return MISSED if missed else 0


def _print_line(line: str) -> None:
    print(line, flush=True)


def _leave(*_: Any) -> None:
    """Raise KeyboardInterrupt, so that the child processes are ended."""
    raise KeyboardInterrupt

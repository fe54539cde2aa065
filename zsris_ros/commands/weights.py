"""`zsris weights list|fetch|verify`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from zsris_ros.commands.options import Subparsers
from zsris_ros.models.preset import checkpoints, describe, preset_names
from zsris_ros.weights.catalogue import Checkpoint, WeightsError, catalogue, default_directory, find
from zsris_ros.weights.fetch import fetch, verify


def add_arguments(subparsers: Subparsers) -> None:
    """Add `weights` and its own subcommands."""
    weights = subparsers.add_parser("weights", help="list, fetch and verify model weights")
    weights.set_defaults(run=run)
    actions = weights.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="presets and checkpoints, and which of them are here")
    fetch_parser = actions.add_parser("fetch", help="download checkpoints, checked by sha256")
    fetch_parser.add_argument("names", nargs="+", metavar="NAME", help="a preset or a checkpoint")
    verify_parser = actions.add_parser("verify", help="check fetched checkpoints by sha256")
    verify_parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a preset or a checkpoint (none: all that is here)"
    )
    for action in actions.choices.values():
        action.add_argument(
            "--dir",
            type=Path,
            default=None,
            help="directory of the checkpoints (default: $ZSRIS_WEIGHTS_DIR, or zsris_ros/weights "
            "in the user's cache directory)",
        )


def run(args: argparse.Namespace) -> int:
    """Run an action; return the exit code, 2 with one sentence on an error."""
    directory = args.dir.expanduser() if args.dir else default_directory()
    try:
        if args.action == "list":
            _list(directory)
        elif args.action == "fetch":
            _fetch(args.names, directory)
        else:
            _verify(args.names, directory)
    except WeightsError as error:
        print(f"zsris weights: {error}", file=sys.stderr)
        return 2
    return 0


def _list(directory: Path) -> None:
    print("Presets")
    for name in preset_names():
        needs = ", ".join(checkpoints(name)) or "ships with the package"
        print(f"  {name:<16}{describe(name)} [{needs}]")
    print(f"Checkpoints in {directory}")
    for entry in catalogue().values():
        here = "here" if (directory / entry.file).exists() else "not fetched"
        print(f"  {entry.name:<16}{entry.size / 1e6:7.0f} MB  {here:<12}{entry.description}")
        print(f"  {'':<16}{entry.url}")
        print(f"  {'':<16}sha256 {entry.sha256}  {entry.licence}")


def _fetch(names: Iterable[str], directory: Path) -> None:
    wanted = _wanted(names)
    if not wanted:
        print(f"nothing to fetch: {', '.join(names)} ships with the package")
    for checkpoint in wanted:
        print(fetch(checkpoint, directory, progress=sys.stderr.isatty()))


def _verify(names: Iterable[str], directory: Path) -> None:
    entries = _wanted(names) or [
        entry for entry in catalogue().values() if (directory / entry.file).exists()
    ]
    if not entries:
        print(f"no checkpoint is in {directory}")
    for entry in entries:
        verify(directory / entry.file, entry, progress=sys.stderr.isatty())
        print(f"{directory / entry.file} is good")


def _wanted(names: Iterable[str]) -> list[Checkpoint]:
    """Return the checkpoints of the given checkpoints and presets, each once."""
    wanted: dict[str, Checkpoint] = {}
    for name in names:
        if name not in catalogue() and name not in preset_names():
            known = ", ".join([*preset_names(), *catalogue()])
            raise WeightsError(f"nothing is called '{name}'; there are {known}")
        for checkpoint in checkpoints(name) if name in preset_names() else [name]:
            wanted[checkpoint] = find(checkpoint)
    return list(wanted.values())

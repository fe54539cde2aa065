"""The command ``zsris`` and its subcommands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from zsris_ros import __version__
from zsris_ros.commands import (
    bench,
    demo,
    listen,
    parse,
    record_libero,
    record_tabletop,
    refer,
    replay,
    views,
    weights,
)
from zsris_ros.commands.evaluation import calibrate, convert_osd, evaluate
from zsris_ros.commands.training import train, train_language, train_vatex

FAILED = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code.

    An error is one sentence on stderr and code 2; with ZSRIS_DEBUG=1 it is a traceback.
    """
    args = make_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The pipe is closed; without this Python reports it again when it flushes the output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("ZSRIS_DEBUG"):
            raise
        print(f"zsris {args.command}: {sentence(error)}", file=sys.stderr)
        return FAILED


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all subcommands."""
    parser = argparse.ArgumentParser(
        prog="zsris",
        description="Find the object that a sentence means in a picture, and its place in space.",
    )
    parser.add_argument("--version", action="version", version=f"zsris {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (
        refer, replay, listen, demo, weights, parse, evaluate,
        calibrate, bench, record_tabletop, record_libero, convert_osd, train, train_language,
        train_vatex, views,
    ):  # fmt: skip
        command.add_arguments(subparsers)
    return parser


def sentence(error: Exception) -> str:
    """Return the message of an error in one line."""
    if isinstance(error, OSError) and error.strerror:
        message = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        message = str(error)
    message = " ".join(message.split())
    # The package's own errors are sentences; other errors need the name of their type.
    expected = isinstance(error, OSError) or type(error).__module__.startswith("zsris_ros.")
    if expected and message:
        return message
    return f"{type(error).__name__}: {message} (ZSRIS_DEBUG=1 shows where)"


if __name__ == "__main__":
    sys.exit(main())

"""`zsris parse`: what an expression is understood to ask for."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zsris_ros.commands.options import add_parser_choice

if TYPE_CHECKING:
    from zsris_ros.commands.options import Subparsers


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("parse", help="show how an expression is understood")
    parser.add_argument(
        "expressions", nargs="*", metavar="EXPRESSION", help="none: one a line from stdin"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_parser_choice(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from zsris_ros.language import load_parser, to_json

    parser = load_parser(args.parser)
    for text in args.expressions or _lines(sys.stdin):
        parsed = to_json(parser.parse(text))
        print(json.dumps(parsed) if args.json else _readable(parsed), flush=True)
    return 0


def _lines(stream: Iterable[str]) -> Iterable[str]:
    return (line.strip() for line in stream if line.strip())


def _readable(parsed: dict[str, Any]) -> str:
    """The text and below it every field that says something."""
    said = [f"  {name:<12}{value}" for name, value in parsed.items() if value and name != "text"]
    return "\n".join([parsed["text"], *said])

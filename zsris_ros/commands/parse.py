"""`zsris parse`: shows how an expression is parsed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from typing import Any

from zsris_ros.commands.options import Subparsers, add_parser_choice
from zsris_ros.types import Expression, InputError

REFUSED = 2
"""Exit code after an expression that could not be parsed."""


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("parse", help="show how an expression is parsed")
    parser.add_argument(
        "expressions", nargs="*", metavar="EXPRESSION", help="none: one a line from stdin"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_parser_choice(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every parsed line; report each line that cannot be parsed on stderr."""
    from zsris_ros.language import load_parser, to_json

    parser = load_parser(args.parser)
    refused = 0
    for text in args.expressions or _lines(sys.stdin):
        try:
            expression = parser.parse(text)
        except InputError as error:
            refused += 1
            print(f"zsris parse: {text!r}: {error}", file=sys.stderr, flush=True)
            continue
        parsed = to_json(expression)
        print(json.dumps(parsed) if args.json else _readable(expression, parsed), flush=True)
    return REFUSED if refused else 0


def _lines(stream: Iterable[str]) -> Iterable[str]:
    return (line.strip() for line in stream if line.strip())


def _readable(expression: Expression, parsed: dict[str, Any]) -> str:
    """Return the text and every field with a value, also those outside of the schema."""
    rows = dict(parsed)
    ordinal = expression.target.ordinal
    if ordinal is not None:
        rows["superlative"] = expression.target.superlative
        rows["ordinal"] = f"{ordinal.index}, counted from {ordinal.side}"
    rows["also"] = ", ".join(other.text for other in expression.further)
    fields = [f"  {name:<12}{value}" for name, value in rows.items() if value and name != "text"]
    return "\n".join([expression.text, *fields])

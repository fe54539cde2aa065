"""`zsris parse`: shows how an expression is parsed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
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
    parser.add_argument(
        "--instructions", action="store_true", help="parse steps with targets and destinations"
    )
    add_parser_choice(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every parsed line; report each line that cannot be parsed on stderr."""
    show = _show_instruction if args.instructions else _expression_printer(args.parser)
    refused = 0
    for text in args.expressions or _lines(sys.stdin):
        try:
            shown = show(text, args.json)
        except InputError as error:
            refused += 1
            print(f"zsris parse: {text!r}: {error}", file=sys.stderr, flush=True)
            continue
        print(shown, flush=True)
    return REFUSED if refused else 0


def _expression_printer(name: str) -> Callable[[str, bool], str]:
    from zsris_ros.language import load_parser, to_json

    parser = load_parser(name)

    def show(text: str, as_json: bool) -> str:
        expression = parser.parse(text)
        parsed = to_json(expression)
        return json.dumps(parsed) if as_json else _readable(expression, parsed)

    return show


def _show_instruction(text: str, as_json: bool) -> str:
    from zsris_ros.language.instructions import (
        describe_step,
        instruction_to_json,
        parse_instruction,
    )

    instruction = parse_instruction(text)
    if as_json:
        return json.dumps(instruction_to_json(instruction))
    return "\n".join([text, *(f"  {describe_step(step)}" for step in instruction.steps)])


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

"""`zsris eval expressions`: evaluates resolvers on sentences with true boxes, without images."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsris_ros.commands.options import Subparsers, add_parser_choice

VARIANTS = ("product", "paper", "reference", "sentence", "centres")
"""Compared resolvers: the package's, the published one (HybridGL without its coherence map) in two
variants, the largest cosine with the sentence, and a rule of box centres."""


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "expressions",
        help="sentences with true boxes or polygons and simulated semantics, no pictures",
        description="Resolves the sentences of a file of boxes or polygons with simulated "
        "similarities. Needs no weights, only the settings of a preset. Writes summary.json and "
        "answers.jsonl.",
    )
    parser.add_argument("--file", type=Path, required=True, help="one JSON object a line")
    parser.add_argument(
        "--semantics",
        choices=("words", "uniform"),
        default="words",
        help="words: by shared words; uniform: every text fits every mask (default: words)",
    )
    parser.add_argument(
        "--noise",
        type=lambda text: [float(value) for value in text.split(",")],
        default=[0.0, 0.01, 0.02],
        metavar="A,B,...",
        help="standard deviations of the cosines (default: 0,0.01,0.02)",
    )
    parser.add_argument(
        "--variant",
        type=lambda text: text.split(","),
        default=["product"],
        metavar="A,B,...",
        help=f"some of {','.join(VARIANTS)} (default: product)",
    )
    parser.add_argument(
        "--weights",
        default="openai-sam-b",
        help="preset whose settings are taken (default: openai-sam-b)",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    add_parser_choice(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from zsris_ros.baselines.published_query import load_reader
    from zsris_ros.evaluation.expressions.expression_bench import (
        ExpressionBench,
        summarise_expressions,
    )
    from zsris_ros.evaluation.expressions.expression_items import read_expressions
    from zsris_ros.evaluation.run_folder import SUMMARY, write_records
    from zsris_ros.language import load_parser
    from zsris_ros.models.preset import load_preset
    from zsris_ros.types import InputError

    unknown = sorted(set(args.variant) - set(VARIANTS))
    if unknown:
        raise InputError(f"no variant is called {unknown[0]}; there are {', '.join(VARIANTS)}")
    items = read_expressions(args.file)
    settings, parser = load_preset(args.weights).referring, load_parser(args.parser)
    bench = ExpressionBench(settings, parser, load_reader(args.parser), args.semantics)
    answers = bench.evaluate(items, args.variant, args.noise, args.file.stem)
    summary = summarise_expressions(answers)
    write_records(args.out, "answers.jsonl", answers, summary)
    print("\n".join([*_lines(summary), f"written to {args.out / SUMMARY}"]))
    return 0


def _lines(summary: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[str]:
    """Yield the figures as lines of text."""
    columns = ("argmax", "right", "refused", "ambiguous", "errors")
    yield f"{'':<11}{'noise':>6}{'n':>6}" + "".join(f"{name:>11}" for name in columns)
    for variant, rows in summary.items():
        for noise, row in rows.items():
            shares = "".join(f"{row[name]:>11.3f}" for name in columns)
            yield f"{variant:<11}{noise:>6}{row['n']:>6}{shares}"

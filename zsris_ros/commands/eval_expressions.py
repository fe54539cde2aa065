"""`zsris eval expressions`: the resolver on sentences with true boxes, without pictures."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zsris_ros.commands.options import Subparsers, add_parser_choice

VARIANTS = ("product", "paper", "reference", "sentence", "centres")
"""Resolvers to compare: the package's, the published method's (HybridGL without its coherence map)
in two variants, the largest cosine with the sentence, and a rule of box centres."""


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "expressions",
        help="sentences with true boxes or polygons and simulated semantics, no pictures",
        description="Asks the sentences of a file of boxes or polygons, with similarities that are "
        "simulated. Needs no weights: of a preset only its settings are taken. Writes summary.json "
        "and answers.jsonl.",
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
    from tqdm import tqdm

    from zsris_ros.baselines.published_query import load_reader
    from zsris_ros.evaluation.expressions.expression_bench import (
        ExpressionAnswer,
        ExpressionBench,
        read_expressions,
        summarise_expressions,
    )
    from zsris_ros.language import load_parser
    from zsris_ros.models.preset import load_preset
    from zsris_ros.types import InputError

    unknown = sorted(set(args.variant) - set(VARIANTS))
    if unknown:
        raise InputError(f"no variant is called {unknown[0]}; there are {', '.join(VARIANTS)}")
    items = read_expressions(args.file)
    settings = load_preset(args.weights).referring
    bench = ExpressionBench(
        settings, load_parser(args.parser), load_reader(args.parser), args.semantics
    )
    answers: list[ExpressionAnswer] = []
    for item in tqdm([each for each in items if bench.selects(each)], args.file.stem, unit="text"):
        answers.extend(bench.answers(item, args.variant, args.noise))
    summary = summarise_expressions(answers)
    args.out.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(answer)) for answer in answers]
    (args.out / "answers.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = args.out / "summary.json"
    path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    for line in _lines(summary):
        print(line)
    print(f"written to {path}")
    return 0


def _lines(summary: dict[str, dict[str, Any]]) -> list[str]:
    columns = ("argmax", "right", "refused", "ambiguous", "errors")
    lines = [f"{'':<11}{'noise':>6}{'n':>6}" + "".join(f"{name:>11}" for name in columns)]
    for variant, rows in summary.items():
        for noise, row in rows.items():
            shares = "".join(f"{row[name]:>11.3f}" for name in columns)
            lines.append(f"{variant:<11}{noise:>6}{row['n']:>6}{shares}")
    return lines

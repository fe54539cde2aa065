"""`zsris train-language`: trains a small spaCy pipeline from random weights."""

from __future__ import annotations

import argparse
from pathlib import Path

from zsris_ros.commands.options import Subparsers, positive


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "train-language",
        help="train a small spaCy pipeline on generated expressions",
        description="Trains parts of speech and dependencies on generated expressions "
        "(a quarter of an hour on one core, 4 MB). Use it with --parser DIR.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="its folder")
    parser.add_argument("--steps", type=positive, help="of 32 expressions (default: 2500)")
    parser.add_argument("--seed", type=int, default=0, help="of the training (default: 0)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from zsris_ros.training.language.pipeline import LanguageSchedule, train_language

    schedule = LanguageSchedule(steps=args.steps) if args.steps else LanguageSchedule()
    scores = train_language(args.out, schedule, args.seed)
    print(f"{args.out}, on generated expressions it was not trained on:")
    for name, share in scores.items():
        print(f"  {name}: {share:.1%}")
    return 0

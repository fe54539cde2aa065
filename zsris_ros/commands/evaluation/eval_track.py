"""`zsris eval track`: tracking of one of two equal objects in simulated films."""

from __future__ import annotations

import argparse
from pathlib import Path

from zsris_ros.commands.options import Subparsers, add_models, model_options, positive


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "track",
        help="track one of two equal objects in simulated films",
        description="Renders films in which two equal objects pass, occlude or replace each other, "
        "tracks one of them from its true mask on, and compares with the truth. Writes "
        "tracks.jsonl and summary.json. The same command resumes a run that was stopped.",
    )
    parser.add_argument("--seed", type=int, default=0, help="the first film's seed (default: 0)")
    parser.add_argument(
        "--seeds", type=positive, default=10, metavar="N", help="seeds of each film (default: 10)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    add_models(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from zsris_ros.evaluation.run_folder import claim
    from zsris_ros.evaluation.tracking.films import FILMS
    from zsris_ros.evaluation.tracking.track_evaluation import (
        append_record,
        read_records,
        track_film,
        write_summary,
    )
    from zsris_ros.models.robot_models import load_segmenter

    seeds = range(args.seed, args.seed + args.seeds)
    claim(args.out, {"weights": args.weights})
    done = {(record.film, record.seed) for record in read_records(args.out)}
    films = [(name, seed) for seed in seeds for name in FILMS if (name, seed) not in done]
    if films:
        segmenter = load_segmenter(args.weights, model_options(args))
    for name, seed in tqdm(films, "tracking", unit="film"):
        record = track_film(name, seed, segmenter)
        if record is not None:  # else the proposals do not have the object
            append_record(args.out, record)
    records = [each for each in read_records(args.out) if each.seed in seeds]
    settings = {"seeds": [seeds[0], seeds[-1]], "weights": args.weights}
    summary = write_summary(args.out, records, settings)
    print(f"{'':<38}{'n':>4}  outcomes")
    for name, row in summary["films"].items():
        outcomes = ", ".join(f"{state} {count}" for state, count in row["outcomes"].items())
        print(f"{name:<38}{row['n']:>4}  {outcomes}")
    print(f"written to {args.out / 'summary.json'}")
    return 0

"""`zsris calibrate`: fits the scores and verdict thresholds of weights to a data set."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from zsris_ros.commands.evaluation.data_sets import DATA_SETS, open_data_set
from zsris_ros.commands.options import Subparsers, add_models, model_options, positive

TABLETOP = {"verdict": True, "seed": 10_000, "scenes": 250}
"""Defaults: scenes outside of the evaluations' defaults."""


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "calibrate",
        help="fit scores and verdict thresholds to a data set",
        description="Answers a data set's questions and fits the probability that an answer is "
        "right to its evidence. Writes DIR/calibration.json and DIR/reliability.png. To use the "
        "calibration, copy the file to <weights folder>/<preset>.calibration.json.",
    )
    sets = parser.add_subparsers(dest="dataset", metavar="DATASET", required=True)
    for entry in DATA_SETS.values():
        data_set = sets.add_parser(entry.name, help=entry.help)
        entry.add_arguments(data_set)
        data_set.add_argument("--limit", type=positive, metavar="N", help="only the first N frames")
        data_set.add_argument(
            "--out", type=Path, required=True, help="folder for calibration.json and the diagram"
        )
        add_models(data_set)
        data_set.set_defaults(run=run, also_shapes=0)
        if entry.name == "tabletop":
            data_set.set_defaults(**TABLETOP)
            data_set.add_argument(
                "--also-shapes",
                type=positive,
                metavar="N",
                help="with --objects: also N scenes of the tabletop's coloured shapes",
            )


def run(args: argparse.Namespace) -> int:
    from zsris_ros.evaluation.calibration.reliability_diagram import (
        draw_reliability,
        need_matplotlib,
    )
    from zsris_ros.types import InputError

    need_matplotlib()
    if args.also_shapes and not args.objects:
        raise InputError("--also-shapes needs --objects: the scenes are coloured shapes already")
    data_sets = [open_data_set(args)]
    if args.also_shapes:
        shapes = {"scenes": args.also_shapes, "objects": []}
        data_sets.append(open_data_set(argparse.Namespace(**{**vars(args), **shapes})))

    from zsris_ros.evaluation.calibration.fitting import (
        answer_questions,
        calibrate,
        cross_validated_figures,
    )
    from zsris_ros.models.load import load_models

    models = load_models(args.weights, model_options(args))
    answered = answer_questions(data_sets, models.segmenter(), args.limit)
    settings = calibrate(answered, models.preset.referring)
    measured = cross_validated_figures(answered, models.preset.referring)
    args.out.mkdir(parents=True, exist_ok=True)
    panels = {"before": measured["reliability_before"], "after": measured["reliability"]}
    measured_on = " and ".join(each.title for each in data_sets)
    draw_reliability(panels, f"{args.weights} on {measured_on}", args.out / "reliability.png")
    section = {
        "min_score": settings.min_score,
        "calibration": {
            "scaling": settings.calibration.scaling,
            "weights": args.weights,
            "measured_on": measured_on,
        },
    }
    path = args.out / "calibration.json"
    document = {"referring": section, "measured": measured}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for key, value in measured.items():
        if not isinstance(value, list):
            print(f"{key}: {'not asked for' if value is None else value}")
    print(f"written to {path}")
    return 0

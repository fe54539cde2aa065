"""`zsris calibrate`: fit what the scores of some weights mean to a data set with the truth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.commands.data_sets import DATA_SETS
from zsris_ros.commands.options import add_models, positive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zsris_ros.commands.options import Subparsers
    from zsris_ros.evaluation.calibration.fitting import Asked
    from zsris_ros.referring.settings import ReferSettings

TABLETOP = {"verdict": True, "seed": 10_000, "scenes": 250}
"""Scenes that no evaluation takes by default."""


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "calibrate",
        help="fit what scores mean, and the thresholds of the verdicts, to a data set",
        description="Answers a data set's questions and fits the probability that an answer is "
        "right to the evidence for it. Writes DIR/calibration.json and DIR/reliability.png. "
        "Copied to <weights folder>/<preset>.calibration.json the file is used from then on.",
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
        data_set.set_defaults(run=run, **(TABLETOP if entry.name == "tabletop" else {}))


def run(args: argparse.Namespace) -> int:
    from zsris_ros.evaluation.calibration.reliability_diagram import need_matplotlib

    need_matplotlib()
    data_set = DATA_SETS[args.dataset].open(args)

    from zsris_ros.evaluation.calibration.fitting import ask, calibrate
    from zsris_ros.models.load import load_parts

    parts = load_parts(
        args.weights, device=args.device, directory=args.weights_dir, parser=args.parser
    )
    before = parts.preset.referring
    asked = ask(data_set, parts.segmenter(), args.limit)
    settings = calibrate(asked, before)
    measured = _measure(args.out, asked, before, f"{args.weights} on {data_set.title}")
    section = {
        "found": settings.found,
        "alike": settings.alike,
        "calibration": {
            "scaling": settings.calibration.scaling,
            "weights": args.weights,
            "measured_on": data_set.title,
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


def _measure(
    directory: Path, asked: Sequence[Asked], before: ReferSettings, title: str
) -> dict[str, Any]:
    """The figures of both halves, each measured with what was fitted to the other; the diagram."""
    from zsris_ros.evaluation.calibration.fitting import cross_fitted, firsts, rescore
    from zsris_ros.evaluation.calibration.reliability_diagram import draw_reliability
    from zsris_ros.evaluation.calibration.verdict_measures import (
        expected_calibration_error,
        reliability_bins,
        verdict_shares,
    )
    from zsris_ros.referring.calibration import Calibration

    scored, verdicts = cross_fitted(asked, before)
    plain = reliability_bins(*firsts(rescore(asked, Calibration())))
    fitted = reliability_bins(*firsts(scored))
    directory.mkdir(parents=True, exist_ok=True)
    panels = {"before": plain, "after": fitted}
    draw_reliability(panels, title, directory / "reliability.png")
    pairs = [(one.expected.value, v.value) for one, v in zip(scored, verdicts, strict=True)]
    return {
        "n": len(asked),
        "ece_before": expected_calibration_error(plain),
        "ece": expected_calibration_error(fitted),
        **verdict_shares(pairs),
        "reliability_before": plain,
        "reliability": fitted,
    }

"""`zsris eval place`: place points of instructions about simulated scenes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.commands.options import (
    Subparsers,
    add_models,
    add_scenes,
    model_options,
    read_models,
    scene_settings,
)

if TYPE_CHECKING:
    from zsris_ros.evaluation.placing.place_evaluation import Instruct, Look, PlaceRecord
    from zsris_ros.types import ByteArray, Frame


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "place",
        help="judge the place points of instructions by MuJoCo's geometry",
        description="Renders scenes and draws instructions that the scene has a place for. Valid: "
        "the place point is on the named support, at its height and at the named place. Free of "
        "collision: the object there touches nothing but its support. Shares are of all "
        "instructions. Writes summary.json, places.jsonl and report.html with the "
        "failures by cause.",
    )
    add_scenes(parser, scenes=40)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    add_models(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from zsris_ros.evaluation.placing.place_evaluation import (
        look_with_true_masks,
        place_scene,
        summarise,
        write_results,
    )
    from zsris_ros.evaluation.reports.picture_report import PictureReport
    from zsris_ros.types import InputError

    look = _segmenter(args) if args.ask else look_with_true_masks
    library = read_models(args)
    report = PictureReport()
    records: list[PlaceRecord] = []
    for seed in tqdm(range(args.seed, args.seed + args.scenes), "placing", unit="scene"):
        records.extend(place_scene(seed, args.count, args.depth_noise, look, library, report))
    if not records:
        raise InputError("no scene has a place for an object: ask for more --scenes or --count")
    settings = scene_settings(args)
    summary = write_results(args.out, records, settings) if args.out else summarise(records)
    lines = _lines(summary)
    print("\n".join(lines))
    if args.out:
        path = report.write(args.out, f"Place points, {', '.join(settings['objects'])}", lines)
        print(f"written to {path}")
    return 0


def _segmenter(args: argparse.Namespace) -> Look:
    from zsris_ros.models.robot_models import load_segmenter

    segmenter = load_segmenter(args.weights, model_options(args))

    def look(frame: Frame, labels: ByteArray, names: Sequence[str]) -> Instruct:
        return partial(segmenter.instruct, segmenter.look(frame))

    return look


def _lines(summary: dict[str, Any]) -> list[str]:
    lines = [f"{'':<12}{'n':>5}{'offered':>9}{'valid':>8}{'free':>8}"]
    for name, row in {**summary["by_kind"], "all": summary}.items():
        lines.append(
            f"{name:<12}{row['n']:>5}{row['offered']:>9.3f}{row['valid']:>8.3f}"
            f"{row['collision_free']:>8.3f}"
        )
    return lines + [f"failed: {cause} ({count})" for cause, count in summary["causes"].items()]

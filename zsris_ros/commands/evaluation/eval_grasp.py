"""`zsris eval grasp`: grasps on simulated scenes, executed by physics."""

from __future__ import annotations

import argparse
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
    from zsris_ros.evaluation.grasping.grasp_evaluation import Finder, GraspRecord
    from zsris_ros.evaluation.grasping.scenes import SceneObject


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "grasp",
        help="grasp objects of simulated scenes in MuJoCo, beside two baselines",
        description="Renders scenes, plans a grasp for one object of each, executes it with a "
        "free-flying gripper, lifts 15 cm and shakes. Success: the right object, and no other, is "
        "still held. Writes summary.json, attempts.jsonl and report.html with "
        "the failures by cause.",
    )
    add_scenes(parser, scenes=100)
    parser.add_argument("--gripper", default="panda", help="by name or file (default: panda)")
    parser.add_argument(
        "--ask-kind",
        action="store_true",
        help='as --ask, by kind alone ("the mug"), which several objects of a scene may have',
    )
    parser.add_argument(
        "--video", type=Path, metavar="FILE.mp4", help="film the first ten lifts of the planner"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    add_models(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from zsris_ros.evaluation.grasping.grasp_evaluation import (
        grasp_scene,
        true_mask,
        write_results,
    )
    from zsris_ros.evaluation.grasping.lift_film import LiftFilm
    from zsris_ros.evaluation.reports.picture_report import PictureReport
    from zsris_ros.grasping import load_gripper
    from zsris_ros.types import InputError

    gripper = load_gripper(args.gripper)
    library = read_models(args)
    args.ask = args.ask or args.ask_kind
    find = _segmenter_finder(args) if args.ask else true_mask
    film = LiftFilm(args.video) if args.video else None
    report = PictureReport()
    records: list[GraspRecord] = []
    for seed in tqdm(range(args.seed, args.seed + args.scenes), "grasping", unit="scene"):
        records.extend(
            grasp_scene(seed, args.count, gripper, library, args.depth_noise, find, film, report)
        )
    if film is not None:
        film.close()
    if not records:
        raise InputError("no scene has a visible target: ask for more --scenes or fewer objects")
    settings = {**scene_settings(args), "gripper": args.gripper}
    if args.ask:
        settings["asked"] = "kind" if args.ask_kind else "name"
    lines = _lines(write_results(args.out, records, settings))
    path = report.write(
        args.out, f"Grasps of {args.gripper}, {', '.join(settings['objects'])}", lines
    )
    print("\n".join([*lines, f"written to {path}"]))
    return 0


def _segmenter_finder(args: argparse.Namespace) -> Finder:
    """Ask for "the <name>" or "the <kind>"; only FOUND, for one object, gives a mask."""
    from zsris_ros.models.robot_models import load_segmenter
    from zsris_ros.types import BoolArray, Frame, Verdict

    segmenter = load_segmenter(args.weights, model_options(args))

    def find(frame: Frame, mask: BoolArray, target: SceneObject) -> tuple[BoolArray | None, str]:
        words = target.kind if args.ask_kind else target.name
        result = segmenter.refer(segmenter.look(frame), f"the {words}")
        found = result.verdict is Verdict.FOUND and len(result.selected) == 1
        return (result.mask if found else None), result.verdict.value

    return find


def _lines(summary: dict[str, Any]) -> list[str]:
    lines = [f"{'':<12}{'n':>5}{'success':>9}{'planned':>9}{'collided':>10}{'wrong':>7}"]
    for name, row in summary.items():
        if "success" in row:
            lines.append(
                f"{name:<12}{row['n']:>5}{row['success']:>9.3f}{row['planned']:>9.3f}"
                f"{row['collided']:>10.3f}{row['wrong_object']:>7.3f}"
            )
    for cause, count in summary.get("planner", {}).get("causes", {}).items():
        lines.append(f"failed: {cause} ({count})")
    if "planning_ms" in summary:
        times = summary["planning_ms"]
        lines.append(
            f"planning: median {times['median']} ms, 95 % below {times['p95']} ms (processor time)"
        )
    return lines

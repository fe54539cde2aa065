"""`zsris train-tabletop`: trains the tabletop weights from random weights."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from zsris_ros.commands.options import Subparsers, positive


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "train-tabletop",
        help="render the training set and train the tabletop weights",
        description="Renders, trains the small SAM and the small CLIP, and exports both. Each step "
        "resumes an interrupted call with the same --out.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of all results")
    parser.add_argument(
        "--layouts",
        type=positive,
        default=650,
        help="scenes to render, five images each, 6 MB a scene (default: 650)",
    )
    parser.add_argument("--sam-steps", type=positive, help="(default: the schedule's)")
    parser.add_argument("--clip-steps", type=positive, help="(default: the schedule's)")
    parser.add_argument("--refine-steps", type=positive, help="(default: the schedule's)")
    parser.add_argument(
        "--workers", type=positive, default=os.cpu_count() or 1, help="rendering processes"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the training (default: 0)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from zsris_ros.simulation.render import import_mujoco
    from zsris_ros.simulation.training_set import render_training_set

    import_mujoco()  # reports a missing package before any process is started
    data = render_training_set(args.out / "pictures", args.layouts, args.workers)

    from zsris_ros.training.tabletop.export import export_clip, export_sam
    from zsris_ros.training.tabletop.refine_clip import RefineSchedule, refine_clip
    from zsris_ros.training.tabletop.train_clip import ClipSchedule, train_clip
    from zsris_ros.training.tabletop.train_sam import SamSchedule, train_sam

    sam_schedule = SamSchedule(steps=args.sam_steps) if args.sam_steps else SamSchedule()
    sam = train_sam(data, args.out / "sam_training.pt", sam_schedule, args.seed)
    sizes = {"sam.safetensors": export_sam(sam, args.out / "sam.safetensors")}
    clip_schedule = ClipSchedule(steps=args.clip_steps) if args.clip_steps else ClipSchedule()
    clip = train_clip(data, args.out / "clip_training.pt", clip_schedule, args.seed)
    refining = RefineSchedule(steps=args.refine_steps) if args.refine_steps else RefineSchedule()
    clip = refine_clip(clip, data, args.out / "clip_refining.pt", refining, args.seed)
    sizes["clip.safetensors"] = export_clip(clip, args.out / "clip.safetensors")
    for name, size in sizes.items():
        print(f"{args.out / name}: {size / 1e6:.1f} MB")
    return 0

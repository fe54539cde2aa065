"""The data sets of `zsris train-vatex`: their options, and their readers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from zsris_ros.commands.evaluation.data_sets import DATA_SETS, FRAMES, TABLETOP, open_data_set
from zsris_ros.commands.evaluation.eval_video import VIDEO_SETS, add_video_set, open_videos
from zsris_ros.commands.options import Subparsers, positive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zsris_ros.evaluation.datasets.items import DataSet, EvaluationItem

CLIPS = "clips"
"""The data set of rendered videos."""


def add_data_sets(sets: Subparsers) -> Iterator[argparse.ArgumentParser]:
    """Declare the data sets and their own options; yield the parser of each."""
    for entry in DATA_SETS.values():
        if entry.name == "osd":
            continue  # its expressions need depth, which VATEX does not read
        data_set = sets.add_parser(entry.name, help=entry.help)
        if entry is TABLETOP:
            _add_simulation(data_set)
        else:
            entry.add_arguments(data_set)
            if entry is FRAMES:
                data_set.add_argument(
                    "--validation-root", type=Path, metavar="DIR", help="held-out frames"
                )
            elif "--split" in entry.options:
                data_set.set_defaults(split="train")
        yield data_set
    for name, (about, content, _) in VIDEO_SETS.items():
        data_set = sets.add_parser(name, help=f"annotated frames of {about}")
        add_video_set(data_set, content, "train")
        yield data_set
    data_set = sets.add_parser(CLIPS, help="short videos of simulated scenes")
    _add_simulation(data_set)
    data_set.add_argument(
        "--frames", type=positive, default=6, metavar="K", help="of each video (default: 6)"
    )
    yield data_set


def _add_simulation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scenes", type=positive, default=1000, help="rendered into OUT/frames (default: 1000)"
    )
    parser.add_argument("--objects", **TABLETOP.options["--objects"])
    parser.set_defaults(split="train")


def open_training_data(args: argparse.Namespace, frames: Path) -> DataSet:
    """Return the chosen data set; simulated scenes are rendered into ``frames``.

    Raises InputError or FileNotFoundError with a remedy.
    """
    if args.dataset in VIDEO_SETS:
        return open_videos(args)
    if args.dataset not in (CLIPS, "tabletop"):
        return open_data_set(args)
    from zsris_ros.simulation.training_set import TRAINING_SEEDS

    first = TRAINING_SEEDS if args.split == "train" else 0
    seeds = range(first, first + args.scenes)
    if args.dataset == CLIPS:
        from zsris_ros.training.vatex.rendered_clips import render_clips

        return render_clips(frames, args.split, seeds, args.frames, args.objects)
    from zsris_ros.training.vatex.rendered_frames import render_frames

    return render_frames(frames / args.split, seeds, args.objects)


def open_validation(args: argparse.Namespace, frames: Path) -> Sequence[EvaluationItem]:
    """Return the first held-out images: other seeds, --validation-root, or the split val.

    Ref-YouTube-VOS publishes no objects of its split valid.
    """
    if not args.validate:
        return ()
    data: DataSet
    if args.dataset == "frames":
        from zsris_ros.evaluation.datasets.frames import FramesData
        from zsris_ros.types import InputError

        if args.validation_root is None:
            raise InputError("--validate needs --validation-root, a folder of held-out frames")
        data = FramesData(args.validation_root)
    else:
        held_out = {**vars(args), "split": "val"}
        if args.dataset == CLIPS:
            held_out["scenes"] = ceil(args.validate / args.frames)
        elif args.dataset == "tabletop":
            held_out["scenes"] = args.validate
        data = open_training_data(argparse.Namespace(**held_out), frames)
    return [data.item(name) for name in data.names()[: args.validate]]

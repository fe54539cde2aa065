"""`zsris train`: trains the bundled weights, or fine-tunes them on other models."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from zsris_ros.commands.options import Subparsers, positive

if TYPE_CHECKING:
    from zsris_ros.training.training_loop import Schedule

FINE_TUNING_RATE = 0.4
"""Learning rate of fine-tuning, as a share of the schedule's."""
INITIAL_WEIGHTS_SHARE = 0.5
"""Share of the initial weights in an exported CLIP that was fine-tuned."""
KINDS, COLOURS = "kinds.json", "colours.json"
"""The kinds of each category of the models, and the coefficients of each basic colour: for
``referring.kinds`` and ``referring.colours`` of the preset."""


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "train",
        help="render the training sets and train the small SAM and the small CLIP",
        description="Renders household and tabletop scenes, trains the small SAM, proposes masks "
        "in the scenes with it and with depth, cuts crops of true and proposed masks, trains the "
        "small CLIP on them, and exports both, with the preset's kinds in kinds.json and its "
        "colour names in colours.json. Each step resumes an interrupted call with the same --out.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of all results")
    parser.add_argument(
        "--objects",
        action="append",
        default=[],
        metavar="DIR",
        help="models of the household: a folder of objects (NAME/visual.obj, texture.png, "
        "object.json), libero, shapes or generated; may be repeated (default: shapes)",
    )
    parser.add_argument(
        "--held-out",
        type=lambda text: text.split(","),
        default=[],
        metavar="A,B,...",
        help="models that are not trained on",
    )
    parser.add_argument(
        "--layouts",
        type=positive,
        default=1100,
        help="household scenes, two images each, 8 MB a scene (default: 1100)",
    )
    parser.add_argument(
        "--tabletop-layouts",
        type=positive,
        default=150,
        help="scenes of the tabletop's shapes (default: 150)",
    )
    parser.add_argument(
        "--sam", type=Path, metavar="FILE", help="a trained small SAM, instead of training one"
    )
    for network, name in (("sam", "SAM"), ("clip", "CLIP")):
        parser.add_argument(
            f"--begin-{network}",
            type=Path,
            metavar="FILE",
            help=f"exported weights that the training of the small {name} starts from, at "
            f"{FINE_TUNING_RATE:g} of the learning rate; a CLIP is averaged with them at the end",
        )
    parser.add_argument("--sam-steps", type=positive, help="(default: the schedule's)")
    parser.add_argument("--clip-steps", type=positive, help="(default: the schedule's)")
    parser.add_argument("--workers", type=positive, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--seed", type=int, default=0, help="of the training (default: 0)")
    parser.set_defaults(run=run)


ScheduleT = TypeVar("ScheduleT", bound="Schedule")


def _schedule(schedule: ScheduleT, steps: int | None, initial: Path | None) -> ScheduleT:
    """Return the schedule of ``steps`` (None: its own), at a lower rate for fine-tuning."""
    if initial is not None:
        schedule = replace(schedule, learning_rate=FINE_TUNING_RATE * schedule.learning_rate)
    return replace(schedule, steps=steps or schedule.steps)


def run(args: argparse.Namespace) -> int:
    from zsris_ros.simulation.household.household_set import WORDS, render_household_set
    from zsris_ros.simulation.household.model_library import load_words, model_source
    from zsris_ros.simulation.render import import_mujoco
    from zsris_ros.simulation.training_set import load_training_set, render_training_set
    from zsris_ros.simulation.words import noun_kinds

    import_mujoco()  # reports a missing package before any process is started
    household, tabletop = args.out / "household", args.out / "tabletop"
    source = model_source(args.objects or ["shapes"], args.held_out)
    render_household_set(household, args.layouts, source, args.workers)
    render_training_set(tabletop, args.tabletop_layouts, args.workers)
    words = load_words(household / WORDS)
    (args.out / KINDS).write_text(json.dumps(noun_kinds(words.values()), indent=1))

    import torch

    from zsris_ros.training.household.clip_batches import ClipSchedule
    from zsris_ros.training.household.crops import cut_set
    from zsris_ros.training.household.export import export_clip, export_sam, load_clip
    from zsris_ros.training.household.set_proposals import propose_set, training_proposers
    from zsris_ros.training.household.train_clip import HYBRID, train_clip
    from zsris_ros.training.household.train_colours import train_colours
    from zsris_ros.training.household.train_sam import SamSchedule, train_sam

    # Beside a GPU the processors are free to draw batches.
    loaders = args.workers if torch.cuda.is_available() else 0
    sizes, sam_file = {}, args.sam or args.out / "sam.safetensors"
    data = load_training_set(household, tabletop)
    colours = train_colours(data, words, args.seed)
    (args.out / COLOURS).write_text(json.dumps(colours, indent=1))
    if not args.sam:
        sam = train_sam(
            data,
            args.out / "sam_training.pt",
            _schedule(SamSchedule(), args.sam_steps, args.begin_sam),
            args.seed,
            initial=args.begin_sam,
            workers=loaders,
        )
        sizes[sam_file] = export_sam(sam, sam_file)
    for directory in (household, tabletop):
        propose_set(directory, training_proposers(sam_file), args.workers)
        cut_set(directory, HYBRID, args.workers, args.seed)
    clip = train_clip(
        (household, tabletop),
        words,
        args.out / "clip_training.pt",
        _schedule(ClipSchedule(), args.clip_steps, args.begin_clip),
        args.seed,
        initial=args.begin_clip,
        workers=loaders,
    )
    if args.begin_clip:
        load_clip(clip, args.begin_clip, share=INITIAL_WEIGHTS_SHARE)
    clip_file = args.out / "clip.safetensors"
    sizes[clip_file] = export_clip(clip, words.values(), clip_file)
    for path, size in sizes.items():
        print(f"{path}: {size / 1e6:.1f} MB")
    return 0

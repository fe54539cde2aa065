"""`zsris train-vatex`: trains VATEX on a data set of expressions and masks."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from zsris_ros.baselines.vatex.vatex_settings import PARTS, PROMPTS, VatexSettings
from zsris_ros.commands.evaluation.eval_video import VIDEO_SETS
from zsris_ros.commands.options import Subparsers, above_zero, positive
from zsris_ros.commands.training.vatex_data import (
    CLIPS,
    add_data_sets,
    open_training_data,
    open_validation,
)


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "train-vatex",
        help="train VATEX, a supervised method, on expressions and masks",
        description="Trains VATEX with a frozen CLIP and writes OUT/vatex.safetensors for `zsris "
        "eval DATASET --method vatex --checkpoint FILE`. The same command resumes a stopped "
        "training. torchrun starts it on several GPUs.",
    )
    sets = parser.add_subparsers(dest="dataset", metavar="DATASET", required=True)
    for data_set in add_data_sets(sets):
        _add_common(data_set)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run)
    parser.add_argument("--out", type=Path, required=True, help="folder of all results")
    _add_network(parser)
    _add_ablation(parser)
    _add_examples(parser)
    _add_schedule(parser)
    parser.add_argument(
        "--weights", default="tabletop", help="preset of the frozen CLIP (default: tabletop)"
    )
    parser.add_argument("--weights-dir", type=Path, metavar="DIR", help="folder of its checkpoint")
    parser.add_argument("--device", default="auto", help="auto (a GPU if there is one), cpu, cuda")


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--size",
        choices=("paper", "small"),
        default="paper",
        help="the paper's network, or one of 2 M parameters for CPUs (default: paper)",
    )
    parser.add_argument(
        "--backbone",
        help="swin_base, swin_tiny, resnet50, resnet101, small, or clip: a copy of the CLIP's own "
        "ResNet; sam: the frozen image encoder of the preset's SAM; video_swin_base, "
        "video_swin_tiny or video_small see all frames of a clip "
        "(default: by size)",
    )
    parser.add_argument(
        "--pretrained",
        action="store_true",
        help="start the backbone from ImageNet's weights, or for videos from those of Kinetics",
    )
    parser.add_argument(
        "--train-text",
        action="store_true",
        help="train a copy of CLIP's text encoder, for a small CLIP with few words",
    )
    parser.add_argument(
        "--place-clip",
        action="store_true",
        help="add CLIP's features and the CLIP Prior to the visual features, too",
    )
    parser.add_argument(
        "--prior-size",
        type=positive,
        help="pixels of the CLIP Prior's square (default: CLIP's own size)",
    )
    parser.add_argument("--short-side", type=positive, help="pixels (default: by size)")


def _add_ablation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--without",
        type=_parts,
        default=(),
        metavar="A,B",
        help="ablation: leave out prior (CLIP Prior), cmd (vision-aware text) or mcc (Meaning "
        "Consistency Constraint)",
    )
    parser.add_argument(
        "--prompt",
        choices=PROMPTS,
        default="template",
        help="text of the CLIP Prior (default: template, 'a photo of NOUN PHRASE')",
    )
    parser.add_argument(
        "--ablation",
        choices=("parts", "prompts"),
        help="train all subsets of the parts, or with each prompt, and compare them",
    )
    parser.add_argument(
        "--seeds", type=positive, default=3, help="of each row of an ablation (default: 3)"
    )


def _add_examples(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch",
        type=positive,
        default=8,
        help="images, or clips, a step over all processes (default: 8)",
    )
    parser.add_argument(
        "--clip",
        type=positive,
        default=1,
        metavar="N",
        help="consecutive frames of a video that are an example (default: 1)",
    )
    parser.add_argument(
        "--triplets",
        type=positive,
        default=1,
        metavar="N",
        help="triplets of sentences of each image of a batch (default: 1)",
    )
    parser.add_argument(
        "--workers", type=int, default=0, help="processes that read images (default: 0)"
    )


def _add_schedule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=positive, default=100_000, help="(default: 100000)")
    parser.add_argument(
        "--minutes",
        type=above_zero,
        metavar="M",
        help="end the training after so long, resumed calls included, in one process; the rate "
        "falls with the time",
    )
    parser.add_argument("--rate", type=float, default=1e-4, help="learning rate (default: 1e-4)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default: 0)")
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="bfloat16 computes most products in half precision (default: float32)",
    )
    parser.add_argument(
        "--validate", type=int, default=0, metavar="N", help="held-out images (default: 0)"
    )
    parser.add_argument(
        "--validate-every", type=positive, default=1000, help="steps (default: 1000)"
    )


def _parts(text: str) -> tuple[str, ...]:
    """Convert a list of parts, for argparse."""
    parts = tuple(text.split(","))
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(
            f"{', '.join(sorted(unknown))} is no part of VATEX: name some of {', '.join(PARTS)}"
        )
    return parts


def run(args: argparse.Namespace) -> int:
    """Train one network, or those of an ablation."""
    from zsris_ros.types import InputError

    if args.clip > 1 and args.dataset not in (*VIDEO_SETS, CLIPS):
        raise InputError(
            f"--clip {args.clip} needs videos, and {args.dataset} holds single images: train on "
            f"{', '.join(VIDEO_SETS)} or {CLIPS}"
        )
    if not args.ablation:
        return _train(args, args.out / "frames")
    from zsris_ros.training.training_loop import last_row
    from zsris_ros.training.vatex.ablation import summarise, table_lines, variations
    from zsris_ros.training.vatex.vatex_training import VALIDATION

    if not args.validate:
        raise InputError("--ablation needs --validate, the number of held-out images")
    runs = []
    for variation in variations(args.ablation):
        for seed in range(args.seed, args.seed + args.seeds):
            out = args.out / f"{variation.name}.seed{seed}"
            changes = {"out": out, "seed": seed, "without": variation.without}
            changes["prompt"] = variation.prompt
            _train(argparse.Namespace(**{**vars(args), **changes}), args.out / "frames")
            runs.append((variation, last_row(out / VALIDATION)["miou"]))
    rows = summarise(runs)
    path = args.out / "ablation.json"
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print("\n".join([*table_lines(rows), f"written to {path}"]))
    return 0


def _train(args: argparse.Namespace, frames: Path) -> int:
    """Train one network; simulated scenes are rendered into ``frames``."""
    from zsris_ros.evaluation.run_folder import claim
    from zsris_ros.models.load_options import LoadOptions
    from zsris_ros.models.load_vatex import load_backbone_sam, load_frozen_clip, save_vatex
    from zsris_ros.torch_utils.precision import resolve_device
    from zsris_ros.training.training_loop import last_row
    from zsris_ros.training.vatex.losses import LossWeights
    from zsris_ros.training.vatex.validation import MIN_SCORE
    from zsris_ros.training.vatex.vatex_training import (
        VALIDATION,
        VatexSchedule,
        joined_processes,
        leader_first,
        train_vatex,
    )
    from zsris_ros.types import InputError

    settings = _settings(args)
    if os.environ.get("RANK", "0") == "0":
        claim(args.out, _fixed(args, settings))
    seconds = None if args.minutes is None else 60 * args.minutes
    schedule = VatexSchedule(
        steps=args.steps, learning_rate=args.rate, batch=args.batch, seconds=seconds
    )
    with joined_processes(resolve_device(args.device)) as process:
        if seconds is not None and process.processes > 1:
            raise InputError("--minutes is for one process: leave it out under torchrun")
        options = LoadOptions(device=str(process.device), directory=args.weights_dir)
        clip = load_frozen_clip(args.weights, settings, options)
        network = train_vatex(
            # The leader renders missing frames; the others wait and read them.
            leader_first(process, lambda: open_training_data(args, frames)),
            clip,
            settings,
            args.out,
            schedule,
            process,
            weights=LossWeights(meaning=0.0) if "mcc" in args.without else LossWeights(),
            pretrained=args.pretrained,
            half=args.precision == "bfloat16",
            seed=args.seed,
            clip_length=args.clip,
            triplets=args.triplets,
            workers=args.workers,
            sam=load_backbone_sam(args.weights, settings, options),
            validation=open_validation(args, frames) if process.is_leader else (),
            validate_every=args.validate_every,
        )
        if process.is_leader:
            path = args.out / "vatex.safetensors"
            figures = last_row(args.out / VALIDATION) if args.validate else {}
            size = save_vatex(path, network, args.weights, figures.get(MIN_SCORE, 0.0))
            print(f"{path}: {size / 1e6:.1f} MB")
    return 0


def _fixed(args: argparse.Namespace, settings: VatexSettings) -> dict[str, Any]:
    """Return the settings that a resumed training may not change."""
    return {
        "dataset": args.dataset,
        **settings.to_json(),
        "meaning_consistency": "mcc" not in args.without,
        "pretrained": args.pretrained,
        "weights": args.weights,
        "batch": args.batch,
        "clip": args.clip,
        "triplets": args.triplets,
        "seed": args.seed,
    }


def _settings(args: argparse.Namespace) -> VatexSettings:
    changes: dict[str, Any] = {
        "clip_prior": "prior" not in args.without,
        "cmd": "cmd" not in args.without,
        "prompt": args.prompt,
        "trained_text": args.train_text,
        "placed_clip": args.place_clip,
    }
    if args.prior_size:
        changes["prior_size"] = args.prior_size
    if args.backbone:
        changes["backbone"] = args.backbone
    if args.short_side:
        changes["short_side"] = args.short_side
    return VatexSettings.small(**changes) if args.size == "small" else VatexSettings(**changes)

"""`zsris eval ref-youtube-vos` and `ref-davis17`: J and F on referring videos."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zsris_ros
from zsris_ros.commands.evaluation.trained_method import (
    add_checkpoint,
    check_checkpoint,
    load_trained,
    read_checkpoint,
)
from zsris_ros.commands.options import Subparsers, add_models, model_options, positive

if TYPE_CHECKING:
    from zsris_ros.evaluation.datasets.referring_video import VideoData
    from zsris_ros.evaluation.video.video_evaluation import ClipSegmenter

VIDEO_SETS: Mapping[str, tuple[str, str, str]] = {
    "ref-youtube-vos": (
        "Ref-YouTube-VOS, in the published form of meta_expressions.json",
        "meta_expressions/, train/ and valid/",
        "valid",
    ),
    "ref-davis17": (
        "Ref-DAVIS17, DAVIS 2017 with the published files of expressions",
        "DAVIS/ and davis_text_annotations/",
        "val",
    ),
}
"""Description, content of the folder, and default split, by name."""


def add_arguments(sets: Subparsers) -> None:
    for name, (about, content, split) in VIDEO_SETS.items():
        parser = sets.add_parser(name, help=about)
        add_video_set(parser, content, split)
        parser.add_argument("--method", default="vatex", help="(default: vatex)")
        parser.add_argument("--variant", default="product", help="of a method without a checkpoint")
        add_checkpoint(parser)
        parser.add_argument(
            "--clip",
            type=positive,
            default=1,
            metavar="N",
            help="with --method vatex: frames that are answered together (default: 1)",
        )
        parser.add_argument("--limit", type=positive, metavar="N", help="only the first N videos")
        parser.add_argument(
            "--out", type=Path, required=True, help="folder for masks, figures and summary.json"
        )
        add_models(parser)
        parser.set_defaults(run=run)


def add_video_set(parser: argparse.ArgumentParser, content: str, split: str) -> None:
    """Declare the options of ``open_videos``."""
    parser.add_argument("--root", type=Path, required=True, help=f"folder that holds {content}")
    parser.add_argument("--split", default=split, help=f"(default: {split})")


def open_videos(args: argparse.Namespace) -> VideoData:
    """Return the chosen videos. Raises InputError or FileNotFoundError with a remedy."""
    from zsris_ros.evaluation.datasets.referring_video import ref_davis17, ref_youtube_vos

    readers = {"ref-youtube-vos": ref_youtube_vos, "ref-davis17": ref_davis17}
    return readers[args.dataset](args.root, args.split)


def run(args: argparse.Namespace) -> int:
    """Evaluate one method frame by frame, or VATEX clip by clip."""
    from zsris_ros.evaluation.video.video_evaluation import evaluate_videos

    data = open_videos(args)
    segmenter, about = _segmenter(args)
    settings = {
        "dataset": args.dataset,
        "title": data.title,
        "split": args.split,
        "limit": args.limit,
        "clip": args.clip,
        **about,
        "zsris_ros": zsris_ros.__version__,
    }
    summary = evaluate_videos(data, segmenter, args.out, settings, args.limit, args.clip)
    print(f"{summary['videos']} videos, {summary['expressions']} expressions")
    if "jf" in summary:
        print("J&F {jf:.3f}  J {j:.3f}  F {f:.3f}".format(**summary))
    else:
        print("no objects are published for this split: submit Annotations/ to its server")
    print(f"written to {args.out / 'summary.json'}")
    return 0


def _segmenter(args: argparse.Namespace) -> tuple[ClipSegmenter, dict[str, Any]]:
    from zsris_ros.evaluation.video.video_evaluation import FrameByFrame

    if args.method == "vatex" or args.checkpoint:
        check_checkpoint(args)
        if args.clip == 1:
            segmenter, about = load_trained(args)
            return FrameByFrame(segmenter), about
        from zsris_ros.baselines.vatex.clip_segmenter import VatexClipSegmenter

        trained, about = read_checkpoint(args)
        return VatexClipSegmenter(trained.network, trained.clip, args.min_score), about
    from zsris_ros.baselines.methods import find_method
    from zsris_ros.models.load import load_models
    from zsris_ros.models.load_method import MethodModels
    from zsris_ros.types import InputError

    if args.clip > 1:
        raise InputError(f"--clip belongs to --method vatex: {args.method} answers frame by frame")
    method = find_method(args.method, args.variant)
    models = MethodModels(load_models(args.weights, model_options(args)), args.parser)
    about = {"method": method.name, "variant": method.variant, "weights": args.weights}
    return FrameByFrame(models.segmenter(method)), about

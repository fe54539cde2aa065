"""`zsris replay`: answers about a recording, without ROS."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from zsris_ros.commands.options import Subparsers, above_zero, add_models, model_options

if TYPE_CHECKING:
    from zsris_ros.replay.bag import Bag, Topics
    from zsris_ros.replay.recording import IndexedFrame, Recording

NANOSECONDS = 1_000_000_000
NOTHING_USABLE = 1


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "replay", help="answer about a recording (rosbag2: mcap, sqlite3) as the node would"
    )
    parser.add_argument("bag", type=Path, metavar="BAG", help="a rosbag2, folder or file")
    parser.add_argument(
        "--expression",
        action="append",
        required=True,
        dest="expressions",
        metavar="E",
        help="such as 'the mug on the left'; may be given several times",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for answers and pictures"
    )
    when = parser.add_mutually_exclusive_group()
    when.add_argument(
        "--every",
        type=seconds,
        default=NANOSECONDS // 2,
        metavar="SECONDS",
        help="time between two answered frames; 0 means all frames (default: 0.5)",
    )
    when.add_argument(
        "--stamp", type=stamp, metavar="SECONDS", help="only the frame nearest to this stamp"
    )
    parser.add_argument(
        "--rate",
        type=above_zero,
        metavar="R",
        help="as a live camera at R times real time: drop the frames that arrive during an answer",
    )
    for kind in ("image", "depth", "info"):
        parser.add_argument(
            f"--{kind}-topic", metavar="TOPIC", help="default: detected; see docs/replay.md"
        )
    parser.add_argument(
        "--sync-tolerance",
        type=seconds,
        metavar="SECONDS",
        help="by which an image and its depth may differ in time (default: the node's, 0.05)",
    )
    parser.add_argument(
        "--assume-registered",
        action="store_true",
        help="use depth although its frame_id is another than the image's",
    )
    parser.add_argument(
        "--rectified",
        action="store_true",
        help="the images were rectified: metres follow P of the camera_info, else its K",
    )
    parser.add_argument("--no-video", action="store_true", help="write no answers.mp4")
    add_models(parser)
    parser.set_defaults(run=run)


def seconds(text: str) -> int:
    """Convert seconds, with or without "s", to nanoseconds; for argparse."""
    found = stamp(text.removesuffix("s"))
    if found < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no time: give seconds, such as 0.5")
    return found


def stamp(text: str) -> int:
    """Convert seconds with up to nine decimals to nanoseconds; for argparse."""
    try:
        return int(Decimal(text) * NANOSECONDS)
    except (ArithmeticError, ValueError):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds") from None


def run(args: argparse.Namespace) -> int:
    """Return 0, or 1 if no frame could be used."""
    from tqdm import tqdm

    from zsris_ros.replay.answers import answer_frames
    from zsris_ros.replay.bag import Bag
    from zsris_ros.replay.replay_writer import ReplayWriter
    from zsris_ros.replay.topics import find_topics
    from zsris_ros.types import InputError

    expressions = [text.strip() for text in args.expressions]
    if not all(expressions):
        raise InputError("the expression is empty; name an object, such as 'the red mug'")
    with Bag(args.bag) as bag:
        topics = find_topics(bag, args.image_topic, args.depth_topic, args.info_topic)
        _print_topics(topics)
        recording = _recording(bag, topics, args.sync_tolerance, args.rectified)
        chosen = (
            [recording.at(args.stamp)] if args.stamp is not None else recording.every(args.every)
        )
        # After the checks of the bag, since this loads torch.
        from zsris_ros.models.robot_models import load_segmenter

        segmenter = load_segmenter(args.weights, model_options(args))
        period = None if args.no_video else _period(chosen)
        with ReplayWriter(args.out, expressions, period) as writer:
            recorded = tqdm(
                bag.synced_messages(topics, chosen), "answering", len(chosen), unit="frame"
            )
            registered = args.assume_registered
            for answered in answer_frames(segmenter, recorded, expressions, registered, args.rate):
                writer.write(answered)
    print(writer.summary())
    return 0 if writer.usable_frames else NOTHING_USABLE


def _print_topics(topics: Topics) -> None:
    print(f"image {topics.image}")
    print(f"depth {topics.depth or 'none: answers are without metres'}")
    if topics.depth:
        print(f"camera_info {topics.info or 'none: answers are without metres'}")


def _recording(bag: Bag, topics: Topics, tolerance_ns: int | None, rectified: bool) -> Recording:
    from zsris_ros.camera.frame_buffer import SYNC_TOLERANCE

    if tolerance_ns is None:
        tolerance_ns = round(SYNC_TOLERANCE * NANOSECONDS)
    return bag.recording(topics, tolerance_ns, rectified)


def _period(chosen: Sequence[IndexedFrame]) -> float | None:
    """Return the median interval of the frames in seconds; None for a single frame."""
    stamps = [frame.image.stamp_ns for frame in chosen]
    gaps = [later - earlier for earlier, later in pairwise(stamps) if later > earlier]
    return median(gaps) / NANOSECONDS if gaps else None

"""`zsris bench`: measures the time of answers by stage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.commands.options import Subparsers, positive

if TYPE_CHECKING:
    from zsris_ros.benchmark.measuring import Task


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "bench",
        help="measure the time of answers by stage",
        description="Answer sentences about a fixed image with fixed masks, timed by stage. "
        "Networks have their real sizes; without fetched weights the weights are random. Several "
        "plans are measured in alternation.",
    )
    parser.add_argument(
        "--plan",
        default="shared",
        help="published (the published pipelines), reference (this package's exact computation of "
        "the same answers), shared (the same with background-token reuse), product (the robot's "
        "variant), paper; several with commas (default: shared)",
    )
    parser.add_argument(
        "--size",
        default="vit_b",
        help="SAM's architecture (vit_b, vit_l, vit_h, vit_t) with CLIP ViT-B/16, or tabletop "
        "(default: vit_b)",
    )
    parser.add_argument("--masks", type=positive, default=50, metavar="N", help="default: 50")
    parser.add_argument(
        "--expressions",
        type=positive,
        default=4,
        metavar="N",
        help="number of expressions, the first with the image (default: 4)",
    )
    parser.add_argument(
        "--image", type=_size, default=(640, 480), metavar="WxH", help="pixels (default: 640x480)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ... (default: auto)")
    parser.add_argument(
        "--precision", default="auto", help="auto, fp32, fp16 or bf16 (default: auto)"
    )
    parser.add_argument("--repetitions", type=positive, default=3, metavar="N", help="default: 3")
    parser.add_argument(
        "--curves",
        action="store_true",
        help="vary masks, pixels and expressions instead, and write the growth of the time",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="JSON",
        help="file to write; with several plans, and no --curves, a folder that gets one file "
        "SIZE_PLAN.json each (SIZE_PLAN_cuda.json on a GPU)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from zsris_ros.benchmark.measuring import Task
    from zsris_ros.benchmark.plans import check_plan

    plans = args.plan.split(",")
    for plan in plans:
        check_plan(plan)
    width, height = args.image
    tasks = [
        Task(
            plan, args.size, args.masks, args.expressions, width, height,
            args.device, "fp32" if plan == "published" and len(plans) > 1 else args.precision,
        )
        for plan in plans
    ]  # fmt: skip
    (_curves if args.curves else _stages)(args, tasks)
    return 0


def _stages(args: argparse.Namespace, tasks: list[Task]) -> None:
    from zsris_ros.benchmark.interleaving import measure

    for document in measure(tasks, args.repetitions, _print_progress):
        print("\n".join(_lines(document)))
        _write(args.out if len(tasks) == 1 else args.out / _name(document), document)


def _name(document: Mapping[str, Any]) -> str:
    """Return the file name of a document; the device is part of it except for a CPU."""
    kind = document["device"].partition(":")[0]
    suffix = "" if kind == "cpu" else f"_{kind}"
    return f"{document['size']}_{document['plan']}{suffix}.json"


def _curves(args: argparse.Namespace, tasks: list[Task]) -> None:
    from zsris_ros.benchmark.curves import measure_curves

    document = measure_curves(tasks, args.repetitions, log=_print_progress)
    for curve in document["curves"]:
        print(
            f"{curve['plan']}, {curve['axis']}: {curve['ms_per_unit']:.3g} ms each, "
            f"exponent {curve['exponent']:.2f}"
        )
    _write(args.out, document)


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    from zsris_ros.benchmark import machine

    machine.write(path, document)
    print(f"written to {path}")


def _size(text: str) -> tuple[int, int]:
    """Convert WIDTHxHEIGHT to two integers above 0, for argparse."""
    width, _, height = text.lower().partition("x")
    try:
        return positive(width), positive(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not WIDTHxHEIGHT in pixels") from None


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{document['plan']}, {document['size']}, {document['masks']} masks, "
        f"{document['device']} {document['precision']}, weights: {document['weights']}"
    )
    for name, row in document["stages"].items():
        share = f"{row['share_of_matrix_rate']:>8.0%}" if "gflop" in row else ""
        yield f"  {name:<20}{row['median_ms']:>12.1f} ms{row.get('gflop', 0):>12.1f} GFLOP{share}"
    again = document["further_ms"]
    further = "" if again is None else f", every further one {again:.1f} ms"
    yield (
        f"  first answer {document['first_answer_ms']:.0f} ms{further}, "
        f"peak {document['peak_mb']:.0f} MiB, chosen {document['chosen']}"
    )

"""`zsris eval`: how good the answers are, on a data set with the truth."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.commands.options import add_models, positive

if TYPE_CHECKING:
    from zsris_ros.commands.options import Subparsers
    from zsris_ros.evaluation.figures import Figures
    from zsris_ros.evaluation.items import EvaluationItem
    from zsris_ros.evaluation.run import Watched
    from zsris_ros.referring.segmenter import Segmenter
    from zsris_ros.weights.load import Parts


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("eval", help="measure answers against the truth of a data set")
    sets = parser.add_subparsers(dest="dataset", metavar="DATASET", required=True)
    tabletop = sets.add_parser("tabletop", help="the simulated tabletop, unseen seeds")
    tabletop.add_argument("--seed", type=int, default=0, help="the first scene's (default: 0)")
    tabletop.add_argument("--scenes", type=positive, default=200, help="how many (default: 200)")
    tabletop.add_argument(
        "--proposals",
        choices=("all", "sam", "depth"),
        default="all",
        help="who proposes masks (default: all)",
    )
    tabletop.set_defaults(run=run_tabletop)
    osd = sets.add_parser("osd", help="real RGB-D scenes of a table")
    osd.add_argument("--root", type=Path, required=True, help="folder of objects.json and frames")
    osd.set_defaults(run=run_osd)
    for data_set in (tabletop, osd):
        data_set.add_argument(
            "--out", type=Path, required=True, help="folder for summary.json and answers.jsonl"
        )
        add_models(data_set)


def run_tabletop(args: argparse.Namespace) -> int:
    from zsris_ros.evaluation.run import Condition, evaluate
    from zsris_ros.evaluation.tabletop import tabletop_items

    items = tabletop_items(args.seed, args.scenes)
    parts = _load(args)
    segmenter, watched = _watching(parts, args.proposals)
    figures = evaluate(
        items,
        {
            "proposals": Condition(lambda _: segmenter, watched=watched),
            "true masks, names": Condition(_true_masks(parts), lambda item: item.names),
        },
        args.out,
        args.scenes,
    )
    named = figures["true masks, names"]
    extra = {
        "colour_shape_accuracy": round(named.accuracy, 4),
        "colour_shape_n": named.n,
        "proposals": args.proposals,
        "seeds": [args.seed, args.seed + args.scenes - 1],
    }
    return _finish(args, figures["proposals"], extra)


def run_osd(args: argparse.Namespace) -> int:
    from zsris_ros.evaluation.osd import osd_items, osd_names
    from zsris_ros.evaluation.run import Condition, evaluate

    total = len(osd_names(args.root))
    parts = _load(args)
    segmenter, _ = _watching(parts, "depth")
    figures = evaluate(
        osd_items(args.root),
        {"depth": Condition(lambda _: segmenter), "true masks": Condition(_true_masks(parts))},
        args.out,
        total,
    )
    return _finish(args, figures["depth"], {"true_masks": figures["true masks"].summary()})


def _load(args: argparse.Namespace) -> Parts:
    from zsris_ros.weights.load import load_parts

    return load_parts(
        args.weights, device=args.device, directory=args.weights_dir, parser=args.parser
    )


def _watching(parts: Parts, proposals: str) -> tuple[Segmenter, tuple[Watched, ...]]:
    """A segmenter with the chosen proposers, and these to be judged one by one."""
    from zsris_ros.evaluation.run import Watched

    watched = [Watched("sam", parts.sam)] if proposals != "depth" else []
    if proposals != "sam" and parts.depth is not None:
        watched.append(Watched("depth", parts.depth))
    return parts.segmenter(*watched), tuple(watched)


def _true_masks(parts: Parts) -> Callable[[EvaluationItem], Segmenter]:
    """A segmenter that only has to choose among an item's true objects."""
    from zsris_ros.proposals.fixed import FixedProposals

    return lambda item: parts.segmenter(FixedProposals(item.masks, "truth"))


def _finish(args: argparse.Namespace, figures: Figures, extra: dict[str, Any]) -> int:
    from zsris_ros.evaluation.figures import write_summary

    summary = {"dataset": args.dataset, "weights": args.weights, **figures.summary(), **extra}
    path = write_summary(args.out, summary)
    for line in _lines(summary):
        print(line)
    print(f"written to {path}")
    return 0


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    yield f"{'':<14}{'n':>6}{'mIoU':>8}{'oIoU':>8}{'>0.5':>8}"
    for name, row in {**summary["by_category"], "all": summary}.items():
        shares = "".join(f"{row[key]:>8.3f}" for key in ("miou", "oiou", "accuracy"))
        yield f"{name:<14}{row['n']:>6}{shares}"
    for name, bound in summary["proposal_bounds"].items():
        count = summary["proposals_per_frame"][name]
        yield f"best proposal, {name}: IoU {bound:.3f}, {count:.1f} proposals a frame"
    if "colour_shape_accuracy" in summary:
        share, count = summary["colour_shape_accuracy"], summary["colour_shape_n"]
        yield f"named by colour and shape: {share:.3f} of {count} right"
    if "true_masks" in summary:
        yield f"with the true masks: mIoU {summary['true_masks']['miou']:.3f}"

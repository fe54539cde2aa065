"""`zsris eval`: how good the answers are, on a data set with the truth."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zsris_ros
from zsris_ros.commands import eval_expressions, eval_grasp
from zsris_ros.commands.data_sets import DATA_SETS, Entry
from zsris_ros.commands.options import add_models, positive

if TYPE_CHECKING:
    from zsris_ros.baselines.methods import Method
    from zsris_ros.commands.options import Subparsers
    from zsris_ros.evaluation.datasets.items import DataSet
    from zsris_ros.evaluation.experiment import Contest
    from zsris_ros.models.load import Parts
    from zsris_ros.vision.clip import OpenClipModel

VARIANTS = {
    "reference": "what the published code computes, bug for bug",
    "paper": "the equations as printed",
    "product": "what a robot should have",
}

PRECISION_NAMES = ("auto", "float32", "float16", "bfloat16", "fp32", "fp16", "bf16")

VERDICT_FIGURES = {
    "no_target_accuracy": "absent things refused",
    "false_refusals": "present things refused",
    "ambiguous_recall": "ambiguous ones called so, recall",
    "ambiguous_precision": "ambiguous ones called so, precision",
    "ece": "expected calibration error",
}


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "eval",
        help="measure answers against the truth of a data set",
        description="Answer a data set's expressions and compare with its truth. A run that was "
        "stopped goes on where it stood when the same command is given again.",
    )
    parser.add_argument(
        "--list", action="store_true", help="name all methods, variants and data sets"
    )
    parser.set_defaults(run=lambda args: _no_data_set(parser, args))
    sets = parser.add_subparsers(dest="dataset", metavar="DATASET")
    for entry in DATA_SETS.values():
        data_set = sets.add_parser(entry.name, help=entry.help)
        entry.add_arguments(data_set)
        _add_common(data_set, entry)
        data_set.set_defaults(run=run)
    eval_expressions.add_arguments(sets)
    eval_grasp.add_arguments(sets)


def _add_common(parser: argparse.ArgumentParser, entry: Entry) -> None:
    parser.add_argument(
        "--method",
        default="hybridgl",
        help="a name of `zsris eval --list`, several with commas, or all (default: hybridgl)",
    )
    parser.add_argument(
        "--variant",
        default="product",
        help="reference, paper, product, several with commas, or all (default: product)",
    )
    parser.add_argument(
        "--proposals",
        default=entry.proposals,
        help="who proposes masks: all (what the method takes by itself), sam, depth, sam+depth, "
        f"truth (the true masks), or a file, .json or .npz (default: {entry.proposals})",
    )
    parser.add_argument(
        "--localisation",
        choices=("gem", "clip-prior", "score-map", "grad-cam"),
        help="the map that guidance uses (default: the method's own)",
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N frames")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the answers, summary.json and a report"
    )
    parser.add_argument(
        "--clip",
        metavar="NAME",
        help="another CLIP of `zsris weights list` than the preset's: clip_rn50, ...",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISION_NAMES,
        help="number format of the models (default: float32 where `reference` or `paper` takes "
        "part, else auto)",
    )
    parser.add_argument(
        "--surround",
        choices=("auto", "exact"),
        default="auto",
        help="what lies far from masks: auto (encoded once a frame in `product`, where that proves "
        "close) or exact; `reference` and `paper` are always exact (default: auto)",
    )
    add_models(
        parser,
        "the rules for `product`; for `reference` and `paper` an installed spaCy pipeline, "
        "en_core_web_lg first, else the rules",
    )


def run(args: argparse.Namespace) -> int:
    from zsris_ros.evaluation.experiment import Contest, chosen_methods

    # What is cheap fails first: names and files, before any model is built.
    methods = chosen_methods(args.method, args.variant, args.dataset, args.localisation)
    data_set = DATA_SETS[args.dataset].open(args)
    contest = Contest(*_models(args, methods), args.out, _settings(args, data_set))
    if len(methods) == 1:
        _run_one(args, data_set, contest, methods[0])
    else:
        _run_many(args, data_set, contest, methods)
    return 0


def _models(
    args: argparse.Namespace, methods: Sequence[Method]
) -> tuple[Parts, OpenClipModel | None]:
    """Load the preset's models and, where it was asked for, another CLIP.

    The published variants are measured in float32, whose choices are the published ones: a half
    precision changes some of them. Methods that are compared compute in the same precision.
    """
    from zsris_ros.models.load import load_parts
    from zsris_ros.models.load_method import load_clip_checkpoint

    variants = {method.variant for method in methods}
    published = bool(variants - {"product"})
    where = {
        "device": args.device,
        "directory": args.weights_dir,
        "precision": args.precision or ("float32" if published else "auto"),
    }
    clip = load_clip_checkpoint(args.clip, **where) if args.clip else None
    surround = args.surround if "product" in variants else "exact"
    return load_parts(args.weights, parser=args.parser, surround=surround, **where), clip


def _settings(args: argparse.Namespace, data_set: DataSet) -> dict[str, Any]:
    """What a folder of results is for, beside the method and its proposals."""
    return {
        "dataset": args.dataset,
        "title": data_set.title,
        "data": dict(DATA_SETS[args.dataset].settings(args)),
        "limit": args.limit,
        "weights": args.weights,
        "clip": args.clip,
        "surround": args.surround,
        "zsris_ros": zsris_ros.__version__,
    }


def _run_one(args: argparse.Namespace, data_set: DataSet, contest: Contest, method: Method) -> None:
    from zsris_ros.evaluation.evaluation_loop import evaluate, names_only
    from zsris_ros.evaluation.reports.summary import accuracy_of, summarise_folder

    entered = [contest.enter(method, args.proposals)]
    names = args.dataset == "tabletop" and not args.verdict
    truth = args.dataset == "osd" and args.proposals != "truth"
    if names:
        entered.append(contest.enter(method, "truth", "names", names_only))
    if truth:
        entered.append(contest.enter(method, "truth", "true_masks"))
    evaluate(data_set, entered, args.limit)
    more: dict[str, Any] = {}
    if args.dataset == "tabletop":
        more["seeds"] = [args.seed, args.seed + args.scenes - 1]
    if names:
        more["colour_shape_accuracy"], more["colour_shape_n"] = accuracy_of(args.out / "names")
    if truth:
        more["true_masks"] = summarise_folder(args.out / "true_masks")
    summary = summarise_folder(args.out, more, verdicts=getattr(args, "verdict", False))
    for line in _lines(summary):
        print(line)
    print(f"parser {summary['parser']}, {summary['dtype']}")
    print(f"written to {_report(args.out, summary, data_set)}")


def _run_many(
    args: argparse.Namespace, data_set: DataSet, contest: Contest, methods: list[Method]
) -> None:
    from zsris_ros.evaluation.evaluation_loop import evaluate
    from zsris_ros.evaluation.reports.summary import summarise_folder, write_table
    from zsris_ros.evaluation.run_folder import claim

    if "all" in (args.method, args.variant):
        for method in [each for each in methods if not contest.fits(each)]:
            print(f"left out, because it does not fit this CLIP: {method.name} {method.variant}")
            methods.remove(method)
    parsers = {method.variant: contest.parser_of(method) for method in methods}
    claim(args.out, {**contest.settings, "proposals": args.proposals, "parsers": parsers})
    folders = [f"{method.name}.{method.variant}" for method in methods]
    entered = [
        contest.enter(method, args.proposals, folder)
        for method, folder in zip(methods, folders, strict=True)
    ]
    evaluate(data_set, entered, args.limit)
    summaries = [summarise_folder(args.out / folder) for folder in folders]
    path = write_table(args.out, summaries)
    for folder, summary in zip(folders, summaries, strict=True):
        print(f"{folder:<40}" + _figures(summary))
    print(f"written to {path}")


def _report(directory: Path, summary: Mapping[str, Any], data_set: DataSet) -> Path:
    from zsris_ros.evaluation.records import read_answers
    from zsris_ros.evaluation.reports.page import write_report

    return write_report(directory, summary, read_answers(directory), data_set)


def _lines(summary: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'':<16}{'n':>6}{'mIoU':>8}{'oIoU':>8}{'>0.5':>8}"
    for name, row in {**summary["by_category"], "all": summary}.items():
        yield f"{name:<16}{_figures(row)}"
    for name, bound in summary["proposal_bounds"].items():
        count = summary["proposals_per_frame"][name]
        yield f"best proposal, {name}: IoU {bound:.3f}, {count:.1f} proposals a frame"
    if "colour_shape_accuracy" in summary:
        share, count = summary["colour_shape_accuracy"], summary["colour_shape_n"]
        yield f"named by colour and shape: {share:.3f} of {count} right"
    if "true_masks" in summary:
        yield f"with the true masks: mIoU {summary['true_masks']['miou']:.3f}"
    for key, said in VERDICT_FIGURES.items():
        if summary.get(key) is not None:
            yield f"{said}: {summary[key]:.3f}"


def _figures(row: Mapping[str, Any]) -> str:
    shares = "".join(f"{row[key]:>8.3f}" for key in ("miou", "oiou", "accuracy"))
    return f"{row['n']:>6}{shares}"


def _no_data_set(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    if not args.list:
        parser.error(f"name a data set ({', '.join(DATA_SETS)}), or ask for --list")
    for line in _listing():
        print(line)
    return 0


def _listing() -> Iterator[str]:
    from zsris_ros.baselines.localisation import LOCALISERS
    from zsris_ros.baselines.methods import METHODS, method_names
    from zsris_ros.evaluation.experiment import PROPOSALS

    kinds = {
        name: [kind for kind in VARIANTS if (name, kind) in METHODS] for name in method_names()
    }
    width = max(map(len, kinds)) + 2
    yield f"{'METHOD':<{width}}{'VARIANTS':<26}"
    for name, variants in kinds.items():
        text = next(method.description for key, method in METHODS.items() if key[0] == name)
        yield f"{name:<{width}}{' '.join(variants):<26}{text}"
    tables: dict[str, Mapping[str, str]] = {
        "VARIANT": VARIANTS,
        "DATASET": {name: entry.help for name, entry in DATA_SETS.items()},
        "PROPOSALS": PROPOSALS,
        "LOCALISATION": dict.fromkeys(LOCALISERS, ""),
    }
    for title, rows in tables.items():
        yield ""
        yield title
        for name, text in rows.items():
            yield f"{name:<{width}}{text}".rstrip()

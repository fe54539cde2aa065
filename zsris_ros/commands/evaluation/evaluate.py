"""`zsris eval`: measures answers against the truth of a data set."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zsris_ros
from zsris_ros.commands.evaluation import (
    eval_expressions,
    eval_grasp,
    eval_place,
    eval_track,
    eval_video,
)
from zsris_ros.commands.evaluation.data_sets import DATA_SETS, DataSetOptions, open_data_set
from zsris_ros.commands.evaluation.trained_method import (
    add_checkpoint,
    check_checkpoint,
    load_trained,
)
from zsris_ros.commands.options import Subparsers, add_models, model_options, positive

if TYPE_CHECKING:
    from zsris_ros.models.load_method import MethodModels

VARIANTS = {
    "reference": "the published code, bug for bug",
    "paper": "the equations as printed",
    "product": "the robot's variant",
}

PRECISION_NAMES = ("auto", "float32", "float16", "bfloat16", "fp32", "fp16", "bf16")


def add_arguments(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "eval",
        help="measure answers against the truth of a data set",
        description="Answer a data set's expressions and compare with its truth. The same command "
        "resumes a run that was stopped.",
    )
    parser.add_argument(
        "--list", action="store_true", help="list all methods, variants and data sets"
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
    eval_place.add_arguments(sets)
    eval_track.add_arguments(sets)
    eval_video.add_arguments(sets)


def _add_common(parser: argparse.ArgumentParser, entry: DataSetOptions) -> None:
    parser.add_argument(
        "--method",
        default="hybridgl",
        help="a name of `zsris eval --list`, several with commas, or all; or vatex, with "
        "--checkpoint (default: hybridgl)",
    )
    parser.add_argument(
        "--variant",
        default="product",
        help="reference, paper, product, several with commas, or all (default: product)",
    )
    parser.add_argument(
        "--proposals",
        default=entry.proposals,
        help="source of the masks: all (the method's own proposers), sam, depth, sam+depth, "
        "all+FILE.safetensors (and those of a trained VATEX), truth (the true masks), or a file, "
        f".json or .npz (default: {entry.proposals})",
    )
    parser.add_argument(
        "--localisation",
        choices=("gem", "clip-prior", "score-map", "grad-cam"),
        help="the map that guidance uses (default: the method's own)",
    )
    add_checkpoint(parser)
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N frames")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the answers, summary.json and a report"
    )
    parser.add_argument(
        "--pictures",
        type=positive,
        metavar="N",
        help="also write the N worst answers of one method as pictures, OUT/worst/*.png",
    )
    parser.add_argument(
        "--clip",
        metavar="NAME",
        help="a CLIP of `zsris weights list` instead of the preset's: clip_rn50, ...",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISION_NAMES,
        help="number format of the models (default: float32 with `reference` or `paper`, "
        "else auto)",
    )
    parser.add_argument(
        "--surround",
        choices=("auto", "exact"),
        default="auto",
        help="background tokens: auto (once a frame in `product`, if verified close) or exact; "
        "`reference` and `paper` are always exact (default: auto)",
    )
    add_models(
        parser,
        "the rules for `product`; for `reference` and `paper` an installed spaCy pipeline, "
        "en_core_web_lg first, else the rules",
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate one method with a report, or several with a table."""
    from zsris_ros.evaluation.experiment import Experiment, choose_methods
    from zsris_ros.evaluation.method_comparison import compare_methods, evaluate_method
    from zsris_ros.evaluation.reports.summary import figures_line, summary_lines
    from zsris_ros.types import InputError

    # Cheap checks come first: names and files, before any model is built.
    if "vatex" in args.method.split(",") or args.checkpoint:
        return _run_vatex(args)
    methods = choose_methods(args.method, args.variant, args.dataset, args.localisation)
    if args.pictures and len(methods) > 1:
        raise InputError("--pictures shows the answers of one method: choose one with --method")
    data_set = open_data_set(args)
    models = _load_models(args, {method.variant for method in methods})
    experiment = Experiment(models, args.out, _settings(args, data_set.title))
    if len(methods) == 1:
        summary, path = evaluate_method(
            data_set, experiment, methods[0], args.proposals, args.limit, args.pictures or 0
        )
        lines = [*summary_lines(summary), f"parser {summary['parser']}, {summary['dtype']}"]
    else:
        every = "all" in (args.method, args.variant)
        summaries, path = compare_methods(
            data_set, experiment, methods, args.proposals, args.limit, skip_unsupported=every
        )
        lines = [f"{folder:<40}" + figures_line(row) for folder, row in summaries.items()]
    print("\n".join([*lines, f"written to {path}"]))
    return 0


def _run_vatex(args: argparse.Namespace) -> int:
    """Evaluate a trained VATEX, which has a checkpoint instead of a preset and proposals."""
    from zsris_ros.evaluation.method_comparison import evaluate_segmenter
    from zsris_ros.evaluation.reports.summary import summary_lines

    check_checkpoint(args)
    data_set = open_data_set(args)
    segmenter, about = load_trained(args)
    settings = {
        **_settings(args, data_set.title),
        **about,
        "variant": "trained",
        "localisation": "clip-prior",
        "proposals": "none",
        "min_score": args.min_score,
    }
    summary, path = evaluate_segmenter(
        data_set, segmenter, args.out, settings, args.limit, args.pictures or 0
    )
    print("\n".join([*summary_lines(summary), f"written to {path}"]))
    return 0


def _load_models(args: argparse.Namespace, variants: Set[str]) -> MethodModels:
    """Load the preset's models and, with --clip, another CLIP.

    The published variants are measured in float32, which reproduces the published choices; a half
    precision changes some of them. All compared methods compute in the same precision.
    """
    from zsris_ros.models.load import load_models
    from zsris_ros.models.load_method import MethodModels, load_clip_checkpoint

    published = bool(variants - {"product"})
    precision = args.precision or ("float32" if published else "auto")
    surround = args.surround if "product" in variants else "exact"
    options = replace(model_options(args), precision=precision, surround=surround)
    clip = load_clip_checkpoint(args.clip, options) if args.clip else None
    return MethodModels(load_models(args.weights, options), options.parser, clip)


def _settings(args: argparse.Namespace, title: str) -> dict[str, Any]:
    """Return the settings of a results folder, beside the method and its proposals."""
    return {
        "dataset": args.dataset,
        "title": title,
        "data": DATA_SETS[args.dataset].settings(args),
        "limit": args.limit,
        "weights": args.weights,
        "clip": args.clip,
        "surround": args.surround,
        "zsris_ros": zsris_ros.__version__,
    }


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
    yield f"{'vatex':<{width}}{'trained':<26}VATEX, with --checkpoint (docs/vatex.md)"
    tables: dict[str, Mapping[str, str]] = {
        "VARIANT": VARIANTS,
        "DATASET": {
            **{name: entry.help for name, entry in DATA_SETS.items()},
            **{name: about for name, (about, _, _) in eval_video.VIDEO_SETS.items()},
        },
        "PROPOSALS": PROPOSALS,
        "LOCALISATION": dict.fromkeys(LOCALISERS, ""),
    }
    for title, rows in tables.items():
        yield ""
        yield title
        for name, text in rows.items():
            yield f"{name:<{width}}{text}".rstrip()

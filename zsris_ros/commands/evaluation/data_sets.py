"""The data sets of `zsris eval` and `zsris calibrate`: their options, and their readers."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.commands.options import OBJECTS, positive, share

if TYPE_CHECKING:
    from zsris_ros.evaluation.datasets.items import DataSet


@dataclass(frozen=True)
class DataSetOptions:
    """One data set of the command line."""

    name: str
    help: str
    options: Mapping[str, Mapping[str, Any]]  # keyword arguments of ``add_argument``
    proposals: str = "all"  # default of ``--proposals``

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        for option, keywords in self.options.items():
            parser.add_argument(option, **keywords)

    def settings(self, args: argparse.Namespace) -> dict[str, Any]:
        """Return the values of the options as plain data."""
        names = [option.removeprefix("--").replace("-", "_") for option in self.options]
        values = {name: getattr(args, name) for name in names}
        return {k: str(v.resolve()) if isinstance(v, Path) else v for k, v in values.items()}


def _root(content: str) -> dict[str, Any]:
    return {"type": Path, "required": True, "help": f"folder that holds {content}"}


def _refcoco(name: str, title: str, split_by: str) -> DataSetOptions:
    options: dict[str, dict[str, Any]] = {
        "--root": _root(f"{name}/ and images/"),
        "--split": {"default": "val", "help": "val, testA, testB, test, ... (default: val)"},
        "--split-by": {
            "choices": ("unc", "umd", "google"),
            "default": split_by,
            "help": f"author of the splits (default: {split_by})",
        },
        "--published-truth": {
            "action": "store_true",
            "help": "true masks as in the published evaluations, without overlapping parts",
        },
    }
    about = f"{title}, in the published form of refs(*).p and instances.json"
    return DataSetOptions(name, about, options)


TABLETOP = DataSetOptions(
    "tabletop",
    "the simulated tabletop, scenes that were not trained on",
    {
        "--seed": {"type": int, "default": 0, "help": "the first scene's (default: 0)"},
        "--scenes": {"type": positive, "default": 200, "help": "how many (default: 200)"},
        "--categories": {
            "type": lambda text: text.split(","),
            "metavar": "A,B,...",
            "help": "categories of expressions: attribute,relation,... (default: all)",
        },
        "--verdict": {
            "action": "store_true",
            "help": "add expressions for absent and for duplicate objects, and measure verdicts",
        },
        "--objects": OBJECTS,
        "--inverted": {
            "type": share,
            "default": 0.0,
            "metavar": "SHARE",
            "help": "share of the cups, bowls and baskets that stand upside down (default: 0)",
        },
    },
)

FRAMES = DataSetOptions(
    "frames",
    "pictures with labels and questions of any source, in the form of docs/libero.md",
    {
        "--root": _root("NAME_rgb.png, NAME.json and, if known, NAME_depth.png, NAME_label.png"),
        "--only": {
            "default": "*",
            "metavar": "PATTERN",
            "help": "names of frames, as 'libero_goal_*' (default: all)",
        },
    },
)

OSD = DataSetOptions(
    "osd",
    "real RGB-D scenes of a table (Object Segmentation Database)",
    {"--root": _root("objects.json and the frames")},
    proposals="depth",
)

PHRASECUT = DataSetOptions(
    "phrasecut",
    "PhraseCut, in the published form of refer_SPLIT.json",
    {
        "--root": _root("refer_SPLIT.json and images/"),
        "--split": {"default": "test", "help": "val, test, ... (default: test, the papers')"},
    },
)

DATA_SETS: Mapping[str, DataSetOptions] = {
    entry.name: entry
    for entry in (
        TABLETOP,
        FRAMES,
        OSD,
        _refcoco("refcoco", "RefCOCO", "unc"),
        _refcoco("refcoco+", "RefCOCO+", "unc"),
        _refcoco("refcocog", "RefCOCOg", "umd"),
        PHRASECUT,
    )
}
"""Every data set by its name."""


def open_data_set(args: argparse.Namespace) -> DataSet:
    """Return the chosen data set. Raises InputError or FileNotFoundError with a remedy."""
    if args.dataset == "tabletop":
        from zsris_ros.evaluation.datasets.tabletop_dataset import TabletopData

        return TabletopData(
            args.seed, args.scenes, args.categories, args.verdict, args.objects, args.inverted
        )
    if args.dataset in ("frames", "osd"):
        from zsris_ros.evaluation.datasets.frames import FramesData
        from zsris_ros.evaluation.datasets.osd import convert_osd

        if args.dataset == "frames":
            return FramesData(args.root, args.only)
        converted = args.out / "frames"
        convert_osd(args.root, converted)
        return FramesData(converted, title="Object Segmentation Database")
    if args.dataset == "phrasecut":
        from zsris_ros.evaluation.datasets.phrasecut import PhraseCutData

        return PhraseCutData(args.root, args.split)
    from zsris_ros.evaluation.datasets.refcoco import RefcocoData

    return RefcocoData(args.root, args.dataset, args.split_by, args.split, args.published_truth)

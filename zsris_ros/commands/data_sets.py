"""The data sets of `zsris eval`: their arguments, and how each is opened."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsris_ros.commands.options import positive

if TYPE_CHECKING:
    from zsris_ros.evaluation.datasets.items import DataSet


class Entry(ABC):
    """One data set by its name on the command line.

    ``arguments`` are those that choose what is evaluated, ``proposals`` the usual ones.
    """

    name: str
    help: str
    arguments: tuple[str, ...]
    proposals = "all"

    @abstractmethod
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare ``arguments``."""

    @abstractmethod
    def open(self, args: argparse.Namespace) -> DataSet:
        """The data set. Raises InputError or FileNotFoundError saying what belongs where."""

    def settings(self, args: argparse.Namespace) -> Mapping[str, Any]:
        """What was chosen, as plain data."""
        chosen = {name: getattr(args, name) for name in self.arguments}
        return {
            name: str(value.resolve()) if isinstance(value, Path) else value
            for name, value in chosen.items()
        }


class Tabletop(Entry):
    name = "tabletop"
    help = "the simulated tabletop, scenes that were not trained on"
    arguments = ("seed", "scenes", "categories", "verdict")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=0, help="the first scene's (default: 0)")
        parser.add_argument("--scenes", type=positive, default=200, help="how many (default: 200)")
        parser.add_argument(
            "--categories",
            type=lambda text: text.split(","),
            metavar="A,B,...",
            help="what is asked for: attribute,relation,... (default: everything)",
        )
        parser.add_argument(
            "--verdict",
            action="store_true",
            help="ask for absent and for duplicate things too, and measure the verdicts",
        )

    def open(self, args: argparse.Namespace) -> DataSet:
        from zsris_ros.evaluation.datasets.tabletop_dataset import TabletopData

        return TabletopData(args.seed, args.scenes, args.categories, args.verdict)


class Osd(Entry):
    name = "osd"
    help = "real RGB-D scenes of a table (Object Segmentation Database)"
    arguments = ("root",)
    proposals = "depth"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        _add_root(parser, "objects.json and the frames")

    def open(self, args: argparse.Namespace) -> DataSet:
        from zsris_ros.evaluation.datasets.osd import OsdData

        return OsdData(args.root)


class Refcoco(Entry):
    arguments = ("root", "split_by", "split", "published_truth")

    def __init__(self, name: str, title: str, split_by: str) -> None:
        self.name, self._split_by = name, split_by
        self.help = f"{title}, in the published form of refs(*).p and instances.json"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        _add_root(parser, f"{self.name}/ and images/")
        parser.add_argument(
            "--split", default="val", help="val, testA, testB, test, ... (default: val)"
        )
        parser.add_argument(
            "--split-by",
            choices=("unc", "umd", "google"),
            default=self._split_by,
            help=f"whose splits (default: {self._split_by})",
        )
        parser.add_argument(
            "--published-truth",
            action="store_true",
            help="true masks as the published evaluations draw them, overlapping parts left out",
        )

    def open(self, args: argparse.Namespace) -> DataSet:
        from zsris_ros.evaluation.datasets.refcoco import RefcocoData

        return RefcocoData(args.root, self.name, args.split_by, args.split, args.published_truth)


class PhraseCut(Entry):
    name = "phrasecut"
    help = "PhraseCut, in the published form of refer_SPLIT.json"
    arguments = ("root", "split")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        _add_root(parser, "refer_SPLIT.json and images/")
        parser.add_argument(
            "--split", default="test", help="val, test, ... (default: test, the papers')"
        )

    def open(self, args: argparse.Namespace) -> DataSet:
        from zsris_ros.evaluation.datasets.phrasecut import PhraseCutData

        return PhraseCutData(args.root, args.split)


def _add_root(parser: argparse.ArgumentParser, holds: str) -> None:
    parser.add_argument("--root", type=Path, required=True, help=f"folder that holds {holds}")


DATA_SETS: Mapping[str, Entry] = {
    entry.name: entry
    for entry in (
        Tabletop(),
        Osd(),
        Refcoco("refcoco", "RefCOCO", "unc"),
        Refcoco("refcoco+", "RefCOCO+", "unc"),
        Refcoco("refcocog", "RefCOCOg", "umd"),
        PhraseCut(),
    )
}
"""Every data set by its name."""

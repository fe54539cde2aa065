"""Experiments: named methods on one preset's models, with the proposals chosen by name."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.baselines.localisation import LocaliserName
from zsris_ros.baselines.methods import METHODS, Method, find_method, method_names
from zsris_ros.baselines.vatex.vatex_proposer import VatexProposer
from zsris_ros.evaluation.datasets.items import EvaluationItem
from zsris_ros.evaluation.evaluation_loop import MethodRun
from zsris_ros.evaluation.run_folder import RunFolder
from zsris_ros.evaluation.shared_features import Memoised, SharedEncoders, SharedProposer
from zsris_ros.models.load_method import MethodModels
from zsris_ros.models.load_vatex import load_trained_vatex
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.figure_ground import FIGURE, FigureGroundProposer
from zsris_ros.proposals.from_file import FixedProposer, ProposalFile, match_frame
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import InputError, Proposals

PROPOSALS = {
    "all": "the method's own proposers: SAM, and also depth in `product`",
    "sam": "SAM, with the published settings in `reference` and `paper`",
    "depth": "depth",
    "sam+depth": "the preset's SAM and depth, joined: the same masks for every method",
    "all+FILE": "the method's own, and those of a trained VATEX (.safetensors) for every noun of "
    "the preset's vocabulary",
    "truth": "the true masks",
    "FILE": "masks of another program, COCO results (.json) or .npz",
}
"""Descriptions of the proposals, by name."""

Propose = Callable[[EvaluationItem], Proposals]


def choose_methods(
    names: str,
    variants: str,
    dataset: str | None = None,
    localisation: LocaliserName | None = None,
) -> list[Method]:
    """Return the existing methods of two comma lists in the papers' order; "all" is every entry.

    ``localisation`` replaces the map of the methods that use one.

    Raises:
        InputError: A name is unknown, or no method is left.
    """
    chosen = method_names() if names == "all" else names.split(",")
    kinds = ["reference", "paper", "product"] if variants == "all" else variants.split(",")
    pairs = [(name.strip(), kind.strip()) for name in chosen for kind in kinds]
    for name, kind in pairs:
        if len(pairs) == 1 or name not in method_names() or not any(k == kind for _, k in METHODS):
            find_method(name, kind)  # raises the error that lists the known names
    methods = [find_method(*pair, dataset=dataset) for pair in pairs if pair in METHODS]
    if not methods:
        raise InputError(f"none of {names} has a variant {variants}: see `zsris eval --list`")
    if localisation is None:
        return methods
    if all(method.localisation is None for method in methods):
        methods[0].with_localisation(localisation)  # raises the error
    return [m if m.localisation is None else m.with_localisation(localisation) for m in methods]


class Experiment:
    """Methods on the models of one preset, with shared computations.

    Args:
        models: The models.
        directory: The folder of the results.
        settings: The settings of every run (plain data). The published variants propose masks by
            the settings published for ``settings["dataset"]``.
    """

    def __init__(
        self,
        models: MethodModels,
        directory: Path,
        settings: Mapping[str, Any],
    ) -> None:
        self.models, self.directory = models, directory
        self.settings = {**settings, "dtype": str(models.dtype).removeprefix("torch.")}
        self._data_set = settings.get("dataset")
        self._shared = SharedEncoders()
        self._proposers: dict[int, SharedProposer] = {}
        self._propose: dict[Hashable, Propose] = {}

    def prepare(
        self, method: Method, proposals: str, folder: str = "", *, names_only: bool = False
    ) -> MethodRun:
        """Return the run of ``method`` on ``proposals`` (see PROPOSALS), written to ``folder``.

        Raises:
            InputError: The method does not fit the model, a file cannot be used, or the folder
                holds results of other settings.
        """
        encoders = self._shared.share(*self.models.encoders(method))
        proposers = tuple(map(self._share, self._choose_proposers(method, proposals)))
        segmenter = self.models.segmenter(method, proposers, encoders)
        # A single proposer's masks pass unchanged, except in the variant "product".
        key: Hashable = (proposers, method.variant == "product") if proposers else proposals
        if key not in self._propose:
            propose = masks_by(segmenter) if proposers else masks_of(proposals)
            self._propose[key] = Memoised(propose)
        settings = {
            "method": method.name,
            "variant": method.variant,
            "localisation": method.localisation,
            "proposals": proposals,
            "parser": self.models.parser_name(method),
            **self.settings,
        }
        results = RunFolder(self.directory / folder, settings)
        # Sentences of frames are a user's; the other data sets hold expressions by definition.
        instructions = self._data_set == "frames" and method.variant == "product"
        return MethodRun(
            segmenter, self._propose[key], results, proposers, names_only, instructions
        )

    def _choose_proposers(self, method: Method, proposals: str) -> Sequence[Proposer]:
        models = self.models.models
        if proposals == "all":
            return self.models.proposers(method, self._data_set)
        if proposals.startswith("all+"):
            own = self.models.proposers(method, self._data_set)
            return [*own, self._vatex_proposer(Path(proposals.removeprefix("all+")))]
        names = proposals.split("+")
        if not set(names) <= {"sam", "depth"}:
            return []
        if "depth" in names and models.depth is None:
            raise InputError("depth proposals are switched off: leave them out")
        sam = self.models.sam(method, self._data_set) if names == ["sam"] else models.sam
        known = {"sam": sam, "depth": models.depth}
        return [each for name in names if (each := known[name]) is not None]

    def _vatex_proposer(self, path: Path) -> VatexProposer:
        preset = self.models.models.preset
        nouns = preset.referring.vocabulary
        if not nouns:
            raise InputError(
                f"the weights {preset.name} list no vocabulary, whose nouns VATEX is "
                "asked for: take the weights household"
            )
        return VatexProposer(load_trained_vatex(path).segmenter(), nouns)

    def _share(self, proposer: Proposer) -> SharedProposer:
        name = "depth" if proposer is self.models.models.depth else "sam"
        if isinstance(proposer, VatexProposer):
            name = "vatex"
        elif isinstance(proposer, FigureGroundProposer):
            name = FIGURE
        return self._proposers.setdefault(id(proposer), SharedProposer(name, proposer))


def masks_by(segmenter: Segmenter) -> Propose:
    """Return a function from an item to the proposals of a segmenter."""
    return lambda item: segmenter.propose(item.frame)


def masks_of(proposals: str) -> Propose:
    """Return a function from an item to its true masks ("truth") or its proposals in a file.

    Raises:
        InputError: The file cannot be used.
    """
    if proposals == "truth":
        return lambda item: FixedProposer(item.masks, "truth").propose(item.frame)
    path = Path(proposals)
    file = ProposalFile(path)
    return lambda item: match_frame(file.of_image(item.name), item.frame, path)

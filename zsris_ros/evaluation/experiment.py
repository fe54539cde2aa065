"""Makes contestants of named methods: who proposes their masks, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.baselines.localisation import LocaliserName
from zsris_ros.baselines.methods import METHODS, Method, find_method, method_names
from zsris_ros.evaluation.datasets.items import EvaluationItem, Question
from zsris_ros.evaluation.evaluation_loop import Contestant, all_questions
from zsris_ros.evaluation.run_folder import Results
from zsris_ros.evaluation.shared_features import Remembering, SharedProposer, Sharing
from zsris_ros.models.load import Parts
from zsris_ros.models.load_method import default_proposers, parser_name, sam_of, segmenter_of
from zsris_ros.proposals import Proposer
from zsris_ros.proposals.from_file import FixedProposer, ProposalFile, match_frame
from zsris_ros.referring.segmenter import Segmenter
from zsris_ros.types import InputError, Proposals
from zsris_ros.vision.clip import OpenClipModel

PROPOSALS = {
    "all": "what the method takes by itself: SAM, and depth beside it in `product`",
    "sam": "SAM, with the published settings in `reference` and `paper`",
    "depth": "depth",
    "sam+depth": "the preset's SAM and depth, joined: the same masks for every method",
    "truth": "the true masks",
    "FILE": "masks of another program, COCO results (.json) or .npz",
}
"""Who proposes masks, by name."""

Propose = Callable[[EvaluationItem], Proposals]


def chosen_methods(
    names: str,
    variants: str,
    dataset: str | None = None,
    localisation: LocaliserName | None = None,
) -> list[Method]:
    """The methods that two comma lists name, each list perhaps "all", in the papers' order.

    Of several only those combinations that exist are taken, and ``localisation`` is given to those
    that use a map. Raises InputError where nothing is left, or for an unknown name.
    """
    wanted = method_names() if names == "all" else names.split(",")
    kinds = ["reference", "paper", "product"] if variants == "all" else variants.split(",")
    pairs = [(name.strip(), kind.strip()) for name in wanted for kind in kinds]
    for name, kind in pairs:
        if len(pairs) == 1 or name not in method_names() or not any(k == kind for _, k in METHODS):
            find_method(name, kind)  # raises the sentence that says what there is
    found = [find_method(*pair, dataset=dataset) for pair in pairs if pair in METHODS]
    if not found:
        raise InputError(f"none of {names} has a variant {variants}: see `zsris eval --list`")
    if localisation is None:
        return found
    if all(method.localisation is None for method in found):
        found[0].with_localisation(localisation)  # raises the sentence
    return [
        method if method.localisation is None else method.with_localisation(localisation)
        for method in found
    ]


class Contest:
    """Contestants on the models of one preset; they share what they have in common.

    ``clip`` stands in for the preset's where it is given. Results go to folders in ``directory``;
    ``settings`` (plain data) are what all of them are for. The published variants propose masks by
    the settings that were published for ``settings["dataset"]``.
    """

    def __init__(
        self,
        parts: Parts,
        clip: OpenClipModel | None,
        directory: Path,
        settings: Mapping[str, Any],
    ) -> None:
        self._parts, self._clip, self._directory = parts, clip, directory
        dtype = str((clip or parts.encoder.clip).dtype).removeprefix("torch.")
        self.settings = {**settings, "dtype": dtype}
        self._data_set = settings.get("dataset")
        self._sharing = Sharing()
        self._proposers: dict[int, SharedProposer] = {}
        self._proposing: dict[Hashable, Propose] = {}

    def fits(self, method: Method) -> bool:
        """Whether the method works on this CLIP."""
        try:
            segmenter_of(self._parts, method, [], self._clip, self._sharing)
        except InputError:
            return False
        return True

    def parser_of(self, method: Method) -> str:
        """Return the name of the parser by which ``method`` reads sentences."""
        return parser_name(self._parts, method)

    def enter(
        self,
        method: Method,
        proposals: str,
        folder: str = "",
        questions: Callable[[EvaluationItem], Sequence[Question]] = all_questions,
    ) -> Contestant:
        """``method`` on ``proposals`` (see PROPOSALS), with its results in ``folder``.

        Raises InputError when the method does not fit the model, a file cannot be used, or the
        folder holds results of other settings.
        """
        proposers = tuple(self._shared(each) for each in self._chosen(method, proposals))
        segmenter = segmenter_of(self._parts, method, proposers, self._clip, self._sharing)
        propose = self._masks(method, proposals, proposers, segmenter)
        settings = {
            "method": method.name,
            "variant": method.variant,
            "localisation": method.localisation,
            "proposals": proposals,
            "parser": self.parser_of(method),
            **self.settings,
        }
        results = Results(self._directory / folder, settings)
        return Contestant(segmenter, propose, results, proposers, questions)

    def _masks(
        self,
        method: Method,
        proposals: str,
        proposers: tuple[SharedProposer, ...],
        segmenter: Segmenter,
    ) -> Propose:
        """Who gives the masks; the same one for all that work on the same masks."""
        if not proposers:
            if proposals not in self._proposing:
                other = true_masks if proposals == "truth" else masks_of(Path(proposals))
                self._proposing[proposals] = Remembering(other)
            return self._proposing[proposals]

        def of_frame(item: EvaluationItem) -> Proposals:
            return segmenter.propose(item.frame)

        # A single proposer's masks are taken as they are, except in the robot's own way.
        key = (proposers, method.variant == "product")
        return self._proposing.setdefault(key, Remembering(of_frame))

    def _chosen(self, method: Method, proposals: str) -> Iterable[Proposer]:
        parts = self._parts
        if proposals == "all":
            return default_proposers(parts, method, self._data_set)
        names = proposals.split("+")
        if not set(names) <= {"sam", "depth"}:
            return []
        if "depth" in names and parts.depth is None:
            raise InputError("depth proposals are switched off: leave them out")
        alone = names == ["sam"]
        sam = sam_of(parts, method, self._data_set) if alone else parts.sam
        known = {"sam": sam, "depth": parts.depth}
        return [each for name in names if (each := known[name]) is not None]

    def _shared(self, proposer: Proposer) -> SharedProposer:
        name = "depth" if proposer is self._parts.depth else "sam"
        return self._proposers.setdefault(id(proposer), SharedProposer(name, proposer))


def true_masks(item: EvaluationItem) -> Proposals:
    """An item's true objects as proposals."""
    return FixedProposer(item.masks, "truth").propose(item.frame)


def masks_of(path: Path) -> Propose:
    """The proposals of a file, by the items' names. Raises InputError when it cannot be used."""
    file = ProposalFile(path)

    def propose(item: EvaluationItem) -> Proposals:
        return match_frame(file.of_image(item.name), item.frame, path)

    return propose

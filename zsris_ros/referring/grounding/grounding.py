"""The score of every mask of a scene for an expression, in the variant "product".

The score is log-linear in the evidence of HybridGL's parts (``calibration``): semantics (Eq. 3),
relations to anchors (Eq. 5), place in the image (Eq. 6), coherence (Eqs. 7 and 8), and the rank
among the masks that fit the rest. Unknown evidence, such as a relation to an anchor without a
proposal, is neutral. Anchors are grounded by recursion, so chains are resolved from the inside out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor

from zsris_ros.guidance.fusion import keep_top
from zsris_ros.language.interpretation import Interpretation, interpret
from zsris_ros.language.meaning.positions import SIDES
from zsris_ros.language.phrasing import is_neutral
from zsris_ros.referring.calibration import RELIABILITY
from zsris_ros.referring.grounding.evidence import (
    coherence_fit,
    competing_masks,
    handle_fit,
    order_fit,
    place_fit,
    posture_fit,
    relative_fit,
    representatives,
    side_fit,
    whole_objects,
)
from zsris_ros.referring.grounding.prompts import expression_texts, is_known
from zsris_ros.referring.grounding.ranking import best_probability
from zsris_ros.referring.grounding.relation_scores import AnchorMasks, GroundedAnchor, relation_fit
from zsris_ros.referring.grounding.semantic_scores import SemanticScores
from zsris_ros.referring.objects.object_filter import objectness
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.torch_utils.batching import single_thread
from zsris_ros.types import NounPhrase, Relation, Scene
from zsris_ros.vision.protocols import Localiser, TextEncoder

_MULTITHREADED_PIXELS = 1 << 26
"""Pixels of all masks from which several threads are faster than one."""


@dataclass(frozen=True)
class Grounding:
    """The scores of N masks for a noun phrase.

    Attributes:
        scores: Probability times the weighted mask quality, which chooses between masks of one
            object; float32 N in [0, 1].
        terms: The fits of the evidence by name, each N.
        anchors: The best mask of each anchor.
        probability: The score from evidence alone, float32 N.
        members: Bool N, the objects that a superlative, an ordinal or a place orders; else None.
        missing_anchors: The phrases of anchors without a proposal.
        whole: The phrase that was grounded in place of a part of it without a known name.
        unknown: The words of the phrase that the weights never saw.
    """

    scores: Tensor
    terms: Mapping[str, Tensor]
    anchors: tuple[GroundedAnchor, ...]
    probability: Tensor
    members: Tensor | None = None
    missing_anchors: tuple[str, ...] = ()
    whole: str | None = None
    unknown: tuple[str, ...] = ()


class Grounder:
    """Grounds noun phrases in scenes.

    Args:
        clip: Encodes texts.
        localiser: Makes the coherence map; None leaves it out.
        settings: The preset's settings.
        interpretation: Separates relations from positions and posture; ablations replace it.
    """

    def __init__(
        self,
        clip: TextEncoder,
        localiser: Localiser | None,
        settings: ReferSettings,
        interpretation: Callable[[NounPhrase], Interpretation] = interpret,
    ) -> None:
        self._clip, self._localiser, self._settings = clip, localiser, settings
        self._semantics = SemanticScores(clip, settings)
        self._calibration, self._interpret = settings.calibration, interpretation

    def ground(self, scene: Scene, target: NounPhrase) -> Grounding:
        """Score every mask of a scene that has at least one."""
        template = None if self._localiser is None else self._localiser.template
        # One batch; later calls with single texts are answered by the cache.
        self._clip.encode_text(
            expression_texts(target, self._settings, template, self._clip.unknown_words)
        )
        with single_thread(scene.proposals.masks.size < _MULTITHREADED_PIXELS):
            return self._ground(scene, target)

    def better_names(
        self, scene: Scene, target: NounPhrase, indices: Sequence[int]
    ) -> dict[int, str]:
        """Return the masks among ``indices`` with a better name than the target's, and that name.

        See ``SemanticScores.better_names``.
        """
        return self._semantics.better_names(scene, self._interpret(target).phrase, indices)

    def _ground(self, scene: Scene, phrase: NounPhrase) -> Grounding:
        if (whole := self._whole_of_unknown_part(phrase)) is not None:
            return replace(self._ground(scene, whole), whole=whole.text)
        interpretation = self._interpret(phrase)
        target = interpretation.phrase
        ordered = bool(target.ordinal or target.superlative or target.position)
        spatial = ordered or any(each.certainty > 0.5 for each in target.relations)
        terms: dict[str, Tensor] = {}
        terms["match"], membership = self._semantics.match(scene, target, spatial)
        if unknown := self._semantics.unknown_words(target):
            terms["known"] = torch.zeros(len(scene.proposals))
        anchors, missing = self._add_relations(scene, target, membership, terms)
        for excluded in target.excluded:
            terms["not"] = terms.get("not", 1.0) * (1 - self._excluded_fit(scene, excluded))
        if not (is_neutral(target.head) or any(each.kind == "part_of" for each in anchors)):
            terms["thing"] = objectness(scene.proposals, whole_objects(scene))
        if self._localiser is not None and not is_neutral(target.head):
            terms["coherence"] = coherence_fit(scene, self._localiser, target)
        if interpretation.posture is not None:
            terms["posture"] = posture_fit(scene, interpretation.posture)
        if interpretation.handle is not None:
            rest = self._calibration.probability(terms)
            terms["handle"] = handle_fit(scene, interpretation.handle, rest)
        members = None
        if ordered:
            # "match" holds more than membership in spatial expressions.
            fit = relative_fit(self._calibration.probability({**terms, "match": membership}))
            members = self._add_order(scene, interpretation, fit, terms)
        self._add_existence(scene, target, anchors, terms)
        probability = self._calibration.probability(terms)
        quality = torch.from_numpy(scene.proposals.quality)
        scores = probability * quality**self._settings.quality_exponent
        return Grounding(
            scores, terms, tuple(anchors), probability, members, tuple(missing), unknown=unknown
        )

    def _whole_of_unknown_part(self, phrase: NounPhrase) -> NounPhrase | None:
        """Return the whole of a part, if the weights were trained with the whole's noun alone.

        "The top drawer of the cabinet" is then grounded as the cabinet.
        """
        wholes = [each for each in phrase.relations if each.kind == "part_of"]
        if is_known(phrase, self._settings) or len(wholes) != 1 or len(wholes[0].anchors) != 1:
            return None
        (whole,) = wholes[0].anchors
        return whole if is_known(whole, self._settings) else None

    def _add_relations(
        self, scene: Scene, target: NounPhrase, membership: Tensor, terms: dict[str, Tensor]
    ) -> tuple[list[GroundedAnchor], list[str]]:
        """Add the relations' fits to ``terms``; return the anchors, and those without a mask."""
        anchors: list[GroundedAnchor] = []
        missing: list[str] = []
        for each in target.relations:
            relation = self._with_known_certainty(each)
            fit = self._relation_fit(scene, relation, membership, anchors, missing)
            if not self._calibration.measured:
                fit = best_probability(fit, membership, competing_masks(scene))
            fit = 1 - relation.certainty * (1 - fit)
            terms[relation.kind] = terms.get(relation.kind, torch.ones(len(fit))) * fit
        return anchors, missing

    def _with_known_certainty(self, relation: Relation) -> Relation:
        """Return a relation, less certain if the weights never saw the noun of an anchor.

        That no mask shows a "workbench" says little about such weights' scenes.
        """
        if all(is_known(anchor, self._settings) for anchor in relation.anchors):
            return relation
        return replace(relation, certainty=RELIABILITY["known"] * relation.certainty)

    def _relation_fit(
        self,
        scene: Scene,
        relation: Relation,
        membership: Tensor,
        anchors: list[GroundedAnchor],
        missing: list[str],
    ) -> Tensor:
        """Return Eq. 5 over the masks of the anchors, N in [0, 1]."""
        masks = []
        for anchor in relation.anchors:
            probability = self._ground(scene, anchor).probability
            shown = self._presence_of(scene, anchor, probability)
            best = int(probability.argmax())
            score, certainty = float(probability[best]), relation.certainty
            anchors.append(GroundedAnchor(anchor.text, relation.kind, best, score, certainty))
            masks.append(AnchorMasks(keep_top(probability, self._settings.anchor_masks), shown))
            if shown.max() < 0.5:
                missing.append(anchor.text)
        # Measured scores refute a relation to a missing anchor; others keep the side it names.
        fallback = torch.zeros(len(membership))
        if not self._calibration.measured:
            fallback = side_fit(scene, SIDES.get(relation.kind), membership)
        return relation_fit(scene, relation.kind, masks, fallback)

    def _add_order(
        self, scene: Scene, interpretation: Interpretation, fit: Tensor, terms: dict[str, Tensor]
    ) -> Tensor:
        """Add the fits of order and place to ``terms``; return bool N, the ordered objects.

        ``fit`` N is that of each mask to the rest of the phrase.
        """
        target = interpretation.phrase
        counted = fit * representatives(scene, fit)
        order = order_fit(scene, target, fit, counted)
        terms["order"] = 1 - interpretation.order_certainty * (1 - order)
        if target.position:
            terms["place"] = place_fit(scene, target.position)
            if {"front", "back"} & set(target.position):
                # Depth has no middle as the image has: the farthest is at the back.
                terms["place"] = 1 - (1 - terms["place"]) * (1 - terms["order"])
        return counted > 0.5

    def _excluded_fit(self, scene: Scene, excluded: NounPhrase) -> Tensor:
        """Return the fit of each mask to an excluded object, N in [0, 1]."""
        grounding = self._ground(scene, excluded)
        if grounding.members is not None and not excluded.position:
            return (grounding.scores == grounding.scores.max()).float()
        if self._calibration.measured:
            return grounding.probability
        shown = self._presence_of(scene, excluded, grounding.probability)
        return grounding.probability * shown.max()

    def _presence_of(self, scene: Scene, phrase: NounPhrase, probability: Tensor) -> Tensor:
        """Return the probability that each mask shows a phrase, N in [0, 1].

        Relative to the best mask with measured scores, whose term "anchor" holds the existence.
        """
        if self._calibration.measured:
            return relative_fit(probability)
        if is_neutral(phrase.head) and not phrase.attributes:
            return torch.ones(len(probability))
        return self._semantics.presence(scene, phrase)

    def _add_existence(
        self,
        scene: Scene,
        target: NounPhrase,
        anchors: list[GroundedAnchor],
        terms: dict[str, Tensor],
    ) -> None:
        """Add the existence of the object and its anchors to ``terms``: equal for all masks."""
        measured, count = self._calibration.scaling, len(scene.proposals)
        if "presence" in measured and (target.attributes or not is_neutral(target.head)):
            best = int(self._calibration.probability(terms).argmax())
            terms["presence"] = self._semantics.presence(scene, target)[best].expand(count)
        if "anchor" in measured and anchors:
            exist = prod(1 - each.certainty * (1 - each.score) for each in anchors)
            terms["anchor"] = torch.full((count,), exist)

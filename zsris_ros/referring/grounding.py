"""What an expression says about every mask, the variant a robot uses ("product").

HybridGL's parts, put together so that each can veto: a mask's score is the product of how well it
matches the noun phrase (Eq. 3), of the support its relations find among the anchors (Eq. 5), of its
place in the picture (Eq. 6) and of its rank, and may lose up to a share beta for lying off the
coherence map (Eqs. 7-9). Anchors are grounded first, by the same function, so chains work from the
inside out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from zsris_ros.guidance.coherence import PRODUCT_WEIGHTS, directed_map, guidance_scores
from zsris_ros.guidance.fusion import anchor_support, keep_best, pairs_of
from zsris_ros.guidance.positions import position_map
from zsris_ros.guidance.relations import between, soft_relation
from zsris_ros.language.phrases import anchor_expression, is_neutral, noun_phrase
from zsris_ros.referring.matching import distinct, phrase_match, prefer_wholes
from zsris_ros.referring.order import ordinal_shares, superlative_shares
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.things import find_things
from zsris_ros.types import Expression, Relation, Scene
from zsris_ros.vision.clip import OpenClipModel
from zsris_ros.vision.localisation import Localiser

OVERLAPPING = ("part_of", "with", "inside", "on")
"""Relations between things that may cover each other in the picture."""


@dataclass(frozen=True)
class GroundedAnchor:
    """The mask that stands for an anchor: its index and how well it matches."""

    phrase: str
    kind: str
    index: int
    score: float


@dataclass(frozen=True)
class Grounding:
    """``scores`` float32 N in [0, 1] and the named ``terms`` (each N) whose product they are."""

    scores: Tensor
    terms: Mapping[str, Tensor]
    anchors: tuple[GroundedAnchor, ...]


class Grounder:
    """Grounds expressions in scenes with one CLIP, one localiser and one preset's settings."""

    def __init__(
        self, clip: OpenClipModel, localiser: Localiser | None, settings: ReferSettings
    ) -> None:
        self._clip, self._localiser, self._settings = clip, localiser, settings

    def ground(self, scene: Scene, expression: Expression) -> Grounding:
        """Score every mask of a scene that has at least one."""
        phrase = noun_phrase(expression)
        terms = {"match": self._match(scene, expression, phrase)}
        anchors: list[GroundedAnchor] = []
        for relation in expression.relations:
            support, found = self._support(scene, relation)
            terms[relation.kind] = terms.get(relation.kind, torch.ones(len(support))) * support
            anchors.extend(found)
        for excluded in expression.excluded:
            terms["not"] = terms.get("not", 1.0) * (1 - self._phrase(scene, excluded, excluded))
        if expression.position:
            terms["place"] = self._place(scene, expression.position) ** self._settings.place
        if self._localiser is not None and not is_neutral(expression.head):
            terms["coherence"] = self._coherence(scene, expression, phrase)
        if self._settings.objectness:
            quality = torch.from_numpy(scene.proposals.quality)
            terms["object"] = quality**self._settings.objectness
        terms |= self._order(scene, expression, terms)
        scores = torch.stack(list(terms.values())).prod(0)
        return Grounding(scores, terms, tuple(anchors))

    def _match(self, scene: Scene, expression: Expression, phrase: str) -> Tensor:
        if is_neutral(expression.head):
            things = scene.things
            if things is None:
                things = find_things(scene.frame, scene.proposals)
            alone = torch.from_numpy(things).float()
            if not expression.attributes:
                return alone
            return alone * self._phrase(scene, phrase, phrase)
        match = self._phrase(scene, expression.text, phrase)
        if any(relation.kind == "part_of" for relation in expression.relations):
            return match
        return prefer_wholes(match, scene.proposals, self._settings.whole)

    def _phrase(self, scene: Scene, sentence: str, phrase: str) -> Tensor:
        both = self._clip.encode_text([sentence, phrase])
        return phrase_match(scene, both[0], both[1], self._settings).cpu()

    def _support(self, scene: Scene, relation: Relation) -> tuple[Tensor, list[GroundedAnchor]]:
        """The sum of Eq. 5 over the anchors' best masks, N in [0, 1], and each anchor's best."""
        weights, found = [], []
        for anchor in relation.anchors:
            scores = self.ground(scene, anchor_expression(anchor)).scores
            best = int(scores.argmax())
            found.append(GroundedAnchor(anchor.target, relation.kind, best, float(scores[best])))
            weights.append(keep_best(scores**2, self._settings.anchors))
        boxes = torch.from_numpy(scene.proposals.boxes)
        points = torch.from_numpy(scene.points)
        if relation.kind == "between":
            pairs, pair_weights = pairs_of(weights[0], weights[-1], self._settings.anchors)
            if not len(pairs):
                return torch.zeros(len(boxes)), found
            return anchor_support(pair_weights, between(boxes, pairs, points)), found
        areas = torch.from_numpy(scene.proposals.areas)
        related = soft_relation(relation.kind, boxes, areas, points)
        support = torch.ones(len(boxes))
        for weight, grounded in zip(weights, found, strict=True):
            support = support * anchor_support(weight, related)
            support[_same_thing(scene, grounded)] = 0.0
        return support, found

    def _place(self, scene: Scene, positions: tuple[str, ...]) -> Tensor:
        """The mean of Eq. 6's map inside each mask, N in [0, 1]."""
        masks = torch.from_numpy(scene.proposals.coarse)
        depth = scene.frame.depth
        coarse_depth = None if depth is None else torch.from_numpy(depth[::4, ::4].copy())
        places = position_map(positions, masks.shape[1], masks.shape[2], coarse_depth)
        return (masks * places).sum((1, 2)) / masks.sum((1, 2)).clamp_min(1e-6)

    def _coherence(self, scene: Scene, expression: Expression, phrase: str) -> Tensor:
        """1 for the mask with the best S_g (Eq. 8), falling to 1 - beta for the worst."""
        assert self._localiser is not None
        if scene.patches is None:
            return torch.ones(len(scene.proposals))
        masks = torch.from_numpy(scene.proposals.coarse)
        height, width = masks.shape[1:]
        text = self._localiser.encode_phrases([phrase])[0]
        heat = self._localiser.heat_map(scene.patches, text, height, width).cpu()
        directed = directed_map(heat, position_map(expression.position, height, width))
        usual = PRODUCT_WEIGHTS[""]
        weights = PRODUCT_WEIGHTS.get(expression.superlative or "", usual)
        guidance = guidance_scores(masks, directed, weights)
        span = guidance.max() - guidance.min()
        share = (guidance - guidance.min()) / span if span > 1e-6 else torch.ones_like(guidance)
        return 1 - self._settings.guidance_weight * (1 - share)

    def _order(
        self, scene: Scene, expression: Expression, terms: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Rank among the masks that fit all the rest; "second from the left" before "biggest"."""
        if expression.ordinal is None and expression.superlative is None:
            return {}
        fit = torch.stack([term for name, term in terms.items() if name != "coherence"]).prod(0)
        members = _members(scene, fit, self._settings.member)
        if expression.ordinal is not None:
            index, side = expression.ordinal.index, expression.ordinal.side
            return {"order": ordinal_shares(index, side, scene, members)}
        return {"order": superlative_shares(str(expression.superlative), scene, members)}


def _same_thing(scene: Scene, anchor: GroundedAnchor) -> Tensor:
    """bool N: what stands for the anchor is not the target, nor, mostly, what it overlaps with."""
    overlap = 1.0 if anchor.kind in OVERLAPPING else 0.5
    same = torch.from_numpy(scene.proposals.shared[anchor.index] > overlap)
    same[anchor.index] = True
    return same


def _members(scene: Scene, fit: Tensor, share: float) -> Tensor:
    """bool N: masks that fit at least ``share`` as well as the best, no two of the same thing."""
    members = torch.zeros(len(fit), dtype=torch.bool)
    least = max(share * float(fit.max()), 1e-9)
    order = [
        i for i in torch.argsort(fit, descending=True, stable=True).tolist() if fit[i] >= least
    ]
    members[distinct(scene.proposals, order)] = True
    return members

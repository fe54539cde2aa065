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
from math import prod

import torch
from torch import Tensor

from zsris_ros.guidance.coherence import PRODUCT_WEIGHTS, directed_map, guidance_scores
from zsris_ros.guidance.fusion import keep_best
from zsris_ros.guidance.positions import position_map
from zsris_ros.language.phrases import anchor_expression, exclusions, is_neutral, noun_phrase
from zsris_ros.portions import one_thread
from zsris_ros.referring.calibration import presence
from zsris_ros.referring.matching import distinct, likeness, phrase_match, prefer_wholes
from zsris_ros.referring.order import ordinal_shares, superlative_shares
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.support import GroundedAnchor, support_of
from zsris_ros.referring.texts import negatives_of, texts_of
from zsris_ros.referring.things import find_things
from zsris_ros.types import BoolArray, Expression, Relation, Scene
from zsris_ros.vision.clip import OpenClipModel
from zsris_ros.vision.localisation import Localiser

_WORTH_THREADS = 1 << 26  # pixels of all masks


@dataclass(frozen=True)
class Grounding:
    """``scores`` float32 N in [0, 1] and the named ``terms`` (each N) whose product they are.

    ``probability`` float32 N: that a mask is what was asked for, as calibrated on the evidence
    among the terms. ``members`` bool N are the things that a superlative or an ordinal orders, None
    without one.
    """

    scores: Tensor
    terms: Mapping[str, Tensor]
    anchors: tuple[GroundedAnchor, ...]
    probability: Tensor
    members: Tensor | None = None


class Grounder:
    """Grounds expressions in scenes with one CLIP, one localiser and one preset's settings."""

    def __init__(
        self, clip: OpenClipModel, localiser: Localiser | None, settings: ReferSettings
    ) -> None:
        self._clip, self._localiser, self._settings = clip, localiser, settings

    def ground(self, scene: Scene, expression: Expression) -> Grounding:
        """Score every mask of a scene that has at least one."""
        template = None if self._localiser is None else self._localiser.template
        # In one go; what asks for single texts below finds them remembered.
        self._clip.encode_text(texts_of(expression, self._settings.negatives, template))
        with one_thread(scene.proposals.masks.size < _WORTH_THREADS):
            return self._ground(scene, expression)

    def _ground(self, scene: Scene, expression: Expression) -> Grounding:
        terms, anchors = self._fit(scene, expression)
        if self._localiser is not None and not is_neutral(expression.head):
            terms["coherence"] = self._coherence(scene, expression)
        if self._settings.objectness:
            quality = torch.from_numpy(scene.proposals.quality)
            terms["object"] = quality**self._settings.objectness
        members = None
        if expression.ordinal is not None or expression.superlative is not None:
            fit = _product(terms, without=("coherence",))
            members = _members(scene, fit, self._settings.member)
            terms["order"] = _order(scene, expression, members)
        likely = self._settings.calibration.probability(terms)
        return Grounding(_product(terms), terms, anchors, likely, members)

    def _fit(
        self, scene: Scene, expression: Expression
    ) -> tuple[dict[str, Tensor], tuple[GroundedAnchor, ...]]:
        """How well each mask is what was named, where it was said to be; and the anchors."""
        terms = {"match": self._match(scene, expression)}
        if expression.attributes or not is_neutral(expression.head):
            terms["presence"] = self._presence(scene, expression)
        part = any(relation.kind == "part_of" for relation in expression.relations)
        if not (part or is_neutral(expression.head)):
            terms["thing"] = likeness(scene.proposals, _things(scene))
        anchors: list[GroundedAnchor] = []
        for relation in expression.relations:
            support, found = self._support(scene, relation)
            terms[relation.kind] = terms.get(relation.kind, torch.ones(len(support))) * support
            anchors.extend(found)
        if anchors:
            there = prod(anchor.score for anchor in anchors)
            terms["anchor"] = torch.full_like(terms["match"], there)
        for excluded in exclusions(expression):
            terms["not"] = terms.get("not", 1.0) * (1 - self._excluded(scene, excluded))
        if expression.position:
            whole = next((anchor for anchor in anchors if anchor.kind == "part_of"), None)
            terms["place"] = _place(scene, expression.position, whole) ** self._settings.place
        return terms, tuple(anchors)

    def _match(self, scene: Scene, expression: Expression) -> Tensor:
        phrase = noun_phrase(expression)
        things = _things(scene)
        if is_neutral(expression.head):
            alone = torch.from_numpy(things).float()
            if not expression.attributes:
                return alone
            return alone * self._phrase(scene, phrase, phrase)
        match = self._phrase(scene, expression.text, phrase)
        if any(relation.kind == "part_of" for relation in expression.relations):
            return match
        return prefer_wholes(match, scene.proposals, self._settings.whole, things)

    def _phrase(self, scene: Scene, sentence: str, phrase: str) -> Tensor:
        both = self._clip.encode_text([sentence, phrase])
        return phrase_match(scene, both[0], both[1], self._settings)

    def _presence(self, scene: Scene, expression: Expression) -> Tensor:
        """How well the phrase holds its own against others about the same mask."""
        others = negatives_of(expression, self._settings.negatives)
        texts = self._clip.encode_text([noun_phrase(expression), *others])
        return presence(scene.features, texts[0], texts[1:], self._settings.logit_scale)

    def _excluded(self, scene: Scene, expression: Expression) -> Tensor:
        """How well each mask fits what was said not to be meant, N in [0, 1]."""
        if expression.ordinal is not None or expression.superlative is not None:
            scores = self._ground(scene, expression).scores
            return (scores == scores.max()).float()
        terms, _ = self._fit(scene, expression)
        return _product(terms)

    def _support(
        self, scene: Scene, relation: Relation
    ) -> tuple[Tensor, tuple[GroundedAnchor, ...]]:
        """The sum of Eq. 5 over the anchors' best masks, N in [0, 1], and each anchor's best."""
        weights, found = [], []
        for anchor in relation.anchors:
            expression = anchor_expression(anchor)
            grounding = self._ground(scene, expression)
            likely = grounding.probability
            best = int(likely.argmax())
            found.append(GroundedAnchor(anchor.target, relation.kind, best, float(likely[best])))
            count = self._settings.anchors if grounding.members is None else 1
            weights.append(keep_best(likely**2, count))
        return support_of(scene, relation.kind, weights, found), tuple(found)

    def _coherence(self, scene: Scene, expression: Expression) -> Tensor:
        """1 for the mask with the best S_g (Eq. 8), falling to 1 - beta for the worst."""
        assert self._localiser is not None
        if scene.patches is None:
            return torch.ones(len(scene.proposals))
        masks = torch.from_numpy(scene.proposals.coarse)
        height, width = masks.shape[1:]
        text = self._localiser.encode_phrases([noun_phrase(expression)])[0]
        heat = self._localiser.heat_map(scene.patches, text, height, width)
        directed = directed_map(heat, position_map(expression.position, height, width))
        usual = PRODUCT_WEIGHTS[""]
        weights = PRODUCT_WEIGHTS.get(expression.superlative or "", usual)
        guidance = guidance_scores(masks, directed, weights)
        span = guidance.max() - guidance.min()
        share = (guidance - guidance.min()) / span if span > 1e-6 else torch.ones_like(guidance)
        return 1 - self._settings.guidance_weight * (1 - share)


def _product(terms: Mapping[str, Tensor], without: tuple[str, ...] = ()) -> Tensor:
    # These say whether there is such a thing, not which of its masks is the best.
    left_out = ("presence", "thing", *without)
    return torch.stack([term for name, term in terms.items() if name not in left_out]).prod(0)


def _things(scene: Scene) -> BoolArray:
    return find_things(scene.frame, scene.proposals) if scene.things is None else scene.things


def _place(scene: Scene, positions: tuple[str, ...], whole: GroundedAnchor | None) -> Tensor:
    """The mean of Eq. 6's map inside each mask, N in [0, 1].

    The place of a part is its place in the whole: "the top pocket of the shirt".
    """
    masks = torch.from_numpy(scene.proposals.coarse)
    depth = scene.frame.depth
    coarse_depth = None if depth is None else torch.from_numpy(depth[::4, ::4].copy())
    places = torch.zeros(masks.shape[1:])
    x, y, w, h = (0, 0, masks.shape[2], masks.shape[1])
    if whole is not None:
        left, top, width, height = scene.proposals.boxes[whole.index]
        x, y = int(left) // 4, int(top) // 4
        w, h = int(left + width) // 4 - x + 1, int(top + height) // 4 - y + 1
    window = (slice(y, y + h), slice(x, x + w))
    inside = None if coarse_depth is None else coarse_depth[window]
    places[window] = position_map(positions, h, w, inside)
    return (masks * places).sum((1, 2)) / masks.sum((1, 2)).clamp_min(1e-6)


def _order(scene: Scene, expression: Expression, members: Tensor) -> Tensor:
    """Rank among the things that fit all the rest; "second from the left" before "biggest"."""
    if expression.ordinal is not None:
        return ordinal_shares(expression.ordinal.index, expression.ordinal.side, scene, members)
    count = expression.number if isinstance(expression.number, int) else 1
    return superlative_shares(str(expression.superlative), scene, members, count)


def _members(scene: Scene, fit: Tensor, share: float) -> Tensor:
    """bool N: masks that fit at least ``share`` as well as the best, no two of the same thing."""
    members = torch.zeros(len(fit), dtype=torch.bool)
    least = max(share * float(fit.max()), 1e-9)
    order = [
        i for i in torch.argsort(fit, descending=True, stable=True).tolist() if fit[i] >= least
    ]
    members[distinct(scene.proposals, order)] = True
    return members

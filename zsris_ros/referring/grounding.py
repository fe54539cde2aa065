"""How well every mask of a scene fits an expression, in the variant for robots ("product").

The score of a mask is log-linear in the evidence of HybridGL's parts (``calibration``): how well it
matches sentence and noun phrase (Eq. 3), its relations to the anchors (Eq. 5), its place in the
picture (Eq. 6), the coherence map (Eqs. 7 and 8), and its rank among the masks that fit all that.
Evidence that cannot be judged, such as a relation to an anchor that was not proposed, is neutral.
Anchors are grounded first, by the same function, so chains work from the inside out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from zsris_ros.guidance.coherence import PRODUCT_WEIGHTS, directed_map, guidance_scores
from zsris_ros.guidance.fusion import keep_top, mix_text_features, semantic_logits
from zsris_ros.guidance.positions import position_map
from zsris_ros.language.interpretation import SIDES, interpret
from zsris_ros.language.phrasing import (
    anchor_expression,
    description,
    exclusions,
    is_neutral,
    noun_phrase,
)
from zsris_ros.referring.calibration import presence
from zsris_ros.referring.object_filter import distinct, find_things, likeness, prefer_wholes
from zsris_ros.referring.prompts import negatives_of, prompts, texts_of
from zsris_ros.referring.ranking import (
    best_shares,
    first_shares,
    graded_shares,
    ordinal_shares,
    place_key,
    place_precedence,
    precedence,
)
from zsris_ros.referring.relation_scores import AnchorMasks, GroundedAnchor, relation_fit
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.torch_utils.batching import single_thread
from zsris_ros.types import BoolArray, Expression, Relation, Scene
from zsris_ros.vision.protocols import Localiser, TextEncoder

_WORTH_THREADS = 1 << 26  # pixels of all masks
_SAME, _PART = 0.5, 0.9
"""Two masks are one object above this IoU, or where the larger holds this share of the smaller."""
_SLENDER = 2.0
"""How fast the logit of standing grows with the logarithm of height by width."""
_BESIDE_SPACE = 0.1
"""Weight of semantics beyond membership where space decides: enough to settle ties."""


@dataclass(frozen=True)
class Grounding:
    """``scores`` float32 N in [0, 1] and the fits of the evidence by name (``terms``, each N).

    ``probability`` float32 N: the score from evidence alone; ``scores`` also hold the proposer's
    own confidence, which decides between masks of one object. ``members`` bool N are the objects
    that a superlative, an ordinal or a place orders, None without one. ``unknown`` names the
    anchors of which no proposal was found.
    """

    scores: Tensor
    terms: Mapping[str, Tensor]
    anchors: tuple[GroundedAnchor, ...]
    probability: Tensor
    members: Tensor | None = None
    unknown: tuple[str, ...] = ()


class Grounder:
    """Grounds expressions in scenes with one CLIP, one localiser and one preset's settings."""

    def __init__(
        self,
        clip: TextEncoder,
        localiser: Localiser | None,
        settings: ReferSettings,
        *,
        places: bool = True,
    ) -> None:
        """``places`` False leaves out places in the picture, for an ablation."""
        self._clip, self._localiser, self._settings = clip, localiser, settings
        self._calibration, self._places = settings.calibration, places

    def ground(self, scene: Scene, expression: Expression) -> Grounding:
        """Score every mask of a scene that has at least one."""
        template = None if self._localiser is None else self._localiser.template
        # In one go; the cache answers when single texts are needed below.
        self._clip.encode_text(texts_of(expression, self._settings, template))
        with single_thread(scene.proposals.masks.size < _WORTH_THREADS):
            return self._ground(scene, expression)

    def _ground(self, scene: Scene, expression: Expression) -> Grounding:
        read = interpret(expression)
        expression = read.expression
        if not self._places:
            expression = replace(expression, position=())
        ordered = bool(expression.ordinal or expression.superlative or expression.position)
        spatial = ordered or any(each.certainty > 0.5 for each in expression.relations)
        match, targets = self._match(scene, expression, spatial)
        terms = {"match": match}
        competing = _competing(scene)
        anchors: list[GroundedAnchor] = []
        unknown: list[str] = []
        for relation in expression.relations:
            fit, found, missing = self._related(scene, relation, targets, competing)
            if not self._calibration.measured:
                fit = best_shares(fit, targets, competing)
            fit = 1 - relation.certainty * (1 - fit)
            terms[relation.kind] = terms.get(relation.kind, torch.ones(len(fit))) * fit
            anchors.extend(found)
            unknown.extend(missing)
        for excluded in exclusions(expression):
            terms["not"] = terms.get("not", 1.0) * (1 - self._excluded(scene, excluded))
        if not (is_neutral(expression.head) or any(each.kind == "part_of" for each in anchors)):
            terms["thing"] = likeness(scene.proposals, _things(scene))
        if self._localiser is not None and not is_neutral(expression.head):
            terms["coherence"] = self._coherence(scene, expression)
        if read.posture is not None:
            terms["posture"] = _upright(scene, read.posture)
        members = None
        if ordered:
            # Not by ``match``, which holds more than membership where space decides.
            fit = _relative(self._calibration.probability({**terms, "match": targets}))
            counted = fit * _representatives(scene, fit)
            order = _order(scene, expression, fit, counted, competing)
            terms["order"] = 1 - read.order_certainty * (1 - order)
            members = counted > 0.5
        if expression.position:
            terms["place"] = _region(scene, expression.position)
        self._add_absolute(scene, expression, terms, anchors)
        likely = self._calibration.probability(terms)
        scores = likely
        if self._settings.objectness:
            quality = torch.from_numpy(scene.proposals.quality)
            scores = likely * quality**self._settings.objectness
        return Grounding(scores, terms, tuple(anchors), likely, members, tuple(unknown))

    def _add_absolute(
        self,
        scene: Scene,
        expression: Expression,
        terms: dict[str, Tensor],
        anchors: list[GroundedAnchor],
    ) -> None:
        """Evidence that the object, or its anchor, is there at all: the same for every mask."""
        measured = self._calibration.scaling
        count = len(scene.proposals)
        if "presence" in measured and (expression.attributes or not is_neutral(expression.head)):
            best = int(self._calibration.probability(terms).argmax())
            terms["presence"] = self._presence(scene, expression)[best].expand(count)
        if "anchor" in measured and anchors:
            there = 1.0
            for anchor in anchors:
                there *= anchor.score
            terms["anchor"] = torch.full((count,), there)

    def _match(self, scene: Scene, expression: Expression, spatial: bool) -> tuple[Tensor, Tensor]:
        """Eq. 3 as a share in [0, 1], N, and how well each mask fits the phrase, N in [0, 1].

        Calibrated models answer by themselves (the sigmoid of scale * cosine + bias). Of others a
        logit only means something beside the best one's. Where the expression is ``spatial``, the
        phrase says who takes part and space which of these is meant, so that a mask within
        ``margin`` of the best one fits as well (sigmoid), and what lies beyond settles ties.
        """
        phrase = description(expression)
        if phrase is None:
            alone = 1 - 0.9 * (1 - likeness(scene.proposals, _things(scene)))
            return alone, alone
        logits = self._logits(scene, expression.text, phrase)
        if self._settings.calibrated:
            match = torch.sigmoid(logits + self._settings.logit_bias)
            match = self._among_things(scene, expression, match)
            return match, match
        behind = logits - logits.max()
        fits = torch.sigmoid(behind + self._settings.margin)
        match = fits * (_BESIDE_SPACE * behind).exp() if spatial else behind.exp()
        return (
            self._among_things(scene, expression, match),
            self._among_things(scene, expression, _relative(fits)),
        )

    def _among_things(self, scene: Scene, expression: Expression, match: Tensor) -> Tensor:
        """``match`` N with parts behind their wholes, and objects only for a neutral head."""
        things = _things(scene)
        if is_neutral(expression.head):
            return match * (1 - 0.9 * (1 - likeness(scene.proposals, things)))
        if any(relation.kind == "part_of" for relation in expression.relations):
            return match
        return prefer_wholes(match, scene.proposals, self._settings.whole, things)

    def _logits(self, scene: Scene, sentence: str, phrase: str) -> Tensor:
        """S_sem of Eq. 3, N: the sentence, and the mean of the phrase in the preset's prompts."""
        texts = self._clip.encode_text([sentence, *prompts(phrase, self._settings.templates)])
        text = mix_text_features(texts[0], texts[1:].mean(dim=0), self._settings.text_mix)
        return semantic_logits(scene.features, text, self._settings.logit_scale)

    def _presence(self, scene: Scene, expression: Expression) -> Tensor:
        """How well the phrase holds its own against others about the same mask, N."""
        others = negatives_of(expression, self._settings.negatives)
        texts = self._clip.encode_text([noun_phrase(expression), *others])
        return presence(scene.features, texts[0], texts[1:], self._settings.logit_scale)

    def _shown(self, scene: Scene, expression: Expression, likely: Tensor) -> Tensor:
        """How probable it is that each mask shows what an expression names, N in [0, 1].

        Where it was measured the term "anchor" says so for all masks together, and ``likely``
        compares them. Other weights can at least tell whether a mask looks more like it than like
        anything at all.
        """
        if self._calibration.measured:
            return _relative(likely)
        if is_neutral(expression.head) and not expression.attributes:
            return torch.ones(len(likely))
        return self._presence(scene, expression)

    def _excluded(self, scene: Scene, expression: Expression) -> Tensor:
        """How well each mask fits what was said not to be meant, N in [0, 1]."""
        grounding = self._ground(scene, expression)
        if grounding.members is not None and not expression.position:
            return (grounding.scores == grounding.scores.max()).float()
        if self._calibration.measured:
            return grounding.probability
        shown = self._shown(scene, expression, grounding.probability)
        return grounding.probability * shown.max()

    def _related(
        self, scene: Scene, relation: Relation, targets: Tensor, competing: Tensor
    ) -> tuple[Tensor, tuple[GroundedAnchor, ...], list[str]]:
        """Eq. 5 over the anchors' masks, N in [0, 1]; each anchor's best mask; the anchors that no
        mask shows.
        """
        masks, found, unknown = [], [], []
        for anchor in relation.anchors:
            expression = anchor_expression(anchor)
            grounding = self._ground(scene, expression)
            likely = grounding.probability
            shown = self._shown(scene, expression, likely)
            best = int(likely.argmax())
            found.append(GroundedAnchor(anchor.target, relation.kind, best, float(likely[best])))
            masks.append(AnchorMasks(keep_top(likely, self._settings.anchors), shown))
            if shown.max() < 0.5:
                unknown.append(anchor.target)
        otherwise = self._without_anchor(scene, relation.kind, targets, competing)
        return relation_fit(scene, relation.kind, masks, otherwise), tuple(found), unknown

    def _without_anchor(
        self, scene: Scene, kind: str, targets: Tensor, competing: Tensor
    ) -> Tensor:
        """What a relation says of each mask where its anchor was not proposed, N in [0, 1].

        By measured scores there is then no such anchor, and nothing stands in the relation. Else
        the side that it names is left, or nothing (1).
        """
        if self._calibration.measured:
            return torch.zeros(len(targets))
        side = SIDES.get(kind)
        if side is None:
            return torch.ones(len(targets))
        before = place_precedence((side,), scene, targets) * competing
        return first_shares(before, targets)

    def _coherence(self, scene: Scene, expression: Expression) -> Tensor:
        """How much of the coherence map lies in each mask: S_g of Eq. 8, 1 for the best, N.

        Masks that differ by less than the map's mean heat (1) differ little: without that unit the
        smallest difference on a map that shows nothing would count in full.
        """
        assert self._localiser is not None
        if scene.patches is None:
            return torch.ones(len(scene.proposals))
        masks = torch.from_numpy(scene.proposals.coverage)
        height, width = masks.shape[1:]
        text = self._localiser.encode_phrases([noun_phrase(expression)])[0]
        heat = self._localiser.heat_map(scene.patches, text, height, width)
        directed = directed_map(heat, position_map(expression.position, height, width))
        usual = PRODUCT_WEIGHTS[""]
        weights = PRODUCT_WEIGHTS.get(expression.superlative or "", usual)
        guidance = guidance_scores(masks, directed, weights)
        behind = guidance.max() - guidance
        return 1 - behind / behind.max().clamp_min(1.0)


def _things(scene: Scene) -> BoolArray:
    return find_things(scene.frame, scene.proposals) if scene.is_object is None else scene.is_object


def _region(scene: Scene, positions: tuple[str, ...]) -> Tensor:
    """The mean of Eq. 6's map inside each mask, N in [0, 1]."""
    masks = torch.from_numpy(scene.proposals.coverage)
    depth = scene.frame.depth
    coarse_depth = None if depth is None else torch.from_numpy(depth[::4, ::4].copy())
    height, width = masks.shape[1:]
    places = position_map(positions, height, width, coarse_depth)
    return (masks * places).sum((1, 2)) / masks.sum((1, 2)).clamp_min(1e-6)


def _relative(fit: Tensor) -> Tensor:
    """How well each mask fits beside the best one, N in [0, 1]."""
    return fit / fit.max().clamp_min(1e-12)


def _upright(scene: Scene, posture: str) -> Tensor:
    """How much the shape of each mask is that of a thing that stands or lies, N in [0, 1]."""
    boxes = torch.from_numpy(scene.proposals.boxes)
    slender = ((boxes[:, 3] + 1) / (boxes[:, 2] + 1)).log()
    return torch.sigmoid(_SLENDER * (slender if posture == "standing" else -slender))


def _competing(scene: Scene) -> Tensor:
    """float32 NxN: 1 at [j, i] where mask j is another object than mask i.

    Masks that mostly coincide, and a part and its whole, are one object.
    """
    shared = torch.from_numpy(scene.proposals.containment)
    areas = torch.from_numpy(scene.proposals.areas)
    common = shared * torch.minimum(areas[:, None], areas[None, :])
    iou = common / (areas[:, None] + areas[None, :] - common).clamp_min(1)
    return ((iou <= _SAME) & (shared <= _PART)).float()


def _order(
    scene: Scene, expression: Expression, members: Tensor, counted: Tensor, competing: Tensor
) -> Tensor:
    """The probability of the rank that was named among those that fit the rest, N in [0, 1].

    ``members`` N is how well each mask fits the rest, ``counted`` N the same for one mask of each
    object and 0 for the others.
    """
    if expression.ordinal is not None:
        before = precedence(expression.ordinal.side, scene, members) * competing
        return ordinal_shares(expression.ordinal.index, before, counted)
    count = expression.number if isinstance(expression.number, int) else 1
    fit = torch.ones(len(members))
    if expression.superlative is not None:
        before = precedence(expression.superlative, scene, members) * competing
        fit = fit * first_shares(before, counted, count)
    if expression.position:
        if expression.number == "one":
            before = place_precedence(expression.position, scene, members) * competing
            fit = fit * first_shares(before, counted)
        else:
            key, _ = place_key(expression.position, scene, members)
            fit = fit * graded_shares(key, members)
    return fit


def _representatives(scene: Scene, members: Tensor) -> Tensor:
    """float32 N: 1 for one mask of each object, the one that fits best."""
    order = torch.argsort(members, descending=True, stable=True).tolist()
    chosen = torch.zeros(len(members))
    chosen[distinct(scene.proposals, order, _PART)] = 1.0
    return chosen

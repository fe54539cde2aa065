"""Resolvers of the papers: from a scene and a sentence to one mask.

"reference" fuses as the published code does: three masks compete, the relation's scores pass
through a second softmax, and the spatial guidance score is added raw, NaN included. "paper" fuses
as printed: all masks compete, and both scores are softmaxed (HybridGL Eqs. 3 to 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from time import perf_counter
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from zsris_ros.baselines.methods import Method
from zsris_ros.baselines.published_query import PublishedQuery, PublishedReader
from zsris_ros.guidance import coherence, fusion, positions, relations
from zsris_ros.referring.grounding.grounding import Grounding
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.verdict.decision import make_candidate
from zsris_ros.types import Proposals, ReferringResult, Scene, Verdict
from zsris_ros.vision.protocols import Localiser, TextEncoder

_TARGETS, _ANCHORS = 3, 6  # k1 and k2: candidates for the target, and for the other objects
_OTHER = "a photo of {}"
_PLACES = {"up": "top", "down": "bottom"}


@dataclass(frozen=True)
class PublishedScores:
    """Scores of the competing masks; the highest wins.

    In "reference" scores can be NaN, and NaN wins as in torch.
    """

    masks: Tensor  # indices of the K competing masks, int64
    final: Tensor  # their scores, K
    shares: Tensor  # the scores as shares of 1, K
    terms: Mapping[str, Tensor]  # named intermediate scores, N; 0 for a mask that does not compete

    @property
    def chosen(self) -> int:
        """Index of the best mask."""
        return int(self.masks[self.final.argmax()])


class PublishedResolver:
    """Resolves sentences in scenes with the same method's features.

    ``dot_product``: compare unit texts with features that are not normalised, as in the published
    code with a ResNet. The answer is always a mask if there is one.
    """

    def __init__(
        self,
        method: Method,
        clip: TextEncoder,
        localiser: Localiser | None,
        reader: PublishedReader,
        settings: ReferSettings | None = None,
        *,
        dot_product: bool = False,
    ) -> None:
        self.method, self._clip, self._localiser = method, clip, localiser
        self._reader, self._settings = reader, settings or ReferSettings()
        self._dot_product = dot_product
        self._reading: Literal["reference", "paper"] = (
            "paper" if method.variant == "paper" else "reference"
        )

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        """Return the method's mask. Raises InputError for a text without letter or digit."""
        start = perf_counter()
        query = self._reader.read(expression, self._reading)
        parsed = perf_counter()
        if not len(scene.proposals):
            empty = np.zeros(scene.frame.rgb.shape[:2], dtype=bool)
            message = "Nothing in this picture was proposed as an object."
            return ReferringResult(
                Verdict.NOT_FOUND, query.expression, (), empty, message, self._describe(query)
            )
        scores = self.scores(scene, query)
        shares = torch.zeros(len(scene.proposals)).index_put((scores.masks,), scores.shares)
        grounding = Grounding(shares, scores.terms, (), shares)
        order = torch.argsort(scores.final, descending=True, stable=True)
        candidates = tuple(make_candidate(scene, grounding, int(i)) for i in scores.masks[order])
        best, *others = candidates
        u, v = best.centroid_pixel
        message = f"{self.method.name} takes {query.noun_phrase} to be at pixel ({u:.0f}, {v:.0f})."
        terms = ", ".join(f"{name} {value:.3f}" for name, value in best.scores.items())
        timings = {"language": (parsed - start) * 1e3, "grounding": (perf_counter() - parsed) * 1e3}
        return ReferringResult(
            Verdict.FOUND,
            query.expression,
            (replace(best, selected=True), *others),
            scene.proposals.masks[best.index],
            message,
            f"{self._describe(query)}; best proposal {best.index} from {best.source}: {terms}",
            timings,
        )

    def scores(self, scene: Scene, query: PublishedQuery) -> PublishedScores:
        """Return the scores of a scene with at least one mask, with all terms."""
        self._clip.encode_text(self._texts(query))  # one batch; further calls use the cache
        if self.method.features is None:
            values = self._inside(scene, query)
            return _all_compete(values, {"map": values})
        logits = self._logits(scene, self._text(query))
        if self.method.variant == "paper":
            return self._as_printed(scene, query, logits)
        return self._as_published(scene, query, logits)

    def _as_published(self, scene: Scene, query: PublishedQuery, logits: Tensor) -> PublishedScores:
        p = torch.softmax(logits, dim=0)
        guidance = self.method.guidance
        guided = guidance.coherence or guidance.position
        terms = {"logit": logits, "match": p}
        if not guidance.relation and not guided:
            return _all_compete(logits, terms)
        q, related = None, None
        if guidance.relation:
            q = self._anchor_shares(scene, query)
            related = _relation(query.relation, scene)
        best = fusion.published_relation_scores(p, q, related, _TARGETS, _ANCHORS)
        if q is not None:
            terms["anchor"] = q
        terms["relation_sum"] = torch.zeros_like(p).index_put((best.masks,), best.sums.to(p))
        terms["relation"] = torch.zeros_like(p).index_put((best.masks,), best.scores.to(p))
        final = best.scores
        if guided:
            heat = self.heat(scene, query)
            size = query.relation if query.relation in coherence.PUBLISHED_WEIGHTS else ""
            weights = coherence.PUBLISHED_WEIGHTS[size]
            terms["guidance"] = coherence.guidance_scores(
                _masks(scene.proposals), heat, weights, guard=False
            )
            final = fusion.published_final_scores(best, terms["guidance"])
        return PublishedScores(best.masks, final, _shares(final), terms)

    def _as_printed(self, scene: Scene, query: PublishedQuery, logits: Tensor) -> PublishedScores:
        p = torch.softmax(logits, dim=0)
        guidance = self.method.guidance
        terms = {"logit": logits, "match": p}
        semantic = p
        q = self._anchor_shares(scene, query) if guidance.relation else None
        related = _relation(query.relation, scene) if q is not None else None
        if q is not None and related is not None:
            holds = torch.nan_to_num(related, 0, 0, 0)  # boxes without an area
            support = fusion.expected_relation(fusion.keep_top(q, _ANCHORS), holds)
            semantic = fusion.relation_likelihood(fusion.keep_top(p, _TARGETS), support)
            terms |= {"anchor": q, "relation": semantic}
        final = semantic
        if guidance.coherence or guidance.position:
            heat = self.heat(scene, query)
            weights = coherence.PRINTED_WEIGHTS[_size_word(query.sentence)]
            terms["guidance"] = coherence.guidance_scores(_masks(scene.proposals), heat, weights)
            final = fusion.fuse(semantic, terms["guidance"])
        return PublishedScores(torch.arange(len(final)), final, final, terms)

    def heat(self, scene: Scene, query: PublishedQuery) -> Tensor:
        """Return the guidance map G, float32 HxW with mean 1: Eq. 7.

        "reference" localises the noun phrase in the localiser's template and uses one position;
        "paper" localises the text of the masks' comparison, and multiplies all positions. For the
        CLIP Prior, "paper" uses VATEX's own text, the noun phrase in its template.
        """
        height, width = scene.frame.height, scene.frame.width
        guidance, paper = self.method.guidance, self.method.variant == "paper"
        heat = torch.ones(height, width)
        if guidance.coherence:
            heat = self._map(scene, self._printed_text(query) if paper else None, query)
        place = torch.ones(height, width)
        if guidance.position and paper:
            named = [_PLACES.get(name, name) for name in query.positions]
            place = positions.position_map(named, height, width)
        elif guidance.position:
            place = positions.published_position_map(query.position, height, width)
        return coherence.directed_map(heat, place, guard=paper)

    def _inside(self, scene: Scene, query: PublishedQuery) -> Tensor:
        """Return the mean of the text's map inside each mask, N."""
        heat = self._map(scene, self._printed_text(query), query)
        masks = _masks(scene.proposals).flatten(1)
        return (masks @ heat.flatten()) / masks.sum(1).clamp_min(1)

    def _printed_text(self, query: PublishedQuery) -> Tensor | None:
        """Return the printed text of the map; None for the noun phrase in a printed template."""
        return None if self.method.localisation == "clip-prior" else self._text(query)

    def _map(self, scene: Scene, text: Tensor | None, query: PublishedQuery) -> Tensor:
        """Return the map of a text, or of the noun phrase in the localiser's template."""
        assert self._localiser is not None
        assert scene.patches is not None
        if text is None:
            text = self._localiser.encode_phrases([query.noun_phrase])[0]
        frame = scene.frame
        return self._localiser.heat_map(scene.patches, text, frame.height, frame.width)

    def _text(self, query: PublishedQuery) -> Tensor:
        """Return the text compared with masks: sentence and noun phrase, mixed."""
        both = self._clip.encode_text([query.sentence, query.noun_phrase])
        if self._dot_product:
            both = F.normalize(both, dim=-1)
        return fusion.mix_text_features(both[0], both[1], self.method.text_mix)

    def _logits(self, scene: Scene, text: Tensor) -> Tensor:
        """Return Eq. 3, N: cosines, or dot products, times CLIP's scale."""
        scale = self._settings.logit_scale
        if self._dot_product:
            return scale * scene.features @ text
        return fusion.semantic_logits(scene.features, text, scale)

    def _anchor_shares(self, scene: Scene, query: PublishedQuery) -> Tensor | None:
        """Return Q of Eq. 5, N: the softmax of the other nouns' mean; None without other nouns."""
        if not query.others:
            return None
        texts = self._clip.encode_text([_OTHER.format(other) for other in query.others])
        return torch.softmax(self._logits(scene, texts.mean(dim=0)), dim=0)

    def _texts(self, query: PublishedQuery) -> list[str]:
        """Return every text that may be compared with masks or patches."""
        texts = [query.sentence, query.noun_phrase, *map(_OTHER.format, query.others)]
        if self._localiser is not None:
            texts.append(self._localiser.template.format(query.noun_phrase))
        return texts

    def _describe(self, query: PublishedQuery) -> str:
        others = " and ".join(f"'{other}'" for other in query.others) or "none"
        return (
            f"{self.method.name} ({self.method.variant}), parser {query.parser}: "
            f"target '{query.noun_phrase}', other nouns {others}, "
            f"relation {query.relation}, position {'+'.join(query.positions) or 'none'}"
        )


def _all_compete(final: Tensor, terms: Mapping[str, Tensor]) -> PublishedScores:
    return PublishedScores(torch.arange(len(final)), final, _shares(final), terms)


def _shares(final: Tensor) -> Tensor:
    """Return the softmax; NaN scores win and share all of it."""
    wins = torch.isnan(final)
    return wins.float() / wins.sum() if bool(wins.any()) else torch.softmax(final.float(), dim=0)


def _relation(flag: str, scene: Scene) -> Tensor | None:
    """Return R of Eq. 4, NxN; None for a sentence without relation."""
    if flag not in relations.HARD_FLAGS:
        return None
    return relations.hard_relation(flag, torch.from_numpy(scene.proposals.boxes))


@lru_cache(maxsize=1)
def _masks(proposals: Proposals) -> Tensor:
    """Return float32 NxHxW in {0, 1}, cached for further sentences about the frame."""
    return torch.from_numpy(proposals.masks).float()


def _size_word(sentence: str) -> str:
    """Return "big" or "small" if a word starts with it ("bigger", "smallest"), else ""."""
    for word in sentence.split():
        for size in ("big", "small"):
            if word.startswith(size):
                return size
    return ""

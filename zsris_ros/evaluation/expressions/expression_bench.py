"""Evaluates resolvers on sentences with true boxes or polygons, without images.

Masks are the polygons or boxes, similarities are simulated (``simulated_semantics``), and the rest
is the real resolver.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from zsris_ros.baselines.methods import find_method
from zsris_ros.baselines.published_query import PublishedReader
from zsris_ros.baselines.published_resolver import PublishedResolver
from zsris_ros.evaluation.expressions.expression_items import ExpressionItem, masks_of
from zsris_ros.evaluation.expressions.position_baseline import (
    by_centres,
    names_place,
    unique_argmax,
)
from zsris_ros.evaluation.expressions.simulated_semantics import (
    Semantics,
    SimulatedClip,
    SimulatedEncoder,
    words,
)
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.language import Parser
from zsris_ros.language.interpretation import interpret
from zsris_ros.referring.product_resolver import ProductResolver
from zsris_ros.referring.resolver import Resolver
from zsris_ros.referring.scene_encoder import SceneEncoder
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import Frame, InputError, Proposals, Verdict


@dataclass(frozen=True)
class ExpressionAnswer:
    """The answer of one variant."""

    text: str
    image: str
    kind: str  # of evidence in the sentence, see ``ExpressionBench.kind``
    variant: str
    noise: float  # standard deviation of the cosines
    right: bool  # whether the best candidate is the target
    verdict: str  # FOUND, AMBIGUOUS, NOT_FOUND, or ERROR for a refused sentence


class ExpressionBench:
    """Resolves sentences by one or several variants, with simulated semantics.

    Args:
        settings: The preset's settings of the product.
        parser: The product's parser.
        reader: The parser of the published variants.
        semantics: "words" or "uniform".
    """

    def __init__(
        self, settings: ReferSettings, parser: Parser, reader: PublishedReader, semantics: Semantics
    ) -> None:
        self._clip = SimulatedClip(settings.negatives)
        self._parser, self._semantics = parser, semantics
        self._encoder = SceneEncoder([], SimulatedEncoder(self._clip), None)
        self._resolvers: dict[str, Resolver] = {
            "product": ProductResolver(self._clip, None, parser, settings)
        }
        for variant in ("paper", "reference"):
            method = find_method("hybridgl-no-coherence", variant)
            self._resolvers[variant] = PublishedResolver(method, self._clip, None, reader, settings)

    def selects(self, item: ExpressionItem) -> bool:
        """Return whether an item is used; "uniform" needs a word of position or order."""
        return self._semantics == "words" or names_place(item.text)

    def evaluate(
        self,
        items: Sequence[ExpressionItem],
        variants: Sequence[str],
        noises: Sequence[float],
        title: str = "",
    ) -> list[ExpressionAnswer]:
        """Return all answers to the selected items. Shows progress on stderr."""
        selected = [item for item in items if self.selects(item)]
        progress = tqdm(selected, title, unit="text")
        return [answer for item in progress for answer in self.answers(item, variants, noises)]

    def answers(
        self, item: ExpressionItem, variants: Sequence[str], noises: Sequence[float]
    ) -> Iterator[ExpressionAnswer]:
        """Yield the answer of each variant at each noise; the scene is encoded once."""
        kind = self.kind(item.text)
        bags = [_bag(item, index) for index in range(len(item.candidates))]
        masks = masks_of(item)
        frame = Frame(np.zeros((*masks.shape[1:], 3), np.uint8))
        quality = np.full(len(masks), 0.9, np.float32)
        proposals = Proposals(masks, mask_boxes(masks), quality, ("sam",) * len(masks))
        self._clip.set_scene(item.image, bags, self._semantics, 0.0)
        scene = self._encoder.look(frame, proposals)
        for noise in noises:
            self._clip.set_scene(item.image, bags, self._semantics, noise)
            for variant in variants:
                chosen: int | None
                if variant == "sentence":
                    chosen, verdict = unique_argmax(self._clip.cosines(item.text)), "FOUND"
                elif variant == "centres":
                    chosen, verdict = by_centres(item), "FOUND"
                else:
                    try:
                        result = self._resolvers[variant].refer(scene, item.text)
                    except InputError:
                        chosen, verdict = None, "ERROR"
                    else:
                        best = result.best
                        chosen = None if best is None else best.index
                        verdict = result.verdict.value
                right = chosen == item.target
                yield ExpressionAnswer(item.text, item.image, kind, variant, noise, right, verdict)

    def kind(self, text: str) -> str:
        """Return the kind of evidence that selects the target in the product's parse."""
        try:
            target = interpret(self._parser.parse(text).target).phrase
        except InputError:
            return "unread"
        if target.ordinal is not None:
            return "ordinal"
        if target.superlative is not None:
            return "superlative"
        if target.excluded:
            return "negation"
        if any(relation.certainty > 0.5 for relation in target.relations):
            return "relation"
        return "place" if target.position else "description"


def _bag(item: ExpressionItem, index: int) -> frozenset[str]:
    """Return the matching words: the category's and, for the target, the sentence's."""
    named = words(item.candidates[index].category)
    return frozenset([*named, *words(item.text)] if index == item.target else named)


def summarise_expressions(answers: Sequence[ExpressionAnswer]) -> dict[str, dict[str, Any]]:
    """Return {variant: {noise: figures}}: shares of n, and the same by kind of sentence.

    ``argmax``: the best candidate is the target; ``right``: and the verdict is FOUND; ``refused``,
    ``ambiguous`` and ``errors``: NOT_FOUND, AMBIGUOUS, and sentences that could not be parsed.
    """
    groups: dict[tuple[str, float], list[ExpressionAnswer]] = {}
    for answer in answers:
        groups.setdefault((answer.variant, answer.noise), []).append(answer)
    summary: dict[str, dict[str, Any]] = {}
    for (variant, noise), group in groups.items():
        kinds = sorted({answer.kind for answer in group})
        by_kind = {kind: _shares([a for a in group if a.kind == kind]) for kind in kinds}
        summary.setdefault(variant, {})[f"{noise:g}"] = {**_shares(group), "by_kind": by_kind}
    return summary


def _shares(answers: Sequence[ExpressionAnswer]) -> dict[str, float]:
    count = len(answers)

    def share(hits: Iterator[bool]) -> float:
        return round(sum(hits) / count, 4)

    return {
        "n": count,
        "argmax": share(a.right for a in answers),
        "right": share(a.right and a.verdict == Verdict.FOUND.value for a in answers),
        "refused": share(a.verdict == Verdict.NOT_FOUND.value for a in answers),
        "ambiguous": share(a.verdict == Verdict.AMBIGUOUS.value for a in answers),
        "errors": share(a.verdict == "ERROR" for a in answers),
    }

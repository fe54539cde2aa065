"""Semantic scores: the fit of a noun phrase to every mask of a scene by CLIP (HybridGL's Eq. 3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from zsris_ros.guidance.fusion import mix_text_features, semantic_logits
from zsris_ros.language.phrasing import core_phrase, description, is_neutral
from zsris_ros.referring.calibration import presence
from zsris_ros.referring.grounding.alternative_names import alternative_names, better_names
from zsris_ros.referring.grounding.evidence import neutral_fit, relative_fit, whole_objects
from zsris_ros.referring.grounding.prompts import (
    fill_templates,
    is_known,
    kinds_of,
    negative_texts,
    related_nouns,
    split_colours,
)
from zsris_ros.referring.objects.object_filter import prefer_wholes
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.types import NounPhrase, Scene
from zsris_ros.vision.colour_naming import colour_shares
from zsris_ros.vision.protocols import TextEncoder

_LEAST_SHARE = 1e-3
"""Shares of a colour are at least this, and at most 1 minus this."""
_TIE_WEIGHT = 0.1
"""Weight of semantics beyond membership in a spatial expression: enough to settle ties."""


class SemanticScores:
    """Compares noun phrases with the masks of scenes by one text encoder."""

    def __init__(self, clip: TextEncoder, settings: ReferSettings) -> None:
        self._clip, self._settings = clip, settings

    def match(self, scene: Scene, target: NounPhrase, spatial: bool) -> tuple[Tensor, Tensor]:
        """Return the fit of Eq. 3, and the membership in the described category, each N in [0, 1].

        Both are equal for absolute logits. Other logits only rank masks. In a ``spatial``
        expression the phrase then selects the members and space selects one of them: each mask
        within ``logit_margin`` of the best one is a member, and further differences settle ties.
        """
        phrase = description(target)
        if phrase is None:
            fit = neutral_fit(scene)
            return fit, fit
        prompts = fill_templates(phrase, self._settings.templates)
        texts = self._clip.encode_text([target.sentence, *prompts])
        text = mix_text_features(texts[0], texts[1:].mean(dim=0), self._settings.text_mix)
        logits = semantic_logits(scene.features, text, self._settings.logit_scale)
        logits = self._with_kinds(scene.features, target, logits)
        if self._settings.absolute_logits:
            logits = self._with_colours(scene, target, logits + self._settings.logit_bias)
            match = torch.sigmoid(logits)
            match = self._prefer_objects(scene, target, match)
            return match, match
        gap = logits - logits.max()
        membership = torch.sigmoid(gap + self._settings.logit_margin)
        match = membership * (_TIE_WEIGHT * gap).exp() if spatial else gap.exp()
        return (
            self._prefer_objects(scene, target, match),
            self._prefer_objects(scene, target, relative_fit(membership)),
        )

    def presence(self, scene: Scene, phrase: NounPhrase) -> Tensor:
        """Return the share of the phrase among the negatives for each mask, N in [0, 1]."""
        kinds = kinds_of(phrase, self._settings, self._clip.unknown_words)
        phrases = [core_phrase(phrase), *kinds]
        negatives = negative_texts(phrase, self._settings)
        texts = self._clip.encode_text([*phrases, *negatives])
        said, others = texts[: len(phrases)], texts[len(phrases) :]
        return presence(scene.features, said, others, self._settings.logit_scale)

    def better_names(
        self, scene: Scene, target: NounPhrase, indices: Sequence[int]
    ) -> dict[int, str]:
        """Return the masks among ``indices`` with a better name than the target's, and that name.

        The masks of ``indices`` fit the target. None has a better name if the weights do not list
        the noun as known. See ``alternative_names``.
        """
        related = related_nouns(target, self._settings)
        names = alternative_names(target, self._settings.vocabulary, related)
        if len(indices) < 2 or len(names) < 2 or not is_known(target, self._settings):
            return {}
        texts, scale = self._clip.encode_text(names), self._settings.logit_scale
        features = scene.features[list(indices)]
        logits = torch.stack([semantic_logits(features, text, scale) for text in texts])
        logits[0] = self._with_kinds(features, target, logits[0])
        found = better_names(names, logits)
        return {indices[place]: name for place, name in found.items()}

    def unknown_words(self, target: NounPhrase) -> tuple[str, ...]:
        """Return the attributes and the head noun that the weights never saw, as far as known."""
        unknown = self._clip.unknown_words(" ".join(target.attributes))
        return unknown if is_known(target, self._settings) else (*unknown, target.head)

    def _with_kinds(self, features: Tensor, target: NounPhrase, logits: Tensor) -> Tensor:
        """Return the logits of a category N, raised to those of the kind that fits best.

        A carton is a box. Unseen packets fit one of the kinds of box in the training set better
        than they fit the word "box".
        """
        for kind in kinds_of(target, self._settings, self._clip.unknown_words):
            prompts = fill_templates(kind, self._settings.templates)
            text = self._clip.encode_text(prompts).mean(dim=0)
            fit = semantic_logits(features, text, self._settings.logit_scale)
            logits = torch.maximum(logits, fit)
        return logits

    def _with_colours(self, scene: Scene, target: NounPhrase, logits: Tensor) -> Tensor:
        """Return the absolute logits N of "red box", ranked by "box" and by "red" as well.

        A mask shows a red box at most as probably as it shows a box, and as it is red: the smaller
        of the two is an upper bound (Frechet). The mean of this bound and the phrase's own logits
        ranks the masks. The best one keeps its own logit, which separates present objects from
        absent ones better.
        """
        settings = self._settings
        colours, kind = split_colours(target, settings)
        if not colours:
            return logits
        prompts = fill_templates(description(kind) or core_phrase(kind), settings.templates)
        text = self._clip.encode_text(prompts).mean(dim=0)
        fit = semantic_logits(scene.features, text, settings.logit_scale)
        bound = self._with_kinds(scene.features, kind, fit) + settings.logit_bias
        shares = colour_shares(scene.frame.rgb, scene.proposals.coverage, settings.colours)
        for colour in colours:
            bound = torch.minimum(bound, shares[colour].logit(_LEAST_SHARE))
        ranked = (logits + bound) / 2
        best = int((ranked + neutral_fit(scene).log()).argmax())
        return torch.minimum(logits, ranked - ranked[best] + logits[best])

    def _prefer_objects(self, scene: Scene, target: NounPhrase, match: Tensor) -> Tensor:
        """Return ``match`` N with parts after their wholes, or for a neutral head with objects."""
        if is_neutral(target.head):
            return match * neutral_fit(scene)
        if any(relation.kind == "part_of" for relation in target.relations):
            return match
        ratio = self._settings.whole_ratio
        return prefer_wholes(match, scene.proposals, ratio, whole_objects(scene))

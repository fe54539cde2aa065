"""Tuned values of the resolver, as data that belongs to a weights preset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zsris_ros.referring.calibration import Calibration


@dataclass(frozen=True)
class ReferSettings:
    """The settings of scores and verdicts.

    Attributes:
        text_mix: Weight of the whole sentence beside the noun phrase (Eq. 3).
        templates: Prompt templates of the noun phrase; their text features are averaged.
        logit_scale: Factor that turns a cosine into a logit.
        logit_bias: Bias of a logit.
        absolute_logits: Whether the sigmoid of a logit is the probability that a mask shows the
            phrase. If False, a mask is compared with the best one of its image.
        anchor_masks: Number of masks that represent an anchor (k2 of Eq. 5).
        proposer_weights: Factors on the quality of masks by proposer ("sam", "depth"). They choose
            between near-duplicates.
        quality_exponent: Exponent of the mask quality, which chooses between masks of one object;
            0 ignores it.
        whole_ratio: Share of a part's match at which the whole is preferred.
        logit_margin: Without ``absolute_logits``, masks within this many logits of the best mask
            fit a phrase as well. At 5, CLIP's own softmax gives the best one 150 times as much.
        negatives: Texts that compete with the phrase for ``presence``, with "{}" for its
            attributes: "background", "{} bowl".
        vocabulary: The nouns that the weights were trained with, in the singular; empty if any noun
            may be known. Another head noun counts as unknown ("known" in the evidence).
        kinds: The kinds of a category by its noun: each carton is a box. An object fits a category
            at least as well as it fits a kind of it.
        colours: The coefficients of each basic colour's logit for a pixel
            (``zsris_ros.vision.colour_naming``). With them the kind and the colour of "the red box"
            are also compared with each mask by themselves.
        min_score: Score up to which the best candidate is NOT_FOUND, with measured scores.
        min_rival_score: Score above which another candidate fits as well, with measured scores: it
            is more probable than not that it is meant, too.
        ambiguity_ratio: Share of the best score from which another candidate fits as well, with
            scores that were not measured.
        calibration: The weight of each kind of evidence.
    """

    text_mix: float = 0.5
    templates: tuple[str, ...] = ("{}", "a photo of a {}.")
    logit_scale: float = 100.0
    logit_bias: float = 0.0
    absolute_logits: bool = False
    anchor_masks: int = 6
    proposer_weights: Mapping[str, float] = field(default_factory=dict)
    quality_exponent: float = 0.0
    whole_ratio: float = 0.85
    logit_margin: float = 5.0
    negatives: tuple[str, ...] = (
        "object", "thing", "something", "background", "surface", "texture",
    )  # fmt: skip
    vocabulary: tuple[str, ...] = ()
    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    colours: Mapping[str, Sequence[float]] = field(default_factory=dict)
    min_score: float = 0.02
    min_rival_score: float = 0.5
    ambiguity_ratio: float = 0.5
    calibration: Calibration = field(default_factory=Calibration)

"""The robot's resolver: parse, ground, decide and explain, for each target of an expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from zsris_ros.language import Parser
from zsris_ros.language.interpretation import Interpretation, interpret
from zsris_ros.referring.grounding.grounding import Grounder
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.referring.verdict.decision import (
    answer_mask,
    demote_non_rivals,
    rank_candidates,
    rivals,
    select,
)
from zsris_ros.referring.verdict.explanation import explanation
from zsris_ros.referring.verdict.messages import message
from zsris_ros.tracing.stages import timed
from zsris_ros.types import (
    Candidate,
    Expression,
    NounPhrase,
    ReferringResult,
    Scene,
    Verdict,
    worst,
)
from zsris_ros.vision.protocols import Localiser, TextEncoder

UNCALIBRATED = (
    " Scores are uncalibrated: without a calibration of these weights (zsris calibrate) nothing is "
    "reported missing."
)


class ProductResolver:
    """Resolves expressions with one CLIP, one parser and a preset's settings.

    See ``Grounder`` for ``localiser`` and ``interpretation``.
    """

    def __init__(
        self,
        clip: TextEncoder,
        localiser: Localiser | None,
        parser: Parser,
        settings: ReferSettings,
        interpretation: Callable[[NounPhrase], Interpretation] = interpret,
    ) -> None:
        self._parser, self._settings = parser, settings
        self._grounder = Grounder(clip, localiser, settings, interpretation)

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        """See ``Resolver.refer``."""
        timings: dict[str, float] = {}
        with timed(timings, "language"):
            parsed = self._parser.parse(expression)
        result = self.resolve(scene, parsed)
        return replace(result, timings={**timings, **result.timings})

    def resolve(self, scene: Scene, expression: Expression) -> ReferringResult:
        """Return the result of a parsed expression."""
        results = [self._resolve(scene, target) for target in _split_targets(expression)]
        return results[0] if len(results) == 1 else merge_results(expression, results)

    def _resolve(self, scene: Scene, parsed: Expression) -> ReferringResult:
        """Return the result for the first target of an expression."""
        target, settings = parsed.target, self._settings
        if not len(scene.proposals):
            empty = np.zeros(scene.frame.rgb.shape[:2], dtype=bool)
            text = message(Verdict.NOT_FOUND, target, (), None, settings)
            reason = explanation(parsed, None, ())
            return ReferringResult(Verdict.NOT_FOUND, parsed, (), empty, text, reason)
        timings: dict[str, float] = {}
        with timed(timings, "grounding"):
            grounding = self._grounder.ground(scene, target)
            candidates = rank_candidates(scene, grounding)
            fitting = rivals(candidates, target, settings)
            others = self._grounder.better_names(scene, target, fitting)
            candidates = demote_non_rivals(candidates, fitting, others, settings)
            verdict, candidates = select(candidates, target, settings)
            mask = answer_mask(scene.proposals, candidates, verdict, target)
        text = message(verdict, target, candidates, grounding, settings)
        reason = explanation(parsed, grounding, candidates, scene, others)
        if not settings.calibration.measured:
            reason += UNCALIBRATED
        return ReferringResult(verdict, parsed, candidates, mask, text, reason, timings)


def _split_targets(expression: Expression) -> list[Expression]:
    """Return one expression for each target of "the red mug and the bowl"."""
    if not expression.further:
        return [expression]
    targets = (expression.target, *expression.further)
    return [
        Expression(each.text, replace(each, sentence=each.text), parser=expression.parser)
        for each in targets
    ]


def merge_results(expression: Expression, results: Sequence[ReferringResult]) -> ReferringResult:
    """Return the worst verdict, all masks and all messages.

    The selected candidates of each target come first, then the others by their scores. If one
    target is NOT_FOUND, nothing is selected and the message names it.
    """
    verdict = worst(result.verdict for result in results)
    mask = np.any([result.mask for result in results], axis=0)
    candidates = _merge_candidates(results)
    if verdict is Verdict.NOT_FOUND:
        mask = np.zeros_like(mask)
        candidates = tuple(replace(each, selected=False) for each in candidates)
    questions_last = sorted(results, key=lambda result: result.verdict is Verdict.AMBIGUOUS)
    timings: dict[str, float] = {}
    for result in results:
        for stage, value in result.timings.items():
            timings[stage] = timings.get(stage, 0.0) + value
    return ReferringResult(
        verdict,
        expression,
        candidates,
        mask,
        " ".join(result.message for result in questions_last),
        " Also: ".join(result.explanation for result in results),
        timings,
    )


def _merge_candidates(results: Sequence[ReferringResult]) -> tuple[Candidate, ...]:
    """Return each candidate once: selected, or else with its best score."""

    def key(candidate: Candidate) -> tuple[bool, float]:
        return candidate.selected, candidate.score

    best: dict[int, Candidate] = {}
    for candidate in (each for result in results for each in result.candidates):
        other = best.get(candidate.index)
        if other is None or key(candidate) > key(other):
            best[candidate.index] = candidate
    return tuple(sorted(best.values(), key=key, reverse=True))

"""The robot's resolver: parse, ground, decide, and say why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zsris_ros.language import Parser
from zsris_ros.referring.decision import answer_mask, rank, select
from zsris_ros.referring.explanation import explanation
from zsris_ros.referring.grounding import Grounder
from zsris_ros.referring.messages import message
from zsris_ros.referring.multi_target import targets, together
from zsris_ros.referring.settings import ReferSettings
from zsris_ros.tracing.stages import timed
from zsris_ros.types import Expression, ReferringResult, Scene, Verdict
from zsris_ros.vision.protocols import Localiser, TextEncoder

UNCALIBRATED = (
    " Scores are uncalibrated: zsris calibrate was never run for these weights, so that nothing is "
    "reported missing."
)


class ProductResolver:
    """Resolves expressions with one CLIP, one localiser, one parser and a preset's settings."""

    def __init__(
        self,
        clip: TextEncoder,
        localiser: Localiser | None,
        parser: Parser,
        settings: ReferSettings,
        *,
        places: bool = True,
    ) -> None:
        """``places`` False leaves out places in the picture, for an ablation."""
        self._parser, self._settings = parser, settings
        self._grounder = Grounder(clip, localiser, settings, places=places)

    def refer(self, scene: Scene, expression: str) -> ReferringResult:
        """As ``Resolver.refer``."""
        timings: dict[str, float] = {}
        with timed(timings, "language"):
            parsed = self._parser.parse(expression)
        answers = [self._answer(scene, target) for target in targets(parsed)]
        answer = together(parsed, answers) if len(answers) > 1 else answers[0]
        return replace(answer, timings={**timings, **answer.timings})

    def _answer(self, scene: Scene, parsed: Expression) -> ReferringResult:
        """The answer about one target of an expression."""
        if not len(scene.proposals):
            empty = np.zeros(scene.frame.rgb.shape[:2], dtype=bool)
            said = message(Verdict.NOT_FOUND, parsed, (), None, self._settings)
            why = explanation(parsed, None, ())
            return ReferringResult(Verdict.NOT_FOUND, parsed, (), empty, said, why)
        timings: dict[str, float] = {}
        with timed(timings, "grounding"):
            grounding = self._grounder.ground(scene, parsed)
            verdict, candidates = select(rank(scene, grounding), parsed, self._settings)
            mask = answer_mask(scene.proposals, candidates, verdict, parsed)
        said = message(verdict, parsed, candidates, grounding, self._settings)
        why = explanation(parsed, grounding, candidates, scene)
        if not self._settings.calibration.measured:
            why += UNCALIBRATED
        return ReferringResult(verdict, parsed, candidates, mask, said, why, timings)

"""The answer to one expression about one scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from zsris_ros.types.expression import Expression
from zsris_ros.types.frame import BoolArray, Pixel, Point


class Verdict(Enum):
    """The closed set of answers to "which object is meant?"."""

    FOUND = "FOUND"
    AMBIGUOUS = "AMBIGUOUS"
    NOT_FOUND = "NOT_FOUND"


@dataclass(frozen=True)
class Candidate:
    """One proposal as an answer. ``index`` is its place in the scene's proposals.

    ``score`` is in [0, 1]; ``box`` (x, y, w, h) in pixels; ``centroid_pixel`` lies inside the mask;
    ``centroid`` is the robust 3D centroid in metres, None without valid depth. ``scores`` holds the
    named terms that made the score. ``selected`` says whether the verdict speaks of this one: it is
    (part of) the answer, or, where the answer is AMBIGUOUS, one of those that fit alike.
    """

    index: int
    score: float
    box: tuple[float, float, float, float]
    centroid_pixel: Pixel
    centroid: Point | None = None
    source: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    selected: bool = False


@dataclass(frozen=True, eq=False)
class ReferringResult:
    """The answer to one expression about one scene.

    ``candidates`` are ranked, best first, and empty only when nothing was proposed. ``mask`` bool
    HxW is the union of the selected candidates' masks: one where one was asked for, several where
    several were; where the answer is AMBIGUOUS that of the best, as many as were asked for; all
    False when it is NOT_FOUND. ``message`` is one plain sentence, a question where the answer is
    AMBIGUOUS; ``explanation`` says what was parsed, which anchor was used and which scores decided;
    ``timings`` are milliseconds by stage.
    """

    verdict: Verdict
    expression: Expression
    candidates: tuple[Candidate, ...]
    mask: BoolArray
    message: str
    explanation: str
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None

    @property
    def selected(self) -> tuple[Candidate, ...]:
        """The candidates that the verdict speaks of."""
        return tuple(candidate for candidate in self.candidates if candidate.selected)

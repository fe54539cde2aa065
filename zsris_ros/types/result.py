"""The answer to one expression about one scene."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from zsris_ros.types.expression import Expression
from zsris_ros.types.frame import BoolArray, Pixel, Point


class Verdict(Enum):
    """The closed set of answers to "which object is meant?"."""

    FOUND = "FOUND"
    AMBIGUOUS = "AMBIGUOUS"
    NOT_FOUND = "NOT_FOUND"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return NOT_FOUND if it occurs, else AMBIGUOUS if it does, else FOUND."""
    found = set(verdicts)
    return next((v for v in (Verdict.NOT_FOUND, Verdict.AMBIGUOUS) if v in found), Verdict.FOUND)


@dataclass(frozen=True)
class Candidate:
    """One proposal as an answer.

    Attributes:
        index: Its index in the scene's proposals.
        score: Its score in [0, 1].
        box: (x, y, w, h) in pixels.
        centroid_pixel: A point inside the mask.
        centroid: The robust 3D centroid in metres; None without valid depth.
        source: The proposer.
        scores: The terms of the score by name.
        selected: Whether it is (part of) the answer, or with AMBIGUOUS one of the similar ones.
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

    Attributes:
        verdict: FOUND, AMBIGUOUS or NOT_FOUND.
        expression: The parsed expression.
        candidates: Ranked, best first; empty only without proposals.
        mask: Bool HxW, the union of the selected masks. With AMBIGUOUS of the best ones, as many
            as requested; empty with NOT_FOUND.
        message: One plain sentence; a question with AMBIGUOUS.
        explanation: The parse, the anchors and the decisive scores.
        timings: Milliseconds by stage.
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
        """The first candidate; None without proposals."""
        return self.candidates[0] if self.candidates else None

    @property
    def selected(self) -> tuple[Candidate, ...]:
        """The selected candidates."""
        return tuple(candidate for candidate in self.candidates if candidate.selected)

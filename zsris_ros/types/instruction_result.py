"""The answer to one instruction about one scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zsris_ros.types.frame import Pixel, Point
from zsris_ros.types.instruction import DestinationKind, Instruction, Step
from zsris_ros.types.result import ReferringResult, Verdict


@dataclass(frozen=True)
class PlacePoint:
    """A free spot for the lower end of a carried object.

    Attributes:
        point: On the surface, in metres in the optical frame.
        normal: The unit normal of the surface, away from it.
        height: Metres of the surface above the support plane.
        pixel: The pixel of the point.
    """

    point: Point
    normal: Point
    height: float
    pixel: Pixel


@dataclass(frozen=True, eq=False)
class DestinationResult:
    """A destination in a scene.

    Attributes:
        kind: The place relative to the anchors.
        anchors: The results of the anchors; empty with ``same_as``, and without the support plane
            where it stands for "the table".
        same_as: The index of the step whose objects are the anchor.
        places: One place point for each selected object of the step, in their order; one if the
            objects are unknown, () where none can be given.
        reason: The reason why ``places`` is empty, "" with place points.
    """

    kind: DestinationKind
    anchors: tuple[ReferringResult, ...] = ()
    same_as: int | None = None
    places: tuple[PlacePoint, ...] = ()
    reason: str = ""

    @property
    def place(self) -> PlacePoint | None:
        """The first place point; None without any."""
        return self.places[0] if self.places else None


@dataclass(frozen=True, eq=False)
class StepResult:
    """One step in a scene.

    Attributes:
        step: The parsed step.
        target: The result of its objects; None where ``step.same_as`` gives them.
        destination: The result of its destination; None without one.
    """

    step: Step
    target: ReferringResult | None = None
    destination: DestinationResult | None = None


@dataclass(frozen=True, eq=False)
class InstructionResult:
    """All steps of an instruction in a scene.

    Attributes:
        instruction: The parsed instruction.
        steps: The steps in their order.
        verdict: FOUND if every object is found, AMBIGUOUS if one is ambiguous, NOT_FOUND if one
            is missing.
        message: One plain text for all steps; a question with AMBIGUOUS.
        timings: Milliseconds by stage.
    """

    instruction: Instruction
    steps: tuple[StepResult, ...]
    verdict: Verdict
    message: str
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def target(self) -> ReferringResult:
        """The objects of the first step."""
        target = self.steps[0].target
        assert target is not None, "the first step names its target"
        return target

    @property
    def place(self) -> PlacePoint | None:
        """The first place point of all steps; None without any."""
        places = [step.destination.place for step in self.steps if step.destination is not None]
        return next((place for place in places if place is not None), None)

    def targets_of(self, index: int) -> ReferringResult | None:
        """Return the objects of a step, also where it means those of an earlier one."""
        step = self.steps[index]
        if step.target is None and step.step.same_as is not None:
            return self.steps[step.step.same_as].target
        return step.target

    def destination_of(self, index: int) -> DestinationResult | None:
        """Return where the objects of a step go: its destination, or that of a later step."""
        moves = (
            each.destination
            for number, each in enumerate(self.steps)
            if index in (number, each.step.same_as) and each.destination is not None
        )
        return next(moves, None)

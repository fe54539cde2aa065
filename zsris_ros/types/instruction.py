"""An instruction as data: steps of action, target and destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zsris_ros.types.expression import NounPhrase

Action = Literal[
    "pick", "place", "move", "push", "pull", "open", "close", "turn_on", "turn_off", "pour",
    "point", "follow", "hand_over", "find", "other",
]  # fmt: skip
"""The action of a step; "other" is any further verb, which ``Step.verb`` names."""

DestinationKind = Literal[
    "on", "inside", "under", "above", "next_to", "near", "left_of", "right_of", "in_front_of",
    "behind", "between", "at",
]  # fmt: skip


@dataclass(frozen=True)
class Destination:
    """The place that a step moves its target to.

    Attributes:
        kind: The place relative to the anchors; "at" is also the receiver of a "hand_over".
        anchors: The objects that give the place; none for "to the left" and for a pronoun.
        same_as: The index of the step whose targets a pronoun anchor means: "put it on that".
    """

    kind: DestinationKind
    anchors: tuple[NounPhrase, ...] = ()
    same_as: int | None = None


@dataclass(frozen=True)
class Step:
    """One verb of an instruction with its objects.

    Attributes:
        action: The action that the verb names.
        target: The object of the verb, None where ``same_as`` gives it.
        further: Further objects of the same verb: "the mug and the bowl".
        same_as: The index of the earlier step whose targets a pronoun means.
        destination: The place that the objects are moved to, None without one.
        verb: The verb as said, in its base form; empty for a bare expression.
    """

    action: Action
    target: NounPhrase | None = None
    further: tuple[NounPhrase, ...] = ()
    same_as: int | None = None
    destination: Destination | None = None
    verb: str = ""

    @property
    def targets(self) -> tuple[NounPhrase, ...]:
        """All objects that the step names."""
        return () if self.target is None else (self.target, *self.further)


@dataclass(frozen=True)
class Instruction:
    """The steps of one text in their order; a bare referring expression is one step "find"."""

    text: str
    steps: tuple[Step, ...]

    @property
    def is_expression(self) -> bool:
        """Whether it is a mere referring expression: no destination, and one step or no verb."""
        if any(step.destination is not None for step in self.steps):
            return False
        return len(self.steps) == 1 or not any(step.verb for step in self.steps)

"""What a data set is to the evaluation: frames with their true objects and questions."""

from __future__ import annotations

from dataclasses import dataclass

from zsris_ros.types import BoolArray, Frame


@dataclass(frozen=True)
class Question:
    """A referring expression, what kind it is, and the number of the object that it means."""

    text: str
    category: str
    target: int


@dataclass(frozen=True, eq=False)
class EvaluationItem:
    """One frame of a data set. ``masks`` bool MxHxW are its true objects, of which each question
    means one; ``names`` ask for an object by nothing but its name."""

    name: str
    frame: Frame
    masks: BoolArray
    questions: tuple[Question, ...] = ()
    names: tuple[Question, ...] = ()

    def truth(self, question: Question) -> BoolArray:
        """The true mask of the object that is meant, bool HxW."""
        mask: BoolArray = self.masks[question.target]
        return mask

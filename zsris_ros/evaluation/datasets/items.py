"""What a data set is to the evaluation: frames with their true objects and questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zsris_ros.types import BoolArray, Frame, Verdict


@dataclass(frozen=True)
class Question:
    """A referring expression, what kind it is, and the numbers of the objects that fit it.

    ``verdict`` is the right answer: FOUND (the targets are meant, all of them when the expression
    asks for several), AMBIGUOUS (one is asked for and each target fits), NOT_FOUND (no targets).
    """

    text: str
    category: str
    targets: tuple[int, ...]
    verdict: Verdict = Verdict.FOUND


@dataclass(frozen=True, eq=False)
class EvaluationItem:
    """One frame of a data set.

    ``masks`` bool MxHxW are its true objects and ``classes`` their M class names, empty where the
    data set has none; ``questions`` mean some of these objects; ``names`` ask for one by nothing
    but its name.
    """

    name: str
    frame: Frame
    masks: BoolArray
    questions: tuple[Question, ...] = ()
    names: tuple[Question, ...] = ()
    classes: tuple[str, ...] = ()

    def truth(self, question: Question) -> BoolArray:
        """The true mask of all that fits, bool HxW; empty where nothing does."""
        mask: BoolArray = np.any(self.masks[list(question.targets)], axis=0)
        return mask


class DataSet(Protocol):
    """Items that can be taken one by one, in any order, so that a run can be resumed."""

    @property
    def title(self) -> str:
        """What a reader calls it: "RefCOCO (unc) val"."""
        ...

    def names(self) -> Sequence[str]:
        """The names of the items in their order."""
        ...

    def item(self, name: str) -> EvaluationItem:
        """Read or render one item. Raises InputError or FileNotFoundError with a sentence."""
        ...

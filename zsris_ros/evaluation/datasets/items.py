"""The interface of data sets: frames with true objects and questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from zsris_ros.geometry.masks import box_mask
from zsris_ros.types import BoolArray, ByteArray, Frame, Verdict

Box = tuple[float, float, float, float]
"""(x, y, w, h) in pixels."""


@dataclass(frozen=True)
class Question:
    """A referring expression, its category, and the indices of the matching objects.

    ``verdict`` is the right answer: FOUND (all targets are meant), AMBIGUOUS (one object is asked
    for, and each target matches) or NOT_FOUND (no targets). Where only the bounding box of the
    object is known, ``box`` takes the place of the targets: the box of the answer's mask is
    compared with it. Of an instruction, ``asks`` selects the targets: the objects of its first step
    or the objects of its first destination.
    """

    text: str
    category: str
    targets: tuple[int, ...]
    verdict: Verdict = Verdict.FOUND
    box: Box | None = None
    asks: Literal["target", "destination"] = "target"

    @property
    def has_target(self) -> bool:
        """Whether an object of the frame is meant."""
        return bool(self.targets) or self.box is not None


@dataclass(frozen=True, eq=False)
class EvaluationItem:
    """One frame of a data set."""

    name: str
    frame: Frame
    masks: BoolArray  # true objects, bool MxHxW
    questions: tuple[Question, ...] = ()
    names: tuple[Question, ...] = ()  # questions for one object by its name alone
    classes: tuple[str, ...] = ()  # M class names; empty if the data set has none

    def truth(self, question: Question) -> BoolArray:
        """Return the union of the targets' masks, or the filled box; bool HxW, or empty."""
        if question.box is not None:
            return box_mask(question.box, self.frame.height, self.frame.width)
        mask: BoolArray = np.any(self.masks[list(question.targets)], axis=0)
        return mask


@dataclass(frozen=True, eq=False)
class Clip:
    """Consecutive frames of a video with their objects; an image is a clip of one frame.

    Attributes:
        rgb: Uint8 TxHxWx3.
        masks: Bool MxTxHxW; an object may be absent from some frames.
        questions: Expressions for the whole clip.
    """

    rgb: ByteArray
    masks: BoolArray
    questions: tuple[Question, ...]


class DataSet(Protocol):
    """Items by name, readable in any order, so that a run can be resumed."""

    @property
    def title(self) -> str:
        """Title for readers: "RefCOCO (unc) val"."""
        ...

    def names(self) -> Sequence[str]:
        """Return the names of the items in their order."""
        ...

    def item(self, name: str) -> EvaluationItem:
        """Read or render one item. Raises InputError or FileNotFoundError with a remedy."""
        ...

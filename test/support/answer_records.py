"""Records of a small run, made by hand, for the tests of figures and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zsris_ros.evaluation.datasets.items import EvaluationItem
from zsris_ros.evaluation.metrics import answer_iou, best_overlap, overlap
from zsris_ros.evaluation.records import AnswerRecord, FrameRecord
from zsris_ros.geometry import run_lengths
from zsris_ros.types import BoolArray, Frame

HEIGHT, WIDTH = 24, 40


def box(left: int, width: int = 8) -> BoolArray:
    """A box of 10 rows."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[5:15, left : left + width] = True
    return mask


NOTHING = box(0, 0)
OBJECTS = np.stack([box(0), box(16), box(32)])
CLASSES = ("mug", "mug", "ball")


def record(
    expression: str = "the mug",
    answered: BoolArray = OBJECTS[0],
    targets: tuple[int, ...] = (0,),
    proposals: Sequence[BoolArray] = tuple(OBJECTS),
    **changes: object,
) -> AnswerRecord:
    """An answer about a frame with OBJECTS."""
    truth = np.any(OBJECTS[list(targets)], axis=0) if targets else NOTHING
    found, bound = overlap(truth, answered), best_overlap(truth, np.array(proposals))
    value = answer_iou(found, bool(targets))
    expected = "FOUND" if targets else "NOT_FOUND"
    verdict = "FOUND" if answered.any() else "NOT_FOUND"
    mask, true = (str(run_lengths.encode(each)["counts"]) for each in (answered, truth))
    plain = AnswerRecord(
        "one", expression, "attribute", targets, expected, verdict,
        found.intersection, found.union, iou=value, best_iou=value,
        bound=answer_iou(bound, True) if targets else 1.0,
        bound_intersection=bound.intersection, bound_union=bound.union,
        score=0.5, source="sam", target_class=None, answered_class=None,
        mask=mask, truth=true, height=HEIGHT, width=WIDTH, explanation="because", ms=1.0,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def look(item: str = "one", seconds: float = 0.5, sam: tuple[float, ...] = (1, 0)) -> FrameRecord:
    bounds = {"joined": (1.0, 0.5), "sam": sam}
    return FrameRecord(item, bounds, {"joined": 5, "sam": 3}, seconds)


class SmallData:
    """A data set of grey frames with OBJECTS."""

    title = "Small <data>"

    def __init__(self, *names: str) -> None:
        self._names = names

    def names(self) -> Sequence[str]:
        return self._names

    def item(self, name: str) -> EvaluationItem:
        frame = Frame(np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
        return EvaluationItem(name, frame, OBJECTS, classes=CLASSES)

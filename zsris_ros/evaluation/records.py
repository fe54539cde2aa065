"""The records of an evaluation: one JSON line an answer and one a frame.

All figures are computed from these lines alone, so a resumed run has the summary of an
uninterrupted one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.datasets.items import Box
from zsris_ros.types import InputError

ANSWERS = "answers.jsonl"
FRAMES = "looks.jsonl"
REFUSED = "REFUSED"
"""Verdict of an expression that could not be parsed; the explanation holds the reason."""


@dataclass(frozen=True)
class AnswerRecord:
    """One answer."""

    item: str
    expression: str
    category: str
    targets: tuple[int, ...]  # indices of the matching objects
    expected: str  # the right verdict
    verdict: str
    intersection: int  # pixels in the answer and the best fitting acceptable truth
    union: int  # pixels in either
    iou: float  # of the answer
    best_iou: float  # of the first candidate, whatever the verdict
    bound: float  # IoU of the best proposal
    bound_intersection: int
    bound_union: int
    score: float | None  # of the first candidate
    source: str | None  # proposer of the first candidate
    target_class: str | None
    answered_class: str | None  # of the true object with the largest IoU with the answer
    mask: str  # the answer, as counts of a COCO run-length encoding
    truth: str  # the compared truth, in the same form
    height: int
    width: int
    explanation: str
    ms: float  # milliseconds of ``refer``
    message: str = ""
    box: Box | None = None  # the truth, where no mask is known: the answer's box is compared

    @property
    def has_target(self) -> bool:
        """Whether an object of the frame is meant."""
        return bool(self.targets) or self.box is not None


@dataclass(frozen=True)
class FrameRecord:
    """One frame, written after all of its answers."""

    item: str
    bounds: Mapping[str, tuple[float, ...]]  # best IoU of every object, by proposer
    proposals: Mapping[str, int]  # their numbers
    seconds: float  # of proposals and ``look``
    timings: Mapping[str, float] = field(default_factory=dict)


def to_line(record: AnswerRecord | FrameRecord) -> str:
    """Return a record as one line of JSON, with its newline."""
    return json.dumps(asdict(record), allow_nan=False) + "\n"


def read_answers(directory: Path) -> list[AnswerRecord]:
    """Read the answers in a folder. Raises InputError for an invalid line."""
    return [
        AnswerRecord(
            **{
                **row,
                "targets": tuple(row["targets"]),
                "box": tuple(row["box"]) if row.get("box") else None,
            }
        )
        for row in _rows(directory / ANSWERS)
    ]


def read_frames(directory: Path) -> list[FrameRecord]:
    """Read the completed frames in a folder. Raises InputError for an invalid line."""
    return [
        FrameRecord(**{**row, "bounds": {k: tuple(v) for k, v in row["bounds"].items()}})
        for row in _rows(directory / FRAMES)
    ]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise InputError(
                f"{path}, line {number}, is not JSON: remove the folder and run again"
            ) from error

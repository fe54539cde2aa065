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

from zsris_ros.types import InputError

ANSWERS = "answers.jsonl"
FRAMES = "looks.jsonl"
REFUSED = "REFUSED"
"""Verdict of an expression that could not be parsed; the explanation holds the reason."""


@dataclass(frozen=True)
class AnswerRecord:
    """One answer.

    Attributes:
        item: Name of the item.
        expression: The question.
        category: Category of the question.
        targets: Indices of the matching objects.
        expected: The right verdict.
        verdict: The verdict of the answer.
        intersection: Pixels of the answered mask and the true mask; with several acceptable
            targets, the best fitting one.
        union: Pixels of either mask.
        iou: IoU of the two masks.
        best_iou: IoU of the first candidate, whatever the verdict.
        bound: IoU of the best proposal; ``bound_intersection`` and ``bound_union`` are its pixels.
        score: Score of the first candidate.
        source: Proposer of the first candidate.
        target_class: Class of the target, None if unknown.
        answered_class: Class of the true object with the largest IoU with the answer.
        mask: The answered mask, as counts of a COCO run-length encoding of ``height`` x ``width``.
        truth: The true mask, in the same form.
        explanation: Explanation of the answer.
        ms: Milliseconds of ``refer``.
    """

    item: str
    expression: str
    category: str
    targets: tuple[int, ...]
    expected: str
    verdict: str
    intersection: int
    union: int
    iou: float
    best_iou: float
    bound: float
    bound_intersection: int
    bound_union: int
    score: float | None
    source: str | None
    target_class: str | None
    answered_class: str | None
    mask: str
    truth: str
    height: int
    width: int
    explanation: str
    ms: float


@dataclass(frozen=True)
class FrameRecord:
    """One frame, written after all of its answers.

    Attributes:
        item: Name of the item.
        bounds: For "joined" and each proposer, the IoU of every true object with its best proposal.
        proposals: Numbers of proposals, by the same names.
        seconds: Duration of proposals and ``look``.
        timings: Milliseconds by stage.
    """

    item: str
    bounds: Mapping[str, tuple[float, ...]]
    proposals: Mapping[str, int]
    seconds: float
    timings: Mapping[str, float] = field(default_factory=dict)


def to_line(record: AnswerRecord | FrameRecord) -> str:
    """Return a record as one line of JSON, with its newline."""
    return json.dumps(asdict(record), allow_nan=False) + "\n"


def read_answers(directory: Path) -> list[AnswerRecord]:
    """Read the answers in a folder. Raises InputError for an invalid line."""
    return [
        AnswerRecord(**{**row, "targets": tuple(row["targets"])})
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

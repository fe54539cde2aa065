"""What an evaluation writes down: a line an answer and a line a frame, enough for every figure.

All figures are computed from these lines alone, so a run that was killed and resumed gives the same
summary as one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zsris_ros.types import InputError

ANSWERS = "answers.jsonl"
LOOKS = "looks.jsonl"
REFUSED = "REFUSED"
"""The verdict of an expression that could not be read; the explanation says why."""


@dataclass(frozen=True)
class AnswerRecord:
    """One answer.

    ``targets`` are the numbers of the objects that fit and ``expected`` the right verdict.
    ``intersection`` and ``union`` (pixels) and ``iou`` compare the answered mask with the truth;
    where each of several targets would be right, with the one that fits best. ``best_iou`` is that
    of the first candidate whatever the verdict, ``bound`` that of the proposal that fits best, and
    ``bound_intersection`` and ``bound_union`` its pixels. ``target_class`` and ``answered_class``
    are the classes of the target and of the true object with the largest IoU with the answer (None
    where unknown or none). ``mask`` is the answered mask and ``truth`` the one it was compared
    with, as the counts of COCO run-length encodings; ``height`` and ``width`` their size. ``ms``:
    milliseconds of ``refer``.
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
class LookRecord:
    """One frame, written after all of its answers: the frame is done.

    ``bounds`` holds for "joined" and each proposer the IoU of every true object with its best
    proposal; ``proposals`` how many there were; ``seconds`` what looking took.
    """

    item: str
    bounds: Mapping[str, tuple[float, ...]]
    proposals: Mapping[str, int]
    seconds: float
    timings: Mapping[str, float] = field(default_factory=dict)


def to_line(record: AnswerRecord | LookRecord) -> str:
    """A record as one line of JSON, with its newline."""
    return json.dumps(asdict(record), allow_nan=False) + "\n"


def read_answers(directory: Path) -> list[AnswerRecord]:
    """The answers of ``directory``. Raises InputError for a line that is no answer."""
    return [
        AnswerRecord(**{**row, "targets": tuple(row["targets"])})
        for row in _rows(directory / ANSWERS)
    ]


def read_looks(directory: Path) -> list[LookRecord]:
    """The frames that are done in ``directory``. Raises InputError for a line that is none."""
    return [
        LookRecord(**{**row, "bounds": {k: tuple(v) for k, v in row["bounds"].items()}})
        for row in _rows(directory / LOOKS)
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

"""The demo's results: a table, answers.json, images, and the thresholds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image

from zsris_ros.types import ByteArray, Point, Verdict
from zsris_ros.visualization.overlay import contact_sheet

MIN_MEAN_IOU = 0.8
MIN_IOU = 0.5
"""An answer with a lower IoU has another object."""
MAX_CENTROID_ERROR_MM = 15.0
MAX_CACHED_SHARE = 0.1
COLUMNS = 4


@dataclass(frozen=True, eq=False)
class DemoAnswer:
    """An answer with its expected verdict and true centroid (None without a target).

    ``image`` uint8 HxWx3 is the frame with the answer drawn in.
    """

    expression: str
    status: str
    expected: Verdict
    message: str
    iou: float
    centroid: Point | None
    truth: Point | None
    error_mm: float | None
    total_ms: float
    cache_hit: bool
    stamp_ns: int
    image: ByteArray

    @property
    def correct(self) -> bool:
        """Whether the verdict and, with a target, the object are right."""
        return self.status == self.expected.name and (
            self.expected is Verdict.NOT_FOUND or self.iou > MIN_IOU
        )

    def to_json(self) -> dict[str, Any]:
        """Return a row of answers.json; the stamp is in nanoseconds."""
        return {
            "expression": self.expression,
            "status": self.status,
            "expected": self.expected.name,
            "right": self.correct,
            "iou": round(self.iou, 4),
            "centroid_m": None if self.centroid is None else [round(v, 5) for v in self.centroid],
            "truth_m": None if self.truth is None else list(self.truth),
            "error_mm": None if self.error_mm is None else round(self.error_mm, 2),
            "total_ms": round(self.total_ms, 2),
            "cache_hit": self.cache_hit,
            "stamp": self.stamp_ns,
        }


def write(folder: Path, answers: Sequence[DemoAnswer]) -> None:
    """Write answers.json, one image an answer, and contact_sheet.png; remove old images."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("[0-9][0-9]_*.png"):
        old.unlink()
    rows = [answer.to_json() for answer in answers]
    (folder / "answers.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for number, answer in enumerate(answers, 1):
        words = re.sub(r"[^a-z0-9]+", "_", answer.expression.lower()).strip("_")
        Image.fromarray(answer.image).save(folder / f"{number:02}_{words}.png")
    sheet = contact_sheet([answer.image for answer in answers], COLUMNS)
    Image.fromarray(sheet).save(folder / "contact_sheet.png")


def table(answers: Sequence[DemoAnswer]) -> Iterator[str]:
    """Yield the answers as lines of text."""
    width = max(len(answer.expression) for answer in answers)
    yield (
        f"{'expression':<{width}}  {'status':<9}  {'IoU':>5}  {'x, y, z in metres':^24}"
        f"  {'error':>7}  {'time':>9}  cached"
    )
    for each in answers:
        point = "  ".join(f"{v:+.3f}" for v in each.centroid) if each.centroid else "-"
        error = "-" if each.error_mm is None else f"{each.error_mm:.1f} mm"
        yield (
            f"{each.expression:<{width}}  {each.status:<9}  {each.iou:5.3f}  {point:^24}"
            f"  {error:>7}  {each.total_ms:6.0f} ms  {'yes' if each.cache_hit else 'no'}"
        )


def summary(answers: Sequence[DemoAnswer]) -> str:
    """Return the figures beside their thresholds in one line."""
    errors = [answer.error_mm for answer in answers if answer.error_mm is not None]
    correct = sum(answer.correct for answer in answers)
    parts = [
        f"{correct} of {len(answers)} right",
        f"mean IoU {mean_iou(answers):.3f} (bar {MIN_MEAN_IOU})",
    ]
    if errors:
        parts.append(
            f"largest centroid error {max(errors):.1f} mm (bar {MAX_CENTROID_ERROR_MM:g} mm)"
        )
    shares = cached_shares(answers)
    if shares:
        parts.append(f"cached answers take {median(shares):.1%} of the first (median, bar 10%)")
    return ", ".join(parts)


def problems(answers: Sequence[DemoAnswer]) -> Iterator[str]:
    """Yield one sentence for each missed threshold."""
    for answer in answers:
        expression = f"'{answer.expression}'"
        if not answer.correct:
            yield (
                f"{expression} was answered wrongly: {answer.status}, {answer.message} "
                f"(expected: {answer.expected.name})"
            )
        elif answer.truth is None:
            continue
        elif answer.error_mm is None:
            yield f"{expression} was answered without a point in metres"
        elif answer.error_mm > MAX_CENTROID_ERROR_MM:
            limit = f"{MAX_CENTROID_ERROR_MM:g} mm"
            yield f"{expression} is {answer.error_mm:.1f} mm off, more than {limit}"
    if mean_iou(answers) < MIN_MEAN_IOU:
        yield f"the mean IoU is {mean_iou(answers):.3f}, below {MIN_MEAN_IOU}"
    shares = cached_shares(answers)
    if not shares:
        yield "no answer came from a cached scene"
    elif median(shares) > MAX_CACHED_SHARE:  # of all: a busy machine delays single answers
        yield f"cached answers take {median(shares):.0%} of the time of the first answer"


def mean_iou(answers: Sequence[DemoAnswer]) -> float:
    """Return the mean IoU over the expressions with a target; 0 without any."""
    ious = [answer.iou for answer in answers if answer.truth is not None]
    return sum(ious) / len(ious) if ious else 0.0


def cached_shares(answers: Sequence[DemoAnswer]) -> list[float]:
    """Return the time of each cached answer relative to the first answer about the frame."""
    first: dict[int, float] = {}
    shares = []
    for answer in answers:
        if answer.cache_hit and answer.stamp_ns in first:
            shares.append(answer.total_ms / first[answer.stamp_ns])
        elif not answer.cache_hit:
            first.setdefault(answer.stamp_ns, answer.total_ms)
    return shares

"""What the demo shows and writes: a table, answers.json, pictures, and whether the bars are met."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from zsris_ros.types import ByteArray, Point, Verdict
from zsris_ros.visualization.overlay import contact_sheet

MEAN_IOU = 0.8
WRONG_IOU = 0.5
"""An answer whose IoU is not above this points at something else."""
CENTROID_MM = 15.0
CACHED_SHARE = 0.1
COLUMNS = 4


@dataclass(frozen=True, eq=False)
class DemoAnswer:
    """One answer beside the truth: what it should have been, and the centroid it should have had
    (None where nothing fits). ``picture`` uint8 HxWx3 has the answer drawn in.
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
    picture: ByteArray

    @property
    def right(self) -> bool:
        """The right verdict and, where something fits, the right thing."""
        return self.status == self.expected.name and (
            self.expected is Verdict.NOT_FOUND or self.iou > WRONG_IOU
        )

    def to_json(self) -> dict[str, Any]:
        """A row of answers.json; the stamp is in nanoseconds."""
        return {
            "expression": self.expression,
            "status": self.status,
            "expected": self.expected.name,
            "right": self.right,
            "iou": round(self.iou, 4),
            "centroid_m": None if self.centroid is None else [round(v, 5) for v in self.centroid],
            "truth_m": None if self.truth is None else list(self.truth),
            "error_mm": None if self.error_mm is None else round(self.error_mm, 2),
            "total_ms": round(self.total_ms, 2),
            "cache_hit": self.cache_hit,
            "stamp": self.stamp_ns,
        }


def write(folder: Path, answers: Sequence[DemoAnswer]) -> None:
    """answers.json, one picture an answer, and contact_sheet.png; old pictures are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("[0-9][0-9]_*.png"):
        old.unlink()
    rows = [answer.to_json() for answer in answers]
    (folder / "answers.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for number, answer in enumerate(answers, 1):
        words = re.sub(r"[^a-z0-9]+", "_", answer.expression.lower()).strip("_")
        Image.fromarray(answer.picture).save(folder / f"{number:02}_{words}.png")
    sheet = contact_sheet([answer.picture for answer in answers], COLUMNS)
    Image.fromarray(sheet).save(folder / "contact_sheet.png")


def table(answers: Sequence[DemoAnswer]) -> Iterator[str]:
    """The answers as lines of text."""
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
    """The figures that the bars are about, in one line."""
    errors = [answer.error_mm for answer in answers if answer.error_mm is not None]
    right = sum(answer.right for answer in answers)
    parts = [
        f"{right} of {len(answers)} right",
        f"mean IoU {mean_iou(answers):.3f} (bar {MEAN_IOU})",
    ]
    if errors:
        parts.append(f"largest centroid error {max(errors):.1f} mm (bar {CENTROID_MM:g} mm)")
    shares = [share for _, share in cached_shares(answers)]
    if shares:
        parts.append(f"cached answers take at most {max(shares):.1%} of the first (bar 10%)")
    return ", ".join(parts)


def problems(answers: Sequence[DemoAnswer]) -> Iterator[str]:
    """One sentence for each bar that is missed."""
    for answer in answers:
        said = f"'{answer.expression}'"
        if not answer.right:
            yield (
                f"{said} was answered wrongly: {answer.status}, {answer.message} "
                f"(expected: {answer.expected.name})"
            )
        elif answer.truth is None:
            continue
        elif answer.error_mm is None:
            yield f"{said} was answered without a point in metres"
        elif answer.error_mm > CENTROID_MM:
            yield f"{said} is {answer.error_mm:.1f} mm off, more than {CENTROID_MM:g} mm"
    if mean_iou(answers) < MEAN_IOU:
        yield f"the mean IoU is {mean_iou(answers):.3f}, below {MEAN_IOU}"
    for answer, share in cached_shares(answers):
        if share > CACHED_SHARE:
            yield f"'{answer.expression}' was cached and still took {share:.0%} of the first answer"
    if not any(answer.cache_hit for answer in answers):
        yield "no answer came from a scene that had been looked at before"


def mean_iou(answers: Sequence[DemoAnswer]) -> float:
    """Over the answers to questions that something fits; 0 without any."""
    ious = [answer.iou for answer in answers if answer.truth is not None]
    return sum(ious) / len(ious) if ious else 0.0


def cached_shares(answers: Sequence[DemoAnswer]) -> Iterator[tuple[DemoAnswer, float]]:
    """Each cached answer and its time as a share of the first answer's about the same frame."""
    first: dict[int, float] = {}
    for answer in answers:
        if answer.cache_hit and answer.stamp_ns in first:
            yield answer, answer.total_ms / first[answer.stamp_ns]
        elif not answer.cache_hit:
            first.setdefault(answer.stamp_ns, answer.total_ms)

"""The output folder of a replay: answers.jsonl, answers.csv, overlays/ and answers.mp4."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PIL import Image

from zsris_ros.camera.image_messages import SECOND
from zsris_ros.geometry import run_lengths
from zsris_ros.language.instructions import describe_step
from zsris_ros.replay.answers import FrameAnswers
from zsris_ros.replay.video import Video
from zsris_ros.types import (
    ByteArray,
    DestinationResult,
    InputError,
    InstructionResult,
    PlacePoint,
    ReferringResult,
    Verdict,
)
from zsris_ros.visualization.overlay import contact_sheet, draw_answer

ANSWERS, TABLE, OVERLAYS, VIDEO = "answers.jsonl", "answers.csv", "overlays", "answers.mp4"
VECTORS = {
    "centroid_pixel": ("u", "v"),
    "centroid_m": ("x", "y", "z"),
    "box": ("box_x", "box_y", "box_width", "box_height"),
}
"""Table columns of the lists in the JSON lines."""
NO_ANSWER: dict[str, Any] = dict.fromkeys(
    (
        *("verdict", "message", "score", "centroid_pixel", "centroid_m", "box", "mask"),
        *("explanation", "instruction_verdict", "steps"),
    )
)


class ReplayWriter:
    """Context manager that writes answers frame by frame.

    ``period`` is the median time between two frames in seconds, None for no video. Raises
    InputError when the folder holds a replay already.
    """

    def __init__(self, folder: Path, expressions: Sequence[str], period: float | None) -> None:
        if (folder / ANSWERS).exists():
            raise InputError(f"{folder} holds a replay already; name another folder")
        (folder / OVERLAYS).mkdir(parents=True, exist_ok=True)
        self._verdicts: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._frames = 0
        self.usable_frames = 0
        self._folder, self._expressions = folder, expressions
        self._stack = ExitStack()
        self._lines = self._stack.enter_context((folder / ANSWERS).open("w", encoding="utf-8"))
        table = self._stack.enter_context((folder / TABLE).open("w", encoding="utf-8", newline=""))
        self._table = csv.writer(table)
        self._has_header = False
        self._video: Video | None = None
        if period is not None:
            self._video = self._stack.enter_context(Video(folder / VIDEO, period))

    def __enter__(self) -> ReplayWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, answered: FrameAnswers) -> None:
        """Write the answers of a frame, or the reason why it is unusable."""
        stamp = exact_seconds(answered.stamp_ns)
        self._frames += 1
        self.usable_frames += answered.frame is not None
        self._notes.update(filter(None, [answered.note]))
        images: list[ByteArray] = []
        for number, expression in enumerate(self._expressions):
            path = None
            if answered.frame is not None:
                path = f"{OVERLAYS}/{stamp}_{number + 1}.png"
                rgb = answered.frame.rgb
                images.append(draw_answer(rgb, answered.results[number], expression))
                Image.fromarray(images[-1]).save(self._folder / path, compress_level=1)
            row = to_json(answered, number, expression) | {"overlay": path}
            self._verdicts[row["verdict"] or "without an answer"] += 1
            self._lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._write_table(row)
        self._lines.flush()
        if images and self._video is not None:
            columns = math.ceil(math.sqrt(len(images)))
            sheet = images[0] if len(images) == 1 else contact_sheet(images, columns)
            self._video.add(answered.stamp_ns, sheet)

    def summary(self) -> str:
        """Return the counts of frames, answers by verdict, and notes."""
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self._verdicts.most_common())
        notes = [f"; {_many(n, 'frame')}: {note}" for note, n in self._notes.most_common(3)]
        frames, answers = _many(self._frames, "frame"), _many(self._verdicts.total(), "answer")
        return f"{frames}, {answers}: {counts}{''.join(notes)}; all in {self._folder}"

    def _write_table(self, row: Mapping[str, Any]) -> None:
        cells = to_cells(row)
        if not self._has_header:
            self._table.writerow(cells)
            self._has_header = True
        self._table.writerow(cells.values())


def to_json(answered: FrameAnswers, number: int, expression: str) -> dict[str, Any]:
    """Return the answer to the ``number``-th expression as plain data.

    ``stamp`` has all digits, as ``--stamp`` takes it; pixels, metres and boxes are as in
    ``zsris_ros.types``; ``mask`` is in COCO's run-length form.
    """
    frame = answered.frame
    row = {
        "stamp": exact_seconds(answered.stamp_ns),
        "frame_id": frame.frame_id if frame else "",
        "expression": expression,
        **NO_ANSWER,
    }
    if frame is None:
        return {**row, "message": answered.note, "note": "", "timings_ms": {}}
    result = answered.results[number]
    answer = {
        **_answer(result.target),
        "message": result.message,
        "instruction_verdict": result.verdict.value,
        "steps": [] if result.instruction.is_expression else _steps(result),
    }
    timings = {stage: round(ms, 3) for stage, ms in answered.timings[number].items()}
    return {**row, **answer, "note": answered.note, "timings_ms": timings}


def _answer(result: ReferringResult) -> dict[str, Any]:
    answer = {
        "verdict": result.verdict.value,
        "message": result.message,
        "score": None if result.best is None else result.best.score,
        "explanation": result.explanation,
    }
    best = result.best
    if best is None or result.verdict is Verdict.NOT_FOUND:
        return answer
    return {
        **answer,
        "centroid_pixel": list(best.centroid_pixel),
        "centroid_m": None if best.centroid is None else list(best.centroid),
        "box": list(best.box),
        "mask": run_lengths.encode(result.mask),
    }


def _steps(result: InstructionResult) -> list[dict[str, Any]]:
    return [
        {
            "action": found.step.action,
            "description": describe_step(found.step),
            "same_as": found.step.same_as,
            "target": None if found.target is None else _answer(found.target),
            "destination": None if found.destination is None else _destination(found.destination),
        }
        for found in result.steps
    ]


def _destination(destination: DestinationResult) -> dict[str, Any]:
    return {
        "kind": destination.kind,
        "same_as": destination.same_as,
        "anchors": [_answer(anchor) for anchor in destination.anchors],
        "places": [_place(place) for place in destination.places],
        "reason": destination.reason,
    }


def _place(place: PlacePoint) -> dict[str, Any]:
    return {
        "point_m": list(place.point),
        "normal": list(place.normal),
        "height_m": place.height,
        "pixel": list(place.pixel),
    }


def to_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of ``to_json`` as table cells, lists in columns, without mask and steps."""
    cells: dict[str, Any] = {}
    for name, value in row.items():
        if name in VECTORS:
            cells.update(zip(VECTORS[name], value or [""] * len(VECTORS[name]), strict=True))
        elif name == "timings_ms":
            cells["total_ms"] = round(sum(value.values()), 3)
        elif name not in ("mask", "steps"):
            cells[name] = "" if value is None else value
    return cells


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def exact_seconds(stamp_ns: int) -> str:
    """Return nanoseconds as seconds with all digits."""
    return f"{stamp_ns // SECOND}.{stamp_ns % SECOND:09d}"

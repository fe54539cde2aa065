"""A replay's folder: answers.jsonl, answers.csv, overlays/ and answers.mp4."""

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
from zsris_ros.replay.answers import Answered
from zsris_ros.replay.video import Video
from zsris_ros.types import ByteArray, InputError, ReferringResult, Verdict
from zsris_ros.visualization.overlay import contact_sheet, draw_result

ANSWERS, TABLE, OVERLAYS, VIDEO = "answers.jsonl", "answers.csv", "overlays", "answers.mp4"
VECTORS = {
    "centroid_pixel": ("u", "v"),
    "centroid_m": ("x", "y", "z"),
    "box": ("box_x", "box_y", "box_width", "box_height"),
}
"""Columns of the table for what is a list in the JSON lines."""
NO_ANSWER: dict[str, Any] = dict.fromkeys(
    ("verdict", "message", "score", "centroid_pixel", "centroid_m", "box", "mask", "explanation")
)


class Outputs:
    """Writes answers as they come; for a ``with`` block, at whose end the files are whole.

    ``period`` is the usual time between two frames in seconds for the video, None without one.
    Raises InputError when the folder holds a replay already.
    """

    def __init__(self, folder: Path, expressions: Sequence[str], period: float | None) -> None:
        if (folder / ANSWERS).exists():
            raise InputError(f"{folder} holds a replay already; name another folder")
        (folder / OVERLAYS).mkdir(parents=True, exist_ok=True)
        self._verdicts: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._frames = 0
        self.usable = 0
        """Frames that could be used."""
        self._folder, self._expressions = folder, expressions
        self._stack = ExitStack()
        self._lines = self._stack.enter_context((folder / ANSWERS).open("w", encoding="utf-8"))
        table = self._stack.enter_context((folder / TABLE).open("w", encoding="utf-8", newline=""))
        self._table = csv.writer(table)
        self._has_head = False
        self._video: Video | None = None
        if period is not None:
            self._video = self._stack.enter_context(Video(folder / VIDEO, period))

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, answered: Answered) -> None:
        """One frame's answers; of a frame that cannot be used, only why."""
        stamp = exact_seconds(answered.stamp_ns)
        self._frames += 1
        self.usable += answered.frame is not None
        self._notes.update(filter(None, [answered.note]))
        pictures: list[ByteArray] = []
        for number, expression in enumerate(self._expressions):
            drawn = None
            if answered.frame is not None:
                drawn = f"{OVERLAYS}/{stamp}_{number + 1}.png"
                rgb = answered.frame.rgb
                pictures.append(draw_result(rgb, answered.referrals[number], expression))
                Image.fromarray(pictures[-1]).save(self._folder / drawn, compress_level=1)
            row = to_json(answered, number, expression) | {"overlay": drawn}
            self._verdicts[row["verdict"] or "without an answer"] += 1
            self._lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._write_table(row)
        self._lines.flush()
        if pictures and self._video is not None:
            columns = math.ceil(math.sqrt(len(pictures)))
            sheet = pictures[0] if len(pictures) == 1 else contact_sheet(pictures, columns)
            self._video.show(answered.stamp_ns, sheet)

    def summary(self) -> str:
        """How many answers of which kind, and what was wrong with how many frames."""
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self._verdicts.most_common())
        notes = [f"; {_many(n, 'frame')}: {note}" for note, n in self._notes.most_common(3)]
        asked = (
            f"{_many(self._frames, 'frame')}, {_many(self._verdicts.total(), 'answer')}: {counts}"
        )
        return f"{asked}{''.join(notes)}; all in {self._folder}"

    def _write_table(self, row: Mapping[str, Any]) -> None:
        cells = to_cells(row)
        if not self._has_head:
            self._table.writerow(cells)
            self._has_head = True
        self._table.writerow(cells.values())


def to_json(answered: Answered, number: int, expression: str) -> dict[str, Any]:
    """The answer to the ``number``-th expression as plain data.

    ``stamp`` is a text with all digits, as ``--stamp`` takes it; pixels, metres and boxes are as in
    ``zsris_ros.types``; ``mask`` is in COCO's run-length form.
    """
    frame = answered.frame
    about = {"stamp": exact_seconds(answered.stamp_ns), "frame_id": frame.frame_id if frame else ""}
    asked = {**about, "expression": expression}
    if frame is None:
        return {**asked, **NO_ANSWER, "message": answered.note, "note": "", "timings_ms": {}}
    answer = _answer(answered.referrals[number])
    timings = {stage: round(ms, 3) for stage, ms in answered.timings[number].items()}
    return {**asked, **NO_ANSWER, **answer, "note": answered.note, "timings_ms": timings}


def _answer(referral: ReferringResult) -> dict[str, Any]:
    said = {
        "verdict": referral.verdict.value,
        "message": referral.message,
        "score": None if referral.best is None else referral.best.score,
        "explanation": referral.explanation,
    }
    best = referral.best
    if best is None or referral.verdict is Verdict.NOT_FOUND:
        return said
    return {
        **said,
        "centroid_pixel": list(best.centroid_pixel),
        "centroid_m": None if best.centroid is None else list(best.centroid),
        "box": list(best.box),
        "mask": run_lengths.encode(referral.mask),
    }


def to_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of ``to_json`` as cells of a table: lists in columns of their own, without the mask."""
    cells: dict[str, Any] = {}
    for name, value in row.items():
        if name in VECTORS:
            cells.update(zip(VECTORS[name], value or [""] * len(VECTORS[name]), strict=True))
        elif name == "timings_ms":
            cells["total_ms"] = round(sum(value.values()), 3)
        elif name != "mask":
            cells[name] = "" if value is None else value
    return cells


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def exact_seconds(stamp_ns: int) -> str:
    """Nanoseconds as seconds with all their digits."""
    return f"{stamp_ns // SECOND}.{stamp_ns % SECOND:09d}"

"""The folder of one run: its settings, and a line for every answer and every completed frame.

``run.json`` holds the settings. A frame is complete when its line stands in ``looks.jsonl``, which
is written after the frame's answers. On resumption the lines of incomplete frames are dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.records import ANSWERS, FRAMES, AnswerRecord, FrameRecord, to_line
from zsris_ros.types import InputError

RUN = "run.json"
SUMMARY = "summary.json"


class RunFolder:
    """The folder of a run, with its results so far.

    ``done`` holds the names of the completed items.

    Args:
        directory: The folder.
        settings: The settings of the run, as plain data.

    Raises:
        InputError: The folder holds results of other settings.
    """

    def __init__(self, directory: Path, settings: Mapping[str, Any]) -> None:
        self.directory = directory
        claim(directory, settings)
        frames = _whole_lines(directory / FRAMES)
        self.done = {json.loads(line)["item"] for line in frames}
        answers = _whole_lines(directory / ANSWERS)
        _write(directory / FRAMES, frames)
        _write(directory / ANSWERS, [a for a in answers if json.loads(a)["item"] in self.done])

    def add(self, answers: Sequence[AnswerRecord], frame: FrameRecord) -> None:
        """Append a completed frame, its answers first."""
        for name, records in ((ANSWERS, answers), (FRAMES, [frame])):
            with (self.directory / name).open("a", encoding="utf-8") as lines:
                lines.write("".join(to_line(record) for record in records))
        self.done.add(frame.item)


def claim(directory: Path, settings: Mapping[str, Any]) -> None:
    """Create the folder of a run with ``settings``, or verify an existing one.

    Raises:
        InputError: The folder holds results of other settings.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / RUN
    wanted = json.loads(json.dumps(settings))
    if not path.exists():
        if any((directory / name).exists() for name in (ANSWERS, FRAMES)):
            raise InputError(f"{directory} holds results without {RUN}: take another folder")
        _write(path, [json.dumps(wanted, indent=2) + "\n"])
        return
    try:
        found = dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"{path} is damaged: take another folder") from error
    for key in {**wanted, **found}:
        if wanted.get(key) != found.get(key):
            raise InputError(
                f"{directory} holds results with {key} {found.get(key)!r}, and now it is "
                f"{wanted.get(key)!r}: take another folder, or remove this one"
            )


def write_records(
    folder: Path, name: str, records: Iterable[Any], summary: Mapping[str, Any]
) -> None:
    """Write dataclasses as JSON lines to ``folder``/``name``, and the summary to summary.json."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(asdict(record)) + "\n" for record in records)
    (folder / name).write_text(lines, encoding="utf-8")
    (folder / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


def _whole_lines(path: Path) -> list[str]:
    """Return the lines of a file that hold a record; a truncated line is dropped."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    return [line for line in lines if _is_record(line)]


def _is_record(line: str) -> bool:
    try:
        return line.endswith("\n") and "item" in json.loads(line)
    except (TypeError, ValueError):
        return False


def _write(path: Path, lines: Sequence[str]) -> None:
    """Replace a file atomically."""
    part = path.with_name(path.name + ".part")
    part.write_text("".join(lines), encoding="utf-8")
    os.replace(part, path)

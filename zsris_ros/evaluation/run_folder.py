"""The folder of one run: what was asked of it, and a line for everything that is done.

``run.json`` holds the settings. A frame is done when its line stands in ``looks.jsonl``, which is
written after the frame's answers. What a killed run left half done is dropped when it is resumed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zsris_ros.evaluation.records import (
    ANSWERS,
    LOOKS,
    AnswerRecord,
    LookRecord,
    to_line,
)
from zsris_ros.types import InputError

RUN = "run.json"


class Results:
    """The results in ``directory``, of a run with ``settings`` (plain data).

    ``done`` are the names of the items that need not be answered again. Raises InputError when the
    folder holds results of other settings.
    """

    def __init__(self, directory: Path, settings: Mapping[str, Any]) -> None:
        self.directory = directory
        claim(directory, settings)
        looks = _whole_lines(directory / LOOKS)
        self.done = {json.loads(line)["item"] for line in looks}
        answers = _whole_lines(directory / ANSWERS)
        _write(directory / LOOKS, looks)
        _write(directory / ANSWERS, [a for a in answers if json.loads(a)["item"] in self.done])

    def add(self, answers: Sequence[AnswerRecord], look: LookRecord) -> None:
        """Write down a frame that is done, its answers first."""
        for name, records in ((ANSWERS, answers), (LOOKS, [look])):
            with (self.directory / name).open("a", encoding="utf-8") as lines:
                lines.write("".join(to_line(record) for record in records))
        self.done.add(look.item)


def claim(directory: Path, settings: Mapping[str, Any]) -> None:
    """Make ``directory`` the place for a run with ``settings``.

    Raises InputError when it holds results already, and they are of other settings.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / RUN
    wanted = json.loads(json.dumps(settings))
    if not path.exists():
        if any((directory / name).exists() for name in (ANSWERS, LOOKS)):
            raise InputError(
                f"{directory} holds results and no {RUN} that says what of: take another folder"
            )
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


def _whole_lines(path: Path) -> list[str]:
    """The lines of a file that hold a record; a line that was torn off is none."""
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
    """Replace a file as a whole, so that a kill leaves the old one or the new one."""
    part = path.with_name(path.name + ".part")
    part.write_text("".join(lines), encoding="utf-8")
    os.replace(part, path)

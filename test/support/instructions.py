"""The annotated instructions of test/data, and the notation of their steps.

    PYTHONPATH=test python -m support.instructions FILE

prints the steps of each line of a file in that notation.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from zsris_ros.language.instructions import instruction_to_json, parse_instruction

DATA = Path(__file__).parents[1] / "data" / "instructions.txt"
_MODIFIERS = ("attributes", "number", "position", "superlative", "ordinal", "excluded")


def load() -> list[tuple[str, list[str]]]:
    """Return the texts and their steps in the notation of ``notation``."""
    rows: list[tuple[str, list[str]]] = []
    for line in DATA.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            rows[-1][1].append(line.strip())
        elif line.strip() and not line.startswith("#"):
            rows.append((line, []))
    return rows


def notation(text: str) -> list[str]:
    """Return one line a step: action [targets] -> destination."""
    return [_step(step) for step in instruction_to_json(parse_instruction(text))["steps"]]


def _step(step: dict[str, Any]) -> str:
    objects = [_phrase(each) for each in (step["target"], *step["also"]) if each]
    target = " & ".join(objects) or f"={step['same_as']}"
    line = f"{step['action']} [{target}]"
    destination = step["destination"]
    if destination is None:
        return line
    anchors = " & ".join(map(_phrase, destination["anchors"]))
    if destination["same_as"] is not None:
        anchors = f"={destination['same_as']}"
    return f"{line} -> {destination['kind']} [{anchors}]"


def _phrase(phrase: dict[str, Any]) -> str:
    fields = [f"{name}={_value(phrase[name])}" for name in _MODIFIERS if name in phrase]
    relations = [
        f" {row['kind']}({' + '.join(map(_phrase, row['anchors']))})"
        for row in phrase.get("relations", ())
    ]
    modifiers = f" {{{' '.join(fields)}}}" if fields else ""
    return phrase["target"] + modifiers + "".join(relations)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['index']}:{value['from']}"
    return ",".join(value) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    for said in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        if said.strip() and not said.startswith(("#", "  ")):
            print("\n  ".join([said, *notation(said)]))

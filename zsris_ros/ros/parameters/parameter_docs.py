"""Writes docs/parameters.md from the declarations: ``python -m <this module> FILE``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from zsris_ros.ros.parameters.node_parameters import Parameters
from zsris_ros.ros.parameters.parameter_declaration import Changes
from zsris_ros.ros.parameters.speech_parameters import SpeechParameters

HEAD = """\
# Parameters of refer_segment_node

<!-- Written by `make parameter-docs`; do not edit. -->

Set them in a file (`params_file:=` of the launch file; default `config/refer_segment.yaml`), or at
run time with `ros2 param set /refer_segment_node NAME VALUE`. The node refuses an invalid name or
value with a message that lists the allowed ones.
"""

SPEECH_HEAD = """
# Parameters of speech_node

`ros2 run zsris_ros speech_node --ros-args -p NAME:=VALUE`; some are arguments of the launch file.
[speech.md](speech.md) describes the node.
"""

SECTIONS = {
    Changes.ALWAYS: "They take effect with the next request.",
    Changes.UNCONFIGURED: (
        "The transition `configure` reads them. To change them: `ros2 lifecycle set "
        "/refer_segment_node deactivate`, `cleanup`, then set them, `configure`, `activate`."
    ),
    Changes.NEVER: "Read-only; they are read at start.",
}

TYPES = {bool: "bool", int: "integer", float: "double", str: "string"}
"""ROS's names of the types."""

SPEECH_SECTIONS = {
    Changes.ALWAYS: "They take effect with the next utterance.",
    Changes.NEVER: SECTIONS[Changes.NEVER],
}


def markdown() -> str:
    """Return the file: one table per node and kind of change."""
    refer, speech = _tables(Parameters, SECTIONS), _tables(SpeechParameters, SPEECH_SECTIONS)
    return HEAD + refer + SPEECH_HEAD + speech


def _tables(kind: type[Any], sections: Mapping[Changes, str]) -> str:
    parts = []
    for changes, sentence in sections.items():
        rows = [_row(each) for each in fields(kind) if each.metadata["changes"] is changes]
        parts.append(f"\n## Can change {changes.value}\n\n{sentence}\n\n")
        parts.append("| name | type | default | allowed | meaning |\n|---|---|---|---|---|\n")
        parts.extend(rows)
    return "".join(parts)


def _row(parameter: Field[Any]) -> str:
    default = parameter.default
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    cells = (
        f"`{parameter.name}`",
        TYPES[type(default)],
        f"`{shown}`" if shown else "empty",
        _allowed(parameter),
        parameter.metadata["description"].replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |\n"


def _allowed(parameter: Field[Any]) -> str:
    if parameter.metadata["choices"]:
        return ", ".join(f"`{choice}`" for choice in parameter.metadata["choices"])
    if parameter.metadata["range"]:
        return "{:g} to {:g}".format(*parameter.metadata["range"])
    return ""


def main(args: Sequence[str] | None = None) -> int:
    """Write the file and return 0."""
    parser = argparse.ArgumentParser(description="Write the documentation of the parameters.")
    parser.add_argument("file", type=Path)
    parser.parse_args(args).file.write_text(markdown(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

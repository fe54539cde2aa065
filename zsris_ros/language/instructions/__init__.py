"""Instructions from text: steps with actions, objects and destinations."""

from __future__ import annotations

from zsris_ros.language.instructions.parser import parse_instruction
from zsris_ros.language.instructions.schema import describe_step, instruction_to_json

__all__ = ["describe_step", "instruction_to_json", "parse_instruction"]

"""An Instruction as JSON, and as a line of text."""

from __future__ import annotations

from typing import Any

from zsris_ros.language.parsers import relations_to_json, to_json
from zsris_ros.types import Expression, Instruction, NounPhrase, Step


def instruction_to_json(instruction: Instruction) -> dict[str, Any]:
    """Return the instruction in the JSON schema that parsers are scored by.

    Empty fields of noun phrases are left out, as is the number "one". "verb" is outside of the
    schema.
    """
    return {"text": instruction.text, "steps": [_step(step) for step in instruction.steps]}


def _step(step: Step) -> dict[str, Any]:
    destination = None
    if step.destination is not None:
        destination = {
            "kind": step.destination.kind,
            "anchors": [_anchor(anchor) for anchor in step.destination.anchors],
            "same_as": step.destination.same_as,
        }
    return {
        "action": step.action,
        "verb": step.verb,
        "target": None if step.target is None else _target(step.target),
        "same_as": step.same_as,
        "also": [_target(each) for each in step.further],
        "destination": destination,
    }


def _target(phrase: NounPhrase) -> dict[str, Any]:
    row = to_json(Expression("", phrase))
    del row["text"], row["parser"]
    if row["number"] == "one":
        del row["number"]
    return {name: value for name, value in row.items() if value or name in ("target", "head")}


def _anchor(phrase: NounPhrase) -> dict[str, Any]:
    row = _target(phrase)
    kept = ("target", "head", "position", "superlative", "ordinal")
    found = {name: row[name] for name in kept if name in row}
    return {**found, "relations": relations_to_json(phrase)} if phrase.relations else found


def describe_step(step: Step) -> str:
    """Return a step in one line: "place the bowl on the plate"."""
    objects = " and ".join(_described(phrase) for phrase in step.targets)
    if not objects:
        objects = f"the object of step {(step.same_as or 0) + 1}"
    parts = [step.action.replace("_", " "), objects]
    if step.destination is not None:
        parts.append(step.destination.kind.replace("_", " "))
        if step.destination.same_as is not None:
            parts.append(f"the object of step {step.destination.same_as + 1}")
        parts.append(" and ".join(_described(phrase) for phrase in step.destination.anchors))
    return " ".join(part for part in parts if part)


def _described(phrase: NounPhrase) -> str:
    related = [
        f"{relation.kind.replace('_', ' ')} {' and '.join(map(_described, relation.anchors))}"
        for relation in phrase.relations
    ]
    excluded = [f"not {each.text}" for each in phrase.excluded]
    places = [place for place in phrase.position if place not in phrase.text.split()]
    inner = ", ".join([*places, *related, *excluded])
    return f"{phrase.text} ({inner})" if inner else phrase.text

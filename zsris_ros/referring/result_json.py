"""The answers of ``zsris refer --json`` as plain data."""

from __future__ import annotations

from typing import Any

from zsris_ros.language import to_json as expression_to_json
from zsris_ros.language.instructions import instruction_to_json as parse_to_json
from zsris_ros.types import (
    Candidate,
    DestinationResult,
    InstructionResult,
    ReferringResult,
    Scene,
)


def result_to_json(scene: Scene, result: ReferringResult) -> dict[str, Any]:
    """Return the answer as plain data; pixels and metres as in ``zsris_ros.types``."""
    return {
        "verdict": result.verdict.value,
        "message": result.message,
        "expression": expression_to_json(result.expression),
        "candidates": [_candidate(each) for each in result.candidates],
        "explanation": result.explanation,
        "timings_ms": {**scene.timings, **result.timings},
    }


def instruction_to_json(scene: Scene, result: InstructionResult) -> dict[str, Any]:
    """Return the steps of an instruction as plain data."""
    return {
        "verdict": result.verdict.value,
        "message": result.message,
        "instruction": parse_to_json(result.instruction),
        "steps": [
            {
                "target": None if step.target is None else result_to_json(scene, step.target),
                "same_as": step.step.same_as,
                "destination": None
                if step.destination is None
                else _destination(scene, step.destination),
            }
            for step in result.steps
        ],
        "timings_ms": {**scene.timings, **result.timings},
    }


def _destination(scene: Scene, destination: DestinationResult) -> dict[str, Any]:
    places = [
        {
            "point": list(place.point),
            "normal": list(place.normal),
            "height": place.height,
            "pixel": list(place.pixel),
        }
        for place in destination.places
    ]
    return {
        "kind": destination.kind,
        "anchors": [result_to_json(scene, anchor) for anchor in destination.anchors],
        "same_as": destination.same_as,
        "place": places[0] if places else None,
        "places": places,
        "reason": destination.reason,
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "index": candidate.index,
        "score": candidate.score,
        "box": list(candidate.box),
        "centroid_pixel": list(candidate.centroid_pixel),
        "centroid": None if candidate.centroid is None else list(candidate.centroid),
        "source": candidate.source,
        "selected": candidate.selected,
        "scores": dict(candidate.scores),
    }

"""Place points of instructions about simulated scenes: on the named support, free of collision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zsris_ros.evaluation.grasping.grasp_evaluation import with_noise
from zsris_ros.evaluation.grasping.scenes import draw_scene
from zsris_ros.evaluation.grasping.settled_scene import settled_scene
from zsris_ros.evaluation.placing.place_tasks import DIP, LIFT, PlaceTask, draw_tasks, is_related
from zsris_ros.evaluation.placing.placement_simulation import TABLE, PlacementSimulation
from zsris_ros.evaluation.reports.picture_report import PictureReport
from zsris_ros.evaluation.run_folder import write_records
from zsris_ros.geometry.centroid import inside_pixel
from zsris_ros.geometry.masks import mask_boxes
from zsris_ros.language.instructions import parse_instruction
from zsris_ros.referring.instructions import resolve_instruction
from zsris_ros.simulation.household.model_library import ModelLibrary
from zsris_ros.types import (
    ByteArray,
    Candidate,
    Expression,
    Frame,
    InstructionResult,
    PlacePoint,
    Proposals,
    ReferringResult,
    Scene,
    Verdict,
)
from zsris_ros.visualization.overlay import draw_answer

HEIGHT_TOLERANCE = 0.01
"""Metres between a place point and the surface under it, or the rim of the opening."""

Instruct = Callable[[str], InstructionResult]
Look = Callable[[Frame, ByteArray, Sequence[str]], Instruct]
"""From a frame, its labels (0 no object, k object k-1) and the objects' names to the function that
reads an instruction about the frame."""


@dataclass(frozen=True)
class PlaceRecord:
    """One instruction. ``cause`` is empty where the place is valid and free of collision."""

    seed: int
    kind: str
    text: str
    verdict: str
    offered: bool
    valid: bool
    collision_free: bool
    cause: str


def place_scene(
    seed: int,
    count: int,
    depth_noise: float,
    look: Look,
    library: ModelLibrary | None = None,
    report: PictureReport | None = None,
) -> Iterator[PlaceRecord]:
    """Yield a record for each instruction about a scene.

    Args:
        seed: Of the scene.
        count: Objects in the scene.
        depth_noise: Standard deviation of depth at 1 m, in metres; it grows with the square.
        look: Looks at the frame of the scene.
        library: Models of household scenes; the simulated tabletop's shapes where None.
        report: Receives the failures with pictures.
    """
    scene, clean, labels = settled_scene(draw_scene(seed, count, library))
    simulation = PlacementSimulation(scene)
    assert clean.intrinsics is not None
    rng = np.random.default_rng([seed, 37])
    frame = with_noise(clean, depth_noise, rng)
    instruct = look(frame, labels, [each.name for each in scene.objects])
    for task in draw_tasks(simulation, labels, clean.intrinsics, rng):
        result = instruct(task.text)
        record = _record(simulation, task, result)
        if report is not None and record.cause:
            facts = f"seed {seed} · {record.verdict}"
            picture = draw_answer(frame.rgb, result, task.text)
            report.add(f"{task.kind}: {record.cause}", task.text, facts, picture)
        yield record


def _record(
    simulation: PlacementSimulation, task: PlaceTask, result: InstructionResult
) -> PlaceRecord:
    place = result.place
    valid = free = False
    if place is None:
        (destination,) = (step.destination for step in result.steps)
        missing = result.verdict is not Verdict.FOUND or destination is None
        cause = result.verdict.value if missing else "no place point"
    else:
        on = off_support(simulation, task, place)
        hit = collisions(simulation, task, place)
        valid, free = not on, not hit
        cause = "; ".join(filter(None, (on, hit)))
    return PlaceRecord(
        seed=simulation.scene.seed,
        kind=task.kind,
        text=task.text,
        verdict=result.verdict.value,
        offered=place is not None,
        valid=valid,
        collision_free=free,
        cause=cause,
    )


def off_support(simulation: PlacementSimulation, task: PlaceTask, place: PlacePoint) -> str:
    """Return why a place point is not the named place on the named support; "" if it is."""
    point = simulation.in_world(place.point)
    on, height = simulation.below(point, task.carried)
    if on != task.support:
        return "on another support"
    if task.kind == "inside":
        rim = float(simulation.tops[task.support])
        if height > rim - DIP:
            return "beside the opening"
        height = rim
    if abs(point[2] - height) > HEIGHT_TOLERANCE:
        return "not at the height of the support"
    return "" if is_related(simulation, task, point[:2]) else "beside the named place"


def collisions(simulation: PlacementSimulation, task: PlaceTask, place: PlacePoint) -> str:
    """Return the kind of collision of the carried object at a place point; "" without one.

    It keeps its orientation; its middle is over the point. For "inside" it is lowered into the
    opening, whose rim it may not touch.
    """
    point = simulation.in_world(place.point)
    inside = task.kind == "inside"
    height = float(point[2]) + (-DIP if inside else LIFT)
    allowed = set() if inside else {task.support}
    touched = set(simulation.touched(task.carried, point[:2], height)) - allowed
    if not touched:
        return ""
    if touched == {task.support}:
        return "touches the rim"
    return "touches the table" if touched == {TABLE} else "touches another object"


def look_with_true_masks(frame: Frame, labels: ByteArray, names: Sequence[str]) -> Instruct:
    """Resolve the instructions about a frame by the names of its objects and their true masks."""
    masks = np.stack([labels == index + 1 for index in range(len(names))])
    shown = [index for index in range(len(names)) if masks[index].any()]
    masks = masks[shown]
    count = len(shown)
    proposals = Proposals(masks, mask_boxes(masks), np.ones(count, np.float32), ("true",) * count)
    pixels = np.array([inside_pixel(mask) for mask in masks], np.float32)
    nowhere = np.full((count, 3), np.nan, np.float32)
    scene = Scene(frame, proposals, torch.empty(count, 0), pixels, nowhere)
    resolver = _TrueNames([names[index] for index in shown])
    return lambda text: resolve_instruction(scene, parse_instruction(text), resolver)


@dataclass(frozen=True)
class _TrueNames:
    """An ``ExpressionResolver`` by the names of the proposals."""

    names: Sequence[str]

    def resolve(self, scene: Scene, expression: Expression) -> ReferringResult:
        # The phrase first. "The deck of cards" is one name, which only the whole sentence holds.
        for text in (expression.target.text, expression.text):
            words = set(text.split())
            found = [k for k, name in enumerate(self.names) if set(name.split()) <= words]
            if found:
                break
        if not found:
            nothing = np.zeros(scene.frame.rgb.shape[:2], bool)
            message = f"I see no {expression.target.head}: it has no mask."
            return ReferringResult(Verdict.NOT_FOUND, expression, (), nothing, message, "")
        index = max(found, key=lambda k: len(self.names[k]))
        x, y, width, height = scene.proposals.boxes[index].tolist()
        u, v = scene.pixels[index].tolist()
        best = Candidate(index, 1.0, (x, y, width, height), (u, v), selected=True)
        mask = scene.proposals.masks[index]
        return ReferringResult(Verdict.FOUND, expression, (best,), mask, "Found it.", "")


def summarise(records: Sequence[PlaceRecord]) -> dict[str, Any]:
    """Return n, shares of all instructions, the same by kind, and the causes of failures."""
    kinds = dict.fromkeys(record.kind for record in records)
    by_kind = {kind: _figures([each for each in records if each.kind == kind]) for kind in kinds}
    causes = Counter(f"{each.kind}: {each.cause}" for each in records if each.cause)
    return {**_figures(records), "by_kind": by_kind, "causes": dict(causes.most_common())}


def _figures(records: Sequence[PlaceRecord]) -> dict[str, Any]:
    count = len(records)
    shares = ("offered", "valid", "collision_free")
    return {
        "n": count,
        **{name: round(sum(getattr(each, name) for each in records) / count, 4) for name in shares},
    }


def write_results(
    folder: Path, records: Sequence[PlaceRecord], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Write ``places.jsonl`` and ``summary.json``; return the summary."""
    summary = {"settings": dict(settings), **summarise(records)}
    write_records(folder, "places.jsonl", records, summary)
    return summary

"""Success of grasps over scenes: the planner beside two baselines, on the same settled scenes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import cv2
import numpy as np

from zsris_ros.evaluation.grasping.baselines import centroid_grasp, random_grasp
from zsris_ros.evaluation.grasping.grasp_simulation import GraspSimulation, TrialOutcome
from zsris_ros.evaluation.grasping.lift_film import LiftFilm
from zsris_ros.evaluation.grasping.scenes import (
    SceneLayout,
    SceneObject,
    draw_scene,
    tabletop_frame,
)
from zsris_ros.evaluation.metrics import wilson
from zsris_ros.evaluation.reports.picture_report import PictureReport
from zsris_ros.evaluation.run_folder import write_records
from zsris_ros.grasping import GraspCandidate, GraspPlan, GraspStatus, Gripper, plan_grasps
from zsris_ros.simulation.household.model_library import ModelLibrary
from zsris_ros.types import BoolArray, ByteArray, Frame
from zsris_ros.visualization.grasp_overlay import draw_grasp

PLANNERS = ("planner", "centroid", "antipodal")
VISIBLE_PX = 400
UNGRASPABLE = frozenset({"plate"})
"""Kinds of the tabletop that are no targets: the rim of a lying plate is too flat and too low for a
jaw whose palm may not touch the table."""

Finder = Callable[[Frame, BoolArray, SceneObject], tuple[BoolArray | None, str]]
"""From a frame, the true mask and the object to the mask to grasp, or None and a status."""


@dataclass(frozen=True)
class GraspRecord:
    """One attempt. ``cause`` is empty for a success; ``status`` the planner's or the verdict.

    ``planning_ms`` is processor time.
    """

    seed: int
    planner: str
    target: str
    kind: str
    mass: float
    status: str
    planned: bool
    success: bool
    collided: bool
    wrong_object: bool
    cause: str
    grasp: str
    quality: float
    planning_ms: float


def true_mask(frame: Frame, mask: BoolArray, target: SceneObject) -> tuple[BoolArray | None, str]:
    """The finder of the measurement without language."""
    return mask, "TRUE_MASK"


def grasp_scene(
    seed: int,
    count: int,
    gripper: Gripper,
    library: ModelLibrary | None = None,
    depth_noise: float = 0.001,
    find: Finder = true_mask,
    film: LiftFilm | None = None,
    report: PictureReport | None = None,
) -> Iterator[GraspRecord]:
    """Grasp one object of a scene with every planner.

    Args:
        seed: Of the scene.
        count: Objects in the scene.
        gripper: A parallel jaw or a suction cup.
        library: Models of household scenes; the simulated tabletop's shapes where None.
        depth_noise: Standard deviation of depth at 1 m, in metres; it grows with the square.
        find: Finds the object that is meant.
        film: Records the planner's first grasps.
        report: Receives the planner's failures with pictures.

    Yields:
        One record for each planner; none for a scene without a visible target.
    """
    scene = draw_scene(seed, count, library)
    simulation = GraspSimulation(scene, gripper)
    clean, labels = tabletop_frame(scene) if scene.layout else simulation.render_frame()
    rng = np.random.default_rng([seed, 31])
    target = _target(scene, labels, rng)
    if target is None:
        return
    frame = with_noise(clean, depth_noise, rng)
    true = labels == target + 1
    mask, status = find(frame, true, scene.objects[target])
    for record, grasp in _attempts(simulation, frame, mask, status, target, gripper, rng, film):
        if report is not None and record.cause and record.planner == "planner":
            facts = f"seed {seed} · {record.kind} · {record.grasp or record.status}"
            picture = draw_trial(frame, true, grasp, gripper)
            report.add(record.cause, record.target, facts, picture)
        yield record


def draw_trial(
    frame: Frame, mask: BoolArray, grasp: GraspCandidate | None, gripper: Gripper
) -> ByteArray:
    """Return the frame's picture with the true mask outlined and the grasp drawn."""
    assert frame.intrinsics is not None
    picture = np.ascontiguousarray(frame.rgb).copy()
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, (255, 255, 255), 1, cv2.LINE_AA)
    if grasp is None:
        return picture
    lines = gripper.outline(grasp.opening)
    return draw_grasp(picture, grasp.pose, lines, grasp.pregrasp_distance, frame.intrinsics)


def timed_plan(frame: Frame, mask: BoolArray, gripper: Gripper) -> tuple[GraspPlan, float]:
    """Plan twice; return the plan and the processor time of the faster run in milliseconds."""
    times: list[float] = []
    for _ in range(2):
        start = process_time()
        plan = plan_grasps(frame, mask, gripper)
        times.append((process_time() - start) * 1e3)
    return plan, min(times)


def with_noise(frame: Frame, sigma: float, rng: np.random.Generator) -> Frame:
    """Return the frame with Gaussian depth noise: ``sigma`` metres at 1 m, times z squared."""
    assert frame.depth is not None
    noise = rng.standard_normal(frame.depth.shape).astype(np.float32)
    depth = frame.depth + np.float32(sigma) * frame.depth**2 * noise
    return Frame(frame.rgb, depth.astype(np.float32), frame.intrinsics)


def _target(scene: SceneLayout, labels: ByteArray, rng: np.random.Generator) -> int | None:
    """Return a random visible object that carries no other and has a unique name in its scene."""
    names = Counter(each.name for each in scene.objects)
    fitting = [
        index
        for index, each in enumerate(scene.objects)
        if np.count_nonzero(labels == index + 1) >= VISIBLE_PX
        and names[each.name] == 1
        and each.role != "furniture"
        and not each.laden
        and not (scene.layout and each.kind in UNGRASPABLE)
    ]
    return int(rng.choice(fitting)) if fitting else None


def _attempts(
    simulation: GraspSimulation,
    frame: Frame,
    mask: BoolArray | None,
    status: str,
    target: int,
    gripper: Gripper,
    rng: np.random.Generator,
    film: LiftFilm | None,
) -> Iterator[tuple[GraspRecord, GraspCandidate | None]]:
    for planner in PLANNERS:
        grasp: GraspCandidate | None = None
        outcome_status, milliseconds = status, 0.0
        if mask is not None and planner == "planner":
            plan, milliseconds = timed_plan(frame, mask, gripper)
            grasp, outcome_status = plan.best, plan.status.value
        elif mask is not None:
            grasp = (
                centroid_grasp(frame, mask, gripper)
                if planner == "centroid"
                else random_grasp(frame, mask, gripper, rng)
            )
            outcome_status = (GraspStatus.PLANNED if grasp else GraspStatus.NO_GRASP).value
        each = simulation.scene.objects[target]
        filmed = film if film and film.wants_more and planner == "planner" else None
        outcome = _try(simulation, grasp, target, filmed) if grasp else None
        record = GraspRecord(
            seed=simulation.scene.seed,
            planner=planner,
            target=each.name,
            kind=each.kind,
            mass=round(each.mass, 3),
            status=outcome_status,
            planned=grasp is not None,
            success=outcome is not None and outcome.success,
            collided=outcome is not None and outcome.collided,
            wrong_object=outcome is not None and outcome.wrong_object,
            cause=outcome.cause if outcome else f"no grasp: {outcome_status}",
            grasp=f"{grasp.kind} {grasp.approach}" if grasp else "",
            quality=round(grasp.quality, 3) if grasp else 0.0,
            planning_ms=round(milliseconds, 1),
        )
        yield record, grasp


def _try(
    simulation: GraspSimulation, grasp: GraspCandidate, target: int, film: LiftFilm | None
) -> TrialOutcome:
    """Execute a grasp, before a camera if there is a film."""
    if film is None:
        return simulation.try_grasp(grasp, target)
    film.begin(simulation.scene, simulation.scene.objects[target].name)
    simulation.film = film.shoot
    try:
        outcome = simulation.try_grasp(grasp, target)
    finally:
        simulation.film = None
    film.end(outcome.cause or "lifted")
    return outcome


def summarise(records: Sequence[GraspRecord]) -> dict[str, Any]:
    """For each planner: n, success with its 95 % Wilson interval, planned, causes and kinds."""
    summary: dict[str, Any] = {}
    for planner in PLANNERS:
        rows = [record for record in records if record.planner == planner]
        if not rows:
            continue
        kinds = sorted({record.kind for record in rows})
        summary[planner] = {
            **_figures(rows),
            "planned": _share(rows, "planned"),
            "wrong_object": _share(rows, "wrong_object"),
            "collided": _share(rows, "collided"),
            "causes": dict(Counter(row.cause for row in rows if row.cause).most_common()),
            "by_kind": {kind: _figures([r for r in rows if r.kind == kind]) for kind in kinds},
        }
    times = [record.planning_ms for record in records if record.planner == "planner"]
    if times:
        summary["planning_ms"] = {
            "median": round(float(np.median(times)), 1),
            "p95": round(float(np.percentile(times, 95)), 1),
        }
    return summary


def _figures(rows: Sequence[GraspRecord]) -> dict[str, Any]:
    n, good = len(rows), sum(row.success for row in rows)
    low, high = wilson(good, n)
    return {
        "n": n,
        "success": round(good / n, 4),
        "interval": [round(low, 3), round(high, 3)],
    }


def _share(rows: Sequence[GraspRecord], name: str) -> float:
    return round(sum(getattr(row, name) for row in rows) / len(rows), 4)


def write_results(
    folder: Path, records: Sequence[GraspRecord], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Write ``attempts.jsonl`` and ``summary.json``; return the summary."""
    summary = {"settings": dict(settings), **summarise(records)}
    write_records(folder, "attempts.jsonl", records, summary)
    return summary

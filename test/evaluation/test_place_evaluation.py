"""The judge of place points: MuJoCo's geometry finds right and wrong ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.object_folder import write_carton

from zsris_ros import cli
from zsris_ros.evaluation.grasping.scenes import tabletop_frame, tabletop_layout
from zsris_ros.evaluation.placing.place_evaluation import collisions, off_support
from zsris_ros.evaluation.placing.place_tables import place_table
from zsris_ros.evaluation.placing.place_tasks import KINDS, PlaceTask, draw_tasks
from zsris_ros.evaluation.placing.placement_simulation import TABLE, PlacementSimulation
from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.types import PlacePoint

SEED = 3


@pytest.fixture(scope="module")
def simulation() -> PlacementSimulation:
    try:
        return PlacementSimulation(tabletop_layout(SEED, 6))
    except RenderingUnavailable as error:
        pytest.skip(str(error))


def at(simulation: PlacementSimulation, x: float, y: float, z: float) -> PlacePoint:
    """A place point at a spot of the world."""
    view = simulation.scene.viewpoint
    u, v, w = (view.axes() @ (np.array([x, y, z]) - np.asarray(view.position))).tolist()
    return PlacePoint((u, v, w), (0.0, -1.0, 0.0), z, (0.0, 0.0))


def test_three_scenes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["eval", "place", "--seed", "0", "--scenes", "3", "--out", str(tmp_path)]
    assert cli.main(command) == 0, capsys.readouterr().err
    summary = json.loads((tmp_path / "summary.json").read_text())
    records = [json.loads(line) for line in (tmp_path / "places.jsonl").read_text().splitlines()]
    assert summary["n"] == len(records) >= 15
    assert sum(row["n"] for row in summary["by_kind"].values()) == summary["n"]
    assert set(summary["by_kind"]) <= set(KINDS)
    assert summary["valid"] >= 0.9 and summary["collision_free"] >= 0.9
    assert "Failures by cause" in (tmp_path / "report.html").read_text()
    assert "| **all** |" in place_table(summary)
    assert capsys.readouterr().out.splitlines()[0].split() == ["n", "offered", "valid", "free"]


def test_household_scenes_are_a_source_of_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_carton(tmp_path / "objects" / "milk")
    command = ["eval", "place", "--scenes", "2", "--out", str(tmp_path / "out")]
    sources = ["--objects", str(tmp_path / "objects"), "--objects", "shapes"]
    assert cli.main(command + sources) == 0, capsys.readouterr().err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["settings"]["objects"] == ["objects", "shapes"]
    assert summary["n"] >= 6 and summary["offered"] >= 0.8


def test_an_object_is_free_where_it_stands_and_touches_where_another_stands(
    simulation: PlacementSimulation,
) -> None:
    for index in range(len(simulation.scene.objects)):
        assert set(simulation.touched(index, simulation.middles[index], 0.002)) == set()
        assert set(simulation.touched(index, simulation.middles[index], -0.002)) == {TABLE}
        other = (index + 1) % len(simulation.scene.objects)
        assert other in simulation.touched(index, simulation.middles[other], 0.002)


def test_wrong_places_are_named(simulation: PlacementSimulation) -> None:
    carried, other = 0, 1
    x, y = simulation.middles[other]
    task = PlaceTask("on", "", carried, (), TABLE)
    free = at(simulation, 0.45, 0.45, 0.0)
    assert off_support(simulation, task, free) == collisions(simulation, task, free) == ""
    assert off_support(simulation, task, at(simulation, x, y, 0.0)) == "on another support"
    assert off_support(simulation, task, at(simulation, 2.0, 0.0, 0.0)) == "on another support"
    high = at(simulation, 0.45, 0.45, 0.03)
    assert off_support(simulation, task, high) == "not at the height of the support"
    assert collisions(simulation, task, at(simulation, x, y, 0.0)) == "touches another object"
    beside = replace(task, kind="next_to", anchors=(other,))
    assert off_support(simulation, beside, free) == "beside the named place"


def test_drawn_instructions_name_visible_objects_and_hold_in_the_scene(
    simulation: PlacementSimulation,
) -> None:
    frame, labels = tabletop_frame(simulation.scene)
    assert frame.intrinsics is not None
    tasks = list(draw_tasks(simulation, labels, frame.intrinsics, np.random.default_rng(0)))
    assert len({task.kind for task in tasks}) == len(tasks) >= 4
    for task in tasks:
        assert simulation.scene.objects[task.carried].name in task.text
        assert task.carried not in task.anchors
        for index in (task.carried, *task.anchors):
            assert np.count_nonzero(labels == index + 1) >= 400

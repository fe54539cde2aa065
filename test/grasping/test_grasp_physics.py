"""One grasp in MuJoCo, and the arithmetic of the measurement."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from zsris_ros.evaluation.grasping.grasp_evaluation import PLANNERS, grasp_scenes, write_results
from zsris_ros.evaluation.grasping.scenes import read_obj, scanned_names
from zsris_ros.grasping import ParallelJaw, load_gripper
from zsris_ros.simulation.convex_parts import convex_parts
from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.simulation.shapes import SHAPES
from zsris_ros.types import InputError


def test_a_grasp_is_lifted_and_written_down(tmp_path: Path) -> None:
    panda = load_gripper("panda")
    assert isinstance(panda, ParallelJaw)
    try:
        records = list(grasp_scenes([1003], 1, panda))
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    assert [record.planner for record in records] == list(PLANNERS)
    assert records[0].success, records[0].cause
    summary = write_results(tmp_path, records, {"count": 1})
    assert summary["planner"]["success"] == 1.0
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert len((tmp_path / "attempts.jsonl").read_text().splitlines()) == len(PLANNERS)


def test_hollow_shapes_stay_hollow_and_solid_ones_are_one_part() -> None:
    box, bowl = SHAPES["box"].mesh, SHAPES["bowl"].mesh
    (part,) = convex_parts(box.vertices, box.faces)
    assert part.volume == pytest.approx(0.085**3, rel=0.01)
    parts = convex_parts(bowl.vertices, bowl.faces)
    assert len(parts) > 10
    middle = np.array([0.0, 0.0, 0.04])
    radii = [np.hypot(*(part.centroid - middle)[:2]) for part in parts if part.centroid[2] > 0.03]
    assert min(radii) > 0.03


def test_a_folder_of_scans_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no objects"):
        scanned_names(tmp_path)
    folder = tmp_path / "tile"
    folder.mkdir()
    lines = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1/1 2/2 3/3 4/4\nf -4 -3 -2\n"
    (folder / "visual.obj").write_text(lines)
    assert scanned_names(tmp_path) == ["tile"]
    vertices, faces = read_obj(folder / "visual.obj")
    assert vertices.shape == (4, 3)
    assert faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]

"""Grasps as people see them: pictures, tables and the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.grasp_scenes import BoxOnTable, cast

from zsris_ros.cli import main
from zsris_ros.evaluation.grasping.grasp_tables import grasp_tables, joined
from zsris_ros.evaluation.reports.markdown import with_results
from zsris_ros.grasping import load_gripper, plan_grasps
from zsris_ros.simulation.render import RenderingUnavailable
from zsris_ros.simulation.tabletop import TabletopScene, tabletop_scene
from zsris_ros.visualization.grasp_overlay import draw_grasp

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/results/grasping"


@pytest.mark.parametrize("name", ["panda", "suction_30mm"])
def test_the_gripper_is_drawn_where_the_grasp_is(name: str) -> None:
    frame, (mask,) = cast(BoxOnTable((0.0, 0.0), (0.05, 0.09, 0.07)))
    gripper = load_gripper(name)
    best = plan_grasps(frame, mask, gripper).best
    assert best is not None and frame.intrinsics is not None
    before = frame.rgb.copy()
    outline = gripper.outline(best.opening)
    picture = draw_grasp(frame.rgb, best.pose, outline, best.pregrasp_distance, frame.intrinsics)
    assert (frame.rgb == before).all()
    rows, columns = np.nonzero((picture != frame.rgb).any(axis=2))
    x, _, z = best.pose.position
    column = x / z * frame.intrinsics.fx + frame.intrinsics.cx
    assert np.abs(columns - column).min() < 3
    assert mask[rows, columns].any()


@pytest.fixture(scope="module")
def scene() -> TabletopScene:
    try:
        return tabletop_scene(5)
    except RenderingUnavailable as error:
        pytest.skip(str(error))


def refer(scene: TabletopScene, folder: Path, expression: str, *more: str) -> int:
    Image.fromarray(scene.frame.rgb).save(folder / "rgb.png")
    assert scene.frame.depth is not None and scene.frame.intrinsics is not None
    np.save(folder / "depth.npy", scene.frame.depth)
    camera = scene.frame.intrinsics
    values = f"{camera.fx},{camera.fy},{camera.cx},{camera.cy}"
    files = ["--depth", str(folder / "depth.npy"), "--intrinsics", values]
    command = ["refer", str(folder / "rgb.png"), expression, *files, "--grasp", "panda"]
    return main([*command, *more])


def test_refer_prints_and_draws_the_grasp(
    scene: TabletopScene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    assert refer(scene, tmp_path, "the orange bowl", "--out", str(out)) == 0
    said = capsys.readouterr().out
    assert "Grasp " in said and "grasp in metres" in said
    assert out.is_file()


def test_refer_plans_no_grasp_for_an_ambiguous_answer(
    scene: TabletopScene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refer(scene, tmp_path, "the bottle", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "AMBIGUOUS"
    assert answer["grasp"]["status"] == "AMBIGUOUS"
    assert answer["grasp"]["candidates"] == []


def test_a_grasp_needs_depth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "rgb.png"
    Image.new("RGB", (8, 8)).save(picture)
    assert main(["refer", str(picture), "the box", "--grasp", "panda"]) == 2
    assert "--grasp needs --depth" in capsys.readouterr().err


def test_a_cup_is_measured_as_fingers_are(
    scene: TabletopScene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", "grasp", "--gripper", "suction_30mm", "--seed", "1004", "--scenes", "1"]
    assert main([*command, "--count", "1", "--out", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary["settings"]["gripper"] == "suction_30mm"
    assert list(summary["planner"]["by_kind"]) == ["box"]
    assert "planner" in capsys.readouterr().out


def test_a_further_run_leaves_the_others_in_the_summary(tmp_path: Path) -> None:
    results, run = tmp_path / "results", tmp_path / "run"
    for folder, document in ((results, {"one": {"n": 1}, "two": 2}), (run, {"n": 3})):
        folder.mkdir()
        (folder / "summary.json").write_text(json.dumps(document), encoding="utf-8")
    assert joined(results, {"one": run}) == {"one": {"n": 3}, "two": 2}


def test_the_page_shows_the_results() -> None:
    page = (ROOT / "docs/grasping.md").read_text(encoding="utf-8")
    assert with_results(page, grasp_tables(RESULTS)) == page

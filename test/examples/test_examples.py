"""The scripts of examples/ run as README says; test/ros/nodes runs the scripts with a node."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zsris_ros.demo.demo_bag import HOUSEHOLD_BAG, RecordedScene, read_frames, read_truth
from zsris_ros.types import Frame, Verdict

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def run_example(name: str, *arguments: object, folder: Path) -> str:
    """Return the output of a script; ``folder`` is its working directory."""
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def scene() -> RecordedScene:
    return read_truth(HOUSEHOLD_BAG)[0]


@pytest.fixture(scope="module")
def frame(scene: RecordedScene) -> Frame:
    (frame,) = read_frames(HOUSEHOLD_BAG, scene.stamps_ns[-1:]).values()
    return frame


@pytest.fixture(scope="module")
def photo(frame: Frame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(frame.rgb).save(path)
    return path


def test_a_picture(scene: RecordedScene, photo: Path, tmp_path: Path) -> None:
    name = scene.objects[0].name
    output = run_example("picture.py", photo, f"the {name}", folder=tmp_path)
    verdict = output.split()[0]
    assert verdict in Verdict.__members__
    assert (tmp_path / "mask.png").exists() == (verdict != "NOT_FOUND")


def test_metres_of_an_rgbd_frame(
    scene: RecordedScene, frame: Frame, photo: Path, tmp_path: Path
) -> None:
    expression = next(e for e in scene.expressions if e.verdict is Verdict.FOUND)
    depth = tmp_path / "depth.png"
    assert frame.depth is not None and frame.intrinsics is not None
    Image.fromarray((np.nan_to_num(frame.depth) * 1000).astype(np.uint16)).save(depth)
    k = frame.intrinsics
    numbers = f"{k.fx},{k.fy},{k.cx},{k.cy}"
    output = run_example("rgbd_frame.py", photo, depth, numbers, expression.text, folder=tmp_path)
    x, y, z = (float(part) for part in output.splitlines()[1].replace("m,", "").split()[1:6:2])
    truth = next(o for o in scene.objects if o.label in expression.labels).centroid_m
    assert np.linalg.norm(np.subtract((x, y, z), truth)) < 0.015


def test_a_bag(scene: RecordedScene, tmp_path: Path) -> None:
    output = run_example("bag.py", HOUSEHOLD_BAG, scene.expressions[0].text, folder=tmp_path)
    lines = output.splitlines()
    assert len(lines) > 1 and all(" s: " in line for line in lines)


def test_a_custom_proposer(scene: RecordedScene, photo: Path, tmp_path: Path) -> None:
    output = run_example("custom_proposer.py", photo, scene.expressions[0].text, folder=tmp_path)
    assert int(output.split()[0]) > 0 and len(output.splitlines()) == 2


def test_readme_names_every_script() -> None:
    scripts = sorted(path.name for path in EXAMPLES.glob("*.py"))
    assert len(scripts) == 7
    for script in scripts:
        lines = (EXAMPLES / script).read_text(encoding="utf-8").splitlines()
        assert len([line for line in lines if line.strip()]) <= 40, script

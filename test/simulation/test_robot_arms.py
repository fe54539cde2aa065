"""Robot arms as scenery, with a small robot of the same form as robosuite's files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zsris_ros.simulation.household import robot_arms
from zsris_ros.simulation.household.household_layout import draw_household
from zsris_ros.simulation.household.household_render import HouseholdRenderer
from zsris_ros.simulation.household.model_library import ModelLibrary, ModelSource
from zsris_ros.simulation.household.robot_arms import READY, posed_robot, robot_names
from zsris_ros.simulation.render import RenderingUnavailable

LINK = """
<body name="link{n}" pos="0 0 {z}">
  <inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>
  <joint name="joint{n}" axis="{axis}"/>
  <geom type="box" size=".04 .04 .05" group="1" rgba=".9 .9 .9 1" contype="0" conaffinity="0"/>
  <geom type="box" size=".06 .06 .05" group="0"/>
  {inner}
</body>"""
GRIPPER = """<mujoco><worldbody><body name="right_gripper">
  <geom type="box" size=".03 .06 .02" group="1" rgba=".2 .2 .2 1"/></body></worldbody></mujoco>"""


def robot(joints: int) -> str:
    inner = '<body name="right_hand" pos="0 0 .1"/>'
    for n in range(joints, 0, -1):
        inner = LINK.format(n=n, z=0.1, axis="0 0 1" if n % 2 else "0 1 0", inner=inner)
    return f"<mujoco><worldbody>{inner}</worldbody></mujoco>"


@pytest.fixture
def panda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for path, text in (
        ("robots/panda/robot.xml", robot(len(READY["panda"]))),
        (robot_arms._GRIPPER, GRIPPER),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.setattr(robot_arms, "_assets", lambda: tmp_path)
    robot_arms._read.cache_clear()
    yield
    robot_arms._read.cache_clear()


def pose(seed: int) -> np.ndarray:
    try:
        surfaces = posed_robot("panda", np.random.default_rng(seed))
    except RenderingUnavailable as error:
        pytest.skip(str(error))
    return np.stack([each.vertices for each in surfaces])


@pytest.mark.usefixtures("panda")
def test_a_pose_is_drawn_by_seed_and_shows_only_what_is_visible() -> None:
    assert robot_names() == ("panda",)
    first = pose(0)
    assert len(first) == len(READY["panda"]) + 1, "the visible box of each link, and the gripper"
    assert np.array_equal(first, pose(0))
    assert not np.allclose(first, pose(1))
    sizes = np.ptp(first[0], axis=0)
    assert np.all(sizes < 0.15), "links keep their size"


@pytest.mark.usefixtures("panda")
def test_an_arm_is_seen_and_has_no_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zsris_ros.simulation.household.household_render._ROBOT", 1.0)
    layout = draw_household(3, ModelLibrary(ModelSource()), count=4)
    with_arm, without = (
        replace(layout, surroundings=replace(layout.surroundings, arm=arm)) for arm in (True, False)
    )
    pictures = []
    for each in (with_arm, without):
        try:
            renderer = HouseholdRenderer(each, 160, 120)
        except RenderingUnavailable as error:
            pytest.skip(str(error))
        with renderer:
            pictures.append(renderer.render(each))
    seen, empty = pictures
    changed = np.any(seen.rgb != empty.rgb, axis=-1)
    assert changed.mean() > 0.01
    assert set(np.unique(seen.labels)) <= set(np.unique(empty.labels))
    assert not (seen.labels.astype(bool) & ~empty.labels.astype(bool)).any()

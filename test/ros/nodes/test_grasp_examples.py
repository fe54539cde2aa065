"""The scripts of examples/ that plan grasps, run against the node.

MoveItPy has no wheels: moveit_grasp.py runs with a stand-in that prints the goals it is given.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rclpy.node import Node
from support.grasp_messages import TableMessages
from support.ros_camera import FRAME, SECOND, Camera

from zsris_ros.ros.client.service_client import Client

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def table(here: Node, client: Client, camera: Camera) -> None:
    """Show a table to the node."""
    stamp = 10 * SECOND
    TableMessages(stamp_ns=stamp).send(camera)
    camera.ask_about(client, stamp, lambda answer: bool(answer.has_depth))


def run_example(name: str, *arguments: str, path: Path = ROOT) -> str:
    paths = os.pathsep.join([str(ROOT), str(path)])
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_plan_becomes_joint_values(table: None) -> None:
    output = run_example("plan_grasp.py", "put the red box on the table", FRAME)
    moves = {line.split()[0]: line.split()[1:] for line in output.splitlines()[1:]}
    assert list(moves) == ["above", "grasp", "lift", "place"]
    above, grasp, lift = (np.array(moves[k], float)[:3] for k in ("above", "grasp", "lift"))
    assert np.linalg.norm(above - grasp) == pytest.approx(0.1, abs=0.003)
    assert np.linalg.norm(lift - grasp) == pytest.approx(0.15, abs=0.003)


def test_moveit_gets_approach_grasp_and_lift(table: None) -> None:
    stand_in = ROOT / "test" / "support" / "moveit_stand_in"
    output = run_example("moveit_grasp.py", "red", FRAME, path=stand_in)
    assert [line.split()[0] for line in output.splitlines()] == ["hand", *["panda_arm", "hand"] * 3]
    hands = [line.split()[1] for line in output.splitlines() if line.startswith("hand")]
    assert hands == ["open", "open", "close", "close"]
    depths = [float(line.split()[4]) for line in output.splitlines() if "panda_hand_tcp" in line]
    assert depths[1] > depths[0] and depths[2] < depths[1], "the camera looks down"

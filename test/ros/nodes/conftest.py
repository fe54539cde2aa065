"""Fixtures of the tests over DDS: a ROS domain for each module, a node, a client, a camera."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.node import Node
from support.ros_camera import Camera
from support.ros_domain import own_domain
from support.ros_processes import Process, node_with_stand_in

from zsris_ros.ros.client.service_client import Client

SUPPORT = Path(__file__).resolve().parents[2] / "support"

_offsets = iter(range(0, 700, 7))


@pytest.fixture(scope="module", autouse=True)
def ros() -> Iterator[None]:
    with own_domain(next(_offsets)):
        yield


@pytest.fixture(scope="module")
def here(ros: None) -> Iterator[Node]:
    """Create a node in the test's process."""
    node = rclpy.create_node("test")
    yield node
    node.destroy_node()


@pytest.fixture(scope="module")
def process(ros: None) -> Iterator[Process]:
    """Start the node with the stand-in; some modules start it with other parameters."""
    with node_with_stand_in() as running:
        running.wait_for_log("the model is ready")
        yield running


@pytest.fixture(scope="module")
def client(process: Process) -> Iterator[Client]:
    """Create a client of the module's node."""
    with Client() as made:
        made.wait(30.0)
        yield made


@pytest.fixture(scope="module")
def camera(here: Node, process: Process) -> Camera:
    """Create a camera with the module's node as subscriber."""
    made = Camera(here)
    made.wait_until_matched()
    return made


@pytest.fixture
def tf2(ros: None) -> Iterator[None]:
    """Provide tf2_ros to child processes: the installed one or the stand-in."""
    with tf2_in_children():
        yield


@pytest.fixture(scope="module")
def tf2_of_module(ros: None) -> Iterator[None]:
    """Provide tf2_ros to the child processes of a whole module."""
    with tf2_in_children():
        yield


@contextmanager
def tf2_in_children() -> Iterator[None]:
    """Let child processes import the installed tf2_ros or the stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        if importlib.util.find_spec("tf2_ros") is None:
            paths = [str(SUPPORT / "tf2_stand_in"), os.environ.get("PYTHONPATH", "")]
            patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        yield

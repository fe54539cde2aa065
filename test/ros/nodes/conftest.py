"""Every module of tests over DDS gets a domain of its own, on this machine only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

rclpy = pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from rclpy.node import Node

PROFILE = Path(__file__).resolve().parents[2] / "config" / "fastdds_large_images.xml"
_domains = iter(range(1, 90))


@pytest.fixture(scope="module", autouse=True)
def ros(request: pytest.FixtureRequest) -> Iterator[None]:
    """rclpy on a domain that no other run is likely to use, for this process and its children."""
    domain = (os.getpid() + 7 * next(_domains)) % 100 + 1
    environment = {
        "ROS_DOMAIN_ID": str(domain),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_LOCALHOST_ONLY": "0",
        "FASTDDS_DEFAULT_PROFILES_FILE": str(PROFILE),
        "RCUTILS_COLORIZED_OUTPUT": "0",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        rclpy.init(args=[])
        try:
            yield
        finally:
            rclpy.try_shutdown()


@pytest.fixture(scope="module")
def here(ros: None) -> Iterator[Node]:
    """A node in the test's own process."""
    node = rclpy.create_node("test")
    yield node
    node.destroy_node()

"""A ROS domain of one's own, on this machine only, for this process and those it starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

import rclpy


@contextmanager
def own_domain() -> Iterator[None]:
    """rclpy, until the block ends."""
    os.environ.update(
        {
            "ROS_DOMAIN_ID": str(os.getpid() % 100 + 1),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "FASTDDS_DEFAULT_PROFILES_FILE": str(ROOT / "config" / "fastdds_large_images.xml"),
            "RCUTILS_COLORIZED_OUTPUT": "0",
        }
    )
    rclpy.init(args=[])
    try:
        yield
    finally:
        rclpy.try_shutdown()

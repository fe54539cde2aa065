"""A ROS domain of one's own, on this machine only, for this process and those it starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE.parent / "ros")]  # the checkout's, and what the tests share

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

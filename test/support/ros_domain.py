"""A ROS domain on this machine for one process and its children."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import rclpy

PROFILE = Path(__file__).resolve().parents[2] / "config" / "fastdds_large_images.xml"


@contextmanager
def own_domain(offset: int = 0) -> Iterator[None]:
    """Initialise rclpy on a domain that depends on the process id and ``offset``."""
    environment = {
        "ROS_DOMAIN_ID": str((os.getpid() + offset) % 100 + 1),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_LOCALHOST_ONLY": "0",
        "FASTDDS_DEFAULT_PROFILES_FILE": str(PROFILE),
        "RCUTILS_COLORIZED_OUTPUT": "0",
    }
    with mock.patch.dict(os.environ, environment):
        rclpy.init(args=[])
        try:
            yield
        finally:
            rclpy.try_shutdown()

"""What the node's process does for the system it runs on."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from zsris_ros.ros.lifecycle.process import give_memory_back


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep none")
def test_what_was_freed_goes_to_the_system() -> None:
    pieces = [np.ones(100_000, np.uint8) for _ in range(2000)]  # too small for pages of their own
    last = pieces.pop()  # holds the end of the heap, so that it does not shrink by itself
    full = resident_mb()
    del pieces
    give_memory_back()
    assert resident_mb() < full - 150
    assert last.all()

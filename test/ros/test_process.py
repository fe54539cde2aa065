"""The memory of the node's process."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from zsris_ros.ros.lifecycle.process import trim_memory


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory")
def test_freed_memory_returns_to_the_system() -> None:
    pieces = [np.ones(100_000, np.uint8) for _ in range(2000)]  # below the mmap threshold
    last = pieces.pop()  # occupies the end of the heap, which therefore does not shrink
    full = resident_mb()
    del pieces
    trim_memory()
    assert resident_mb() < full - 150
    assert last.all()

"""examples/call_service.py calls the real node."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.ros_processes import node_with_stand_in

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_prints_the_answer(ros: None) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with node_with_stand_in() as running:
        running.wait_for_log("ready")
        done = subprocess.run(
            [sys.executable, str(ROOT / "examples" / "call_service.py"), "red"],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
        )
    assert done.returncode == 0, done.stderr
    assert "image" in done.stdout  # no camera: the message names the missing image

"""Processes for tests over DDS: the node with its model or a stand-in, and the bag player."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from zsris_ros.srv import Track

from zsris_ros.ros.client.service_client import STATUS_NAMES

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


class Process:
    """A Python process with a log file, terminated at the end of its block."""

    def __init__(self, *arguments: str) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        paths = [str(ROOT), str(ROOT / "test"), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=HERE,
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()  # SIGKILL would leave 35 MB in shared memory
            try:
                self._process.wait(5.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if kind is not None:
            print(self.log())
        self._log.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def memory_mb(self) -> float:
        """Return the resident memory in MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def log(self) -> str:
        """Return the output so far."""
        self._log.seek(0)
        return self._log.read()

    def wait_for_log(self, text: str, timeout: float = 60.0) -> None:
        """Wait until the output contains ``text``."""
        deadline = time.monotonic() + timeout
        while text not in self.log():
            assert self._process.poll() is None, f"the process ended early:\n{self.log()}"
            assert time.monotonic() < deadline, f"no '{text}' in:\n{self.log()}"
            time.sleep(0.05)

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def wait(self, timeout: float = 60.0) -> int:
        """Wait for the process and return its exit code."""
        return self._process.wait(timeout)

    def end(self, with_signal: int = signal.SIGINT, timeout: float = 60.0) -> tuple[int, float]:
        """Send a signal and return the exit code and the seconds until the end."""
        start = time.monotonic()
        self._process.send_signal(with_signal)
        code = self._process.wait(timeout)
        return code, time.monotonic() - start


def status_of(response: Any) -> str:
    """Return the name of a response's status."""
    return "STOPPED" if response.status == Track.Response.STOPPED else STATUS_NAMES[response.status]


def ros_arguments(parameters: dict[str, object], remaps: dict[str, str] | None = None) -> list[str]:
    """Return command-line arguments for parameters and remappings."""
    arguments = ["--ros-args"]
    for name, value in parameters.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        arguments += ["-p", f"{name}:={text}"]
    for name, target in (remaps or {}).items():
        arguments += ["-r", f"{name}:={target}"]
    return arguments


def node(remaps: dict[str, str] | None = None, cameras: str = "", **parameters: object) -> Process:
    """Start the node, or one for each camera, with the weights of the shipped tabletop."""
    arguments = ros_arguments({"weights": "tabletop", **parameters}, remaps)
    return Process("-m", "zsris_ros.ros.node", f"--cameras={cameras}", *arguments)


def node_with_stand_in(remaps: dict[str, str] | None = None, **parameters: object) -> Process:
    """Start the node with the stand-in of support/stand_in_model.py."""
    return Process("-m", "support.stand_in_model", *ros_arguments(parameters, remaps))


def cameras_with_stand_in(
    cameras: str, remaps: dict[str, str] | None = None, **parameters: object
) -> Process:
    """Start a process with nodes for several cameras, and the stand-in."""
    arguments = ros_arguments(parameters, remaps)
    return Process("-m", "support.stand_in_model", f"--cameras={cameras}", *arguments)


def player(bag: Path, *arguments: str) -> Process:
    """Start the bag player."""
    return Process("-m", "zsris_ros.ros.client.bag_player", str(bag), *arguments)

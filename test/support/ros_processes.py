"""Real processes for the tests over DDS: the node with the model or a stand-in, and the player."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


class Process:
    """A Python process that writes to a log file; ended at the latest when its block ends."""

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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()  # one that is killed leaves 35 MB behind in shared memory
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
        """The process's number."""
        return self._process.pid

    def memory_mb(self) -> float:
        """Main memory in use (resident), as Linux counts it."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def log(self) -> str:
        """What the process has written so far."""
        self._log.seek(0)
        return self._log.read()

    def wait_for_log(self, text: str, timeout: float = 20.0) -> None:
        """Returns when the process has written ``text``."""
        deadline = time.monotonic() + timeout
        while text not in self.log():
            assert self._process.poll() is None, f"the process ended early:\n{self.log()}"
            assert time.monotonic() < deadline, f"no '{text}' in:\n{self.log()}"
            time.sleep(0.05)

    def wait(self, timeout: float = 20.0) -> int:
        """The exit code of a process that ends by itself."""
        return self._process.wait(timeout)

    def end(self, with_signal: int = signal.SIGINT, timeout: float = 20.0) -> tuple[int, float]:
        """Sends a signal; returns the exit code and the seconds until the process had ended."""
        start = time.monotonic()
        self._process.send_signal(with_signal)
        code = self._process.wait(timeout)
        return code, time.monotonic() - start


def ros_arguments(parameters: dict[str, object], remaps: dict[str, str] | None = None) -> list[str]:
    """Command-line arguments that set parameters and remap names."""
    arguments = ["--ros-args"]
    for name, value in parameters.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        arguments += ["-p", f"{name}:={text}"]
    for name, target in (remaps or {}).items():
        arguments += ["-r", f"{name}:={target}"]
    return arguments


def node(remaps: dict[str, str] | None = None, **parameters: object) -> Process:
    """The real node with its real model."""
    arguments = ros_arguments(parameters, remaps)
    return Process("-m", "zsris_ros.ros.node", *arguments)


def node_with_stand_in(remaps: dict[str, str] | None = None, **parameters: object) -> Process:
    """The real node with a model that fails and dawdles on demand (support/stand_in_model.py)."""
    return Process("-m", "support.stand_in_model", *ros_arguments(parameters, remaps))


def player(bag: Path, *arguments: str) -> Process:
    """The bag player."""
    return Process("-m", "zsris_ros.ros.client.bag_player", str(bag), *arguments)

"""The demo's child processes: an own ROS domain, a watchdog, and a reliable shutdown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SHUTDOWN_TIMEOUT = 5.0
"""Seconds between SIGINT and SIGKILL."""
PROFILE = "fastdds_large_images.xml"
LOG_LINES = 12


class ProcessFailed(RuntimeError):
    """A child process failed or ended too early; the message holds its last log lines."""


def ros_environment() -> dict[str, str]:
    """Return environment variables: an own local ROS domain, and buffers for large images."""
    environment = {
        "ROS_DOMAIN_ID": str(os.getpid() % 100 + 1),  # above 101, DDS ports may be taken
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "RCUTILS_COLORIZED_OUTPUT": "0",
    }
    profile = find_profile()
    if profile is not None:
        environment["FASTDDS_DEFAULT_PROFILES_FILE"] = str(profile)
    return environment


def find_profile() -> Path | None:
    """Return Fast DDS's profile for large images from a checkout, virtualenv or workspace."""
    prefixes = [sys.prefix, *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    folders = [Path(__file__).resolve().parents[2] / "config"]
    folders += [Path(prefix) / "share/zsris_ros/config" for prefix in prefixes if prefix]
    return next((folder / PROFILE for folder in folders if (folder / PROFILE).is_file()), None)


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Defer SIGINT and SIGTERM to the end of the block, which must be in the main thread.

    A blocked signal mask would be inherited by processes started in the block.
    """
    received: list[int] = []
    handlers = {
        each: signal.signal(each, lambda number, _: received.append(number))
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        if received:
            signal.raise_signal(received[0])


class ChildProcesses:
    """Python processes that end with the ``with`` block.

    ``on_failure`` is called once, in another thread, when a child fails or a ``long_running`` one
    ends. Each child's output goes to ``logs``/NAME.log.
    """

    def __init__(
        self, environment: Mapping[str, str], logs: Path, on_failure: Callable[[], None]
    ) -> None:
        package = str(Path(__file__).resolve().parents[2])
        paths = [package, os.environ.get("PYTHONPATH", "")]
        self._environment = {
            **os.environ,
            **environment,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONUNBUFFERED": "1",
        }
        self._logs, self._on_failure = logs, on_failure
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._long_running: set[str] = set()
        self._closing = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, daemon=True)
        self.failure = ""
        """The failed child and its last output; empty without a failure."""

    def __enter__(self) -> ChildProcesses:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        with deferred_interrupts():  # no child survives a second Ctrl-C
            self._closing.set()
            self._watchdog.join()
            for process in self._processes.values():
                process.send_signal(signal.SIGINT)  # no effect on an ended one
            deadline = time.monotonic() + SHUTDOWN_TIMEOUT
            for process in self._processes.values():
                try:
                    process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def start(self, name: str, module: str, *arguments: str, long_running: bool = False) -> None:
        """Start ``python -m module arguments``; a ``long_running`` one must not end by itself."""
        # An interrupt between start and registration would leave the child running.
        with (self._logs / f"{name}.log").open("wb") as log, deferred_interrupts():
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # without Ctrl-C, for an orderly shutdown
            )
            if long_running:
                self._long_running.add(name)

    def wait(self, name: str, timeout: float) -> None:
        """Wait for a child to succeed. Raises ProcessFailed or TimeoutError."""
        try:
            code = self._processes[name].wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{name} has not ended after {timeout:g} s") from None
        if code:
            raise ProcessFailed(self._describe_failure(name, code))
        self.check()

    def check(self) -> None:
        """Raise ProcessFailed after a failure."""
        if self.failure:
            raise ProcessFailed(self.failure)

    def _watch(self) -> None:
        while not self._closing.wait(0.2):
            for name, process in list(self._processes.items()):
                code = process.poll()
                if code or (code is not None and name in self._long_running):
                    self.failure = self._describe_failure(name, code)
                    self._on_failure()
                    return

    def _describe_failure(self, name: str, code: int) -> str:
        log = (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        output = "\n".join(f"  {line}" for line in log.splitlines()[-LOG_LINES:])
        return f"{name} ended with code {code}; its last output:\n{output}"

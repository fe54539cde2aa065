"""The demo's child processes: started with a ROS of their own, watched, and always ended."""

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
from types import TracebackType

PATIENCE = 5.0
"""Seconds a child may take to end after SIGINT before it is killed."""
PROFILE = "fastdds_large_images.xml"
LAST_LINES = 12


class ChildDied(RuntimeError):
    """A child process ended although it was needed; the message holds its last log lines."""


def ros_environment() -> dict[str, str]:
    """A ROS domain of this demo's own on this machine only, with room for large images."""
    environment = {
        "ROS_DOMAIN_ID": str(os.getpid() % 100 + 1),  # above 101, ports of DDS may be taken
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "RCUTILS_COLORIZED_OUTPUT": "0",
    }
    profile = find_profile()
    if profile is not None:
        environment["FASTDDS_DEFAULT_PROFILES_FILE"] = str(profile)
    return environment


def find_profile() -> Path | None:
    """Fast DDS's profile for large images: in a checkout, a virtual environment or a workspace."""
    prefixes = [sys.prefix, *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    folders = [Path(__file__).resolve().parents[2] / "config"]
    folders += [Path(prefix) / "share/zsris_ros/config" for prefix in prefixes if prefix]
    return next((folder / PROFILE for folder in folders if (folder / PROFILE).is_file()), None)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """SIGINT and SIGTERM wait for the end of the block, which must be in the main thread.

    They are not blocked: a process that is started in the block would inherit that.
    """
    came: list[int] = []
    usual = {
        each: signal.signal(each, lambda number, _: came.append(number))
        for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for each, handler in usual.items():
            signal.signal(each, handler)
        if came:
            signal.raise_signal(came[0])


class Children:
    """Python processes that live as long as the block does.

    ``on_death`` is called once, in another thread, when a child ends with an error, or ends at all
    although it was started with ``serves``. Each child's output goes to ``logs``/NAME.log.
    """

    def __init__(
        self, environment: Mapping[str, str], logs: Path, on_death: Callable[[], None]
    ) -> None:
        package = str(Path(__file__).resolve().parents[2])
        paths = [package, os.environ.get("PYTHONPATH", "")]
        self._environment = {
            **os.environ,
            **environment,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "PYTHONUNBUFFERED": "1",
        }
        self._logs, self._on_death = logs, on_death
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._serving: set[str] = set()
        self._closing = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, daemon=True)
        self.dead = ""
        """Which child died and what it said; empty while all is well."""

    def __enter__(self) -> Children:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._watchdog.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with uninterrupted():  # a second Ctrl-C leaves none behind
            self._end()

    def _end(self) -> None:
        self._closing.set()
        self._watchdog.join()
        for process in self._processes.values():
            process.send_signal(signal.SIGINT)  # does nothing to one that has ended
        deadline = time.monotonic() + PATIENCE
        for process in self._processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name: str, module: str, *arguments: str, serves: bool = False) -> None:
        """Start ``python -m module arguments``; ``serves`` if it must not end by itself."""
        # An interruption after it was started and before it is noted would leave it behind.
        with (self._logs / f"{name}.log").open("wb") as log, uninterrupted():
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours; the children are ended in order
            )
            if serves:
                self._serving.add(name)

    def wait(self, name: str, timeout: float) -> None:
        """Returns when the child has ended well. Raises ChildDied, or TimeoutError."""
        try:
            code = self._processes[name].wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{name} has not ended after {timeout:g} s") from None
        if code:
            raise ChildDied(self._obituary(name, code))
        self.check()

    def check(self) -> None:
        """Raises ChildDied when one has."""
        if self.dead:
            raise ChildDied(self.dead)

    def _watch(self) -> None:
        while not self._closing.wait(0.2):
            for name, process in list(self._processes.items()):
                code = process.poll()
                if code or (code is not None and name in self._serving):
                    self.dead = self._obituary(name, code)
                    self._on_death()
                    return

    def _obituary(self, name: str, code: int) -> str:
        log = (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        said = "\n".join(f"  {line}" for line in log.splitlines()[-LAST_LINES:])
        return f"{name} ended with code {code}; its last words:\n{said}"

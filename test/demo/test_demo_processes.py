"""Child processes of the demo: failures are reported, and none survives the block."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from zsris_ros.demo import processes
from zsris_ros.demo.processes import ChildProcesses, ProcessFailed, find_profile

SERVER = ("http.server", "--bind", "127.0.0.1", "0")


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def module(folder: Path, text: str, patch: pytest.MonkeyPatch) -> str:
    """Write a module that a child can import."""
    (folder / "made_for_the_test.py").write_text(text)
    patch.setenv("PYTHONPATH", str(folder))
    return "made_for_the_test"


def pids(children: ChildProcesses) -> list[int]:
    return [process.pid for process in children._processes.values()]


def test_children_end_with_the_block(tmp_path: Path) -> None:
    def leave() -> None:
        with ChildProcesses({}, tmp_path / "logs", lambda: None) as children:
            children.start("one", *SERVER, long_running=True)
            children.start("two", *SERVER, long_running=True)
            started.extend(pids(children))
            assert all(alive(each) for each in started)
            raise KeyboardInterrupt

    started: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert len(started) == 2
    assert not any(alive(each) for each in started)


@pytest.mark.parametrize("when", ["started", "ended"])
def test_no_child_survives_an_interrupt_at_any_time(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(subprocess.Popen[bytes]):
        """Raises SIGINT right after the start, or a second one during the shutdown."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self.pid)
            if when == "started":
                signal.raise_signal(signal.SIGINT)

        def send_signal(self, number: int) -> None:
            if when == "ended":
                signal.raise_signal(signal.SIGINT)
            super().send_signal(number)

    def leave() -> None:
        with ChildProcesses({}, tmp_path, lambda: None) as children:
            children.start("one", *SERVER, long_running=True)
            raise KeyboardInterrupt

    started: list[int] = []
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert len(started) == 1
    assert not alive(started[0])
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_stubborn_child_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('deaf')\n"
    name = module(tmp_path, text + "time.sleep(60)", monkeypatch)
    monkeypatch.setattr(processes, "SHUTDOWN_TIMEOUT", 0.3)
    with ChildProcesses({}, tmp_path, lambda: None) as children:
        children.start("deaf", name, long_running=True)
        deadline = time.monotonic() + 20
        while "deaf" not in (tmp_path / "deaf.log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (child,) = pids(children)
    assert not alive(child)


def test_a_failure_is_reported_with_the_last_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module(tmp_path, "print('first'); raise SystemExit('no such weights')", monkeypatch)
    failed = threading.Event()
    with ChildProcesses({}, tmp_path, failed.set) as children:
        children.start("node", name, long_running=True)
        assert failed.wait(20)
        with pytest.raises(ProcessFailed, match=r"node ended with code 1(.|\n)*no such weights"):
            children.check()


def test_a_long_running_child_must_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(tmp_path, "print('bye')", monkeypatch)
    failed = threading.Event()
    with ChildProcesses({}, tmp_path, failed.set) as children:
        children.start("node", name, long_running=True)
        assert failed.wait(20)
        assert "code 0" in children.failure


def test_a_job_may_succeed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(tmp_path, "import os; print(os.environ['ROS_DOMAIN_ID'])", monkeypatch)
    with ChildProcesses({"ROS_DOMAIN_ID": "77"}, tmp_path, lambda: None) as children:
        children.start("player", name)
        children.wait("player", 20)
        time.sleep(0.5)
        children.check()
    assert (tmp_path / "player.log").read_text() == "77\n"


def test_a_failed_or_slow_job_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ChildProcesses({}, tmp_path, lambda: None) as children:
        children.start("slow", *SERVER)
        with pytest.raises(TimeoutError, match="slow has not ended"):
            children.wait("slow", 0.1)
        children.start("player", module(tmp_path, "raise SystemExit(2)", monkeypatch))
    with ChildProcesses({}, tmp_path, lambda: None) as children:
        children.start("player", "made_for_the_test")
        with pytest.raises(ProcessFailed, match="player ended with code 2"):
            children.wait("player", 20)


def test_the_profile_of_the_checkout_is_found() -> None:
    found = find_profile()
    assert found is not None
    assert "profile" in found.read_text()

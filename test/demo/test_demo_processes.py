"""Child processes of the demo: watched while they run, gone when the block ends."""

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
from zsris_ros.demo.processes import ChildDied, Children, find_profile

SERVER = ("http.server", "--bind", "127.0.0.1", "0")


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def module(folder: Path, text: str, patch: pytest.MonkeyPatch) -> str:
    """A module of this text that a child finds."""
    (folder / "made_for_the_test.py").write_text(text)
    patch.setenv("PYTHONPATH", str(folder))
    return "made_for_the_test"


def pids(children: Children) -> list[int]:
    return [process.pid for process in children._processes.values()]


def test_children_end_with_the_block_whatever_ends_it(tmp_path: Path) -> None:
    def leave() -> None:
        with Children({}, tmp_path / "logs", lambda: None) as children:
            children.start("one", *SERVER, serves=True)
            children.start("two", *SERVER, serves=True)
            started.extend(pids(children))
            assert all(alive(each) for each in started)
            raise KeyboardInterrupt

    started: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert len(started) == 2
    assert not any(alive(each) for each in started)


@pytest.mark.parametrize("when", ["started", "ended"])
def test_an_interruption_at_the_worst_moment_leaves_none_behind(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(subprocess.Popen[bytes]):
        """Ctrl-C comes as soon as it runs, or (a second one) while it is being ended."""

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
        with Children({}, tmp_path, lambda: None) as children:
            children.start("one", *SERVER, serves=True)
            raise KeyboardInterrupt

    started: list[int] = []
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    usual = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert len(started) == 1
    assert not alive(started[0])
    assert signal.getsignal(signal.SIGINT) is usual


def test_a_stubborn_child_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('deaf')\n"
    name = module(tmp_path, text + "time.sleep(60)", monkeypatch)
    monkeypatch.setattr(processes, "PATIENCE", 0.3)
    with Children({}, tmp_path, lambda: None) as children:
        children.start("deaf", name, serves=True)
        deadline = time.monotonic() + 20
        while "deaf" not in (tmp_path / "deaf.log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (child,) = pids(children)
    assert not alive(child)


def test_a_death_is_noticed_and_its_last_words_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module(tmp_path, "print('first'); raise SystemExit('no such weights')", monkeypatch)
    noticed = threading.Event()
    with Children({}, tmp_path, noticed.set) as children:
        children.start("node", name, serves=True)
        assert noticed.wait(20)
        with pytest.raises(ChildDied, match=r"node ended with code 1(.|\n)*no such weights"):
            children.check()


def test_a_server_that_ends_well_has_died_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module(tmp_path, "print('bye')", monkeypatch)
    noticed = threading.Event()
    with Children({}, tmp_path, noticed.set) as children:
        children.start("node", name, serves=True)
        assert noticed.wait(20)
        assert "code 0" in children.dead


def test_a_job_may_end_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module(tmp_path, "import os; print(os.environ['ROS_DOMAIN_ID'])", monkeypatch)
    with Children({"ROS_DOMAIN_ID": "77"}, tmp_path, lambda: None) as children:
        children.start("player", name)
        children.wait("player", 20)
        time.sleep(0.5)
        children.check()
    assert (tmp_path / "player.log").read_text() == "77\n"


def test_a_job_that_fails_or_dawdles_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Children({}, tmp_path, lambda: None) as children:
        children.start("slow", *SERVER)
        with pytest.raises(TimeoutError, match="slow has not ended"):
            children.wait("slow", 0.1)
        children.start("player", module(tmp_path, "raise SystemExit(2)", monkeypatch))
    with Children({}, tmp_path, lambda: None) as children:
        children.start("player", "made_for_the_test")
        with pytest.raises(ChildDied, match="player ended with code 2"):
            children.wait("player", 20)


def test_the_profile_of_the_checkout_is_found() -> None:
    found = find_profile()
    assert found is not None
    assert "profile" in found.read_text()

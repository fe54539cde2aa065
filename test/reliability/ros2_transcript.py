"""A transcript of ros2 commands and their outputs, with the expected texts that are missing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.ros_camera import wait_until

TIMEOUT = 60.0
"""Seconds until a command has ended."""

START = 120.0
"""Seconds until the models are loaded."""

WIDTH, LINES = 400, 60
"""The transcript has the first WIDTH characters of a line and LINES lines of an output."""

ECHO = "requester: making request"
"""Beginning of the line in which the tool repeats the request of a service call."""


class Transcript:
    """Runs commands and keeps their outputs; ``missing`` describes the missing expected texts."""

    def __init__(self, ros2: Sequence[str]) -> None:
        self._ros2 = list(ros2)
        self.lines: list[str] = []
        self.missing: list[str] = []
        self.prefix = self.output("pkg", "prefix", "zsris_ros").strip()

    def head(self, text: str) -> None:
        """Begin a section."""
        self.lines += ["", f"## {text}", ""]

    def run(self, *arguments: str, expect: Sequence[str] = (), stop_after: float = 0.0) -> str:
        """Run ``ros2 arguments``; with ``stop_after`` interrupt it after so many seconds."""
        with tempfile.TemporaryFile("w+") as kept:
            process = self._start(arguments, kept)
            try:
                if stop_after:
                    time.sleep(stop_after)
                    process.send_signal(signal.SIGINT)
                code = process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            kept.seek(0)
            output = kept.read()
        stopped = f", Ctrl-C after {stop_after:g} s" if stop_after else ""
        self.keep(arguments, output, f"exit code {code}{stopped}", expect)
        return output

    def keep(
        self, arguments: Sequence[str], output: str, end: str, expect: Sequence[str] = ()
    ) -> None:
        """Add a command with its output and its end to the transcript."""
        command = "ros2 " + " ".join(_quoted(each) for each in arguments)
        print(f"$ {command}", flush=True)
        # The repeated request and goal have all fields of their images.
        brief = re.sub(r"(?s)Sending goal:.*?(?=Goal accepted)", "", output)
        shown = [self._clean(line) for line in brief.splitlines() if line.strip()]
        shown = [
            line
            for line in shown
            if "All log files can be found" not in line and not line.startswith(ECHO)
        ]
        rest = len(shown) - LINES
        if rest > 0:
            shown = [*shown[: LINES // 2], f"[{rest} more lines]", *shown[-LINES // 2 :]]
        found = ", ".join(f"'{text}'" for text in expect if text in output)
        self.lines += [
            f"$ {command}",
            *shown,
            f"[{end}{'; printed: ' if found else ''}{found}]",
            "",
        ]
        for text in expect:
            if text not in output:
                self.missing.append(f"`{command}` does not print '{text}'")
                self.lines.insert(-1, f"[MISSING: '{text}']")

    @contextmanager
    def launch(self, *arguments: str, ready: int = 1) -> Iterator[Launch]:
        """Launch, wait until ``ready`` models are loaded, and end with Ctrl-C."""
        with tempfile.TemporaryFile("w+") as kept:
            process = self._start(arguments, kept)
            launch = Launch(kept)
            place = len(self.lines)
            try:
                launch.wait_until_ready(ready)
                yield launch
                process.send_signal(signal.SIGINT)
                code = process.wait(TIMEOUT)
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait(TIMEOUT)
            later, self.lines = self.lines[place:], self.lines[:place]
            self.keep(arguments, launch.log(), f"exit code {code}, Ctrl-C at the end")
            self.lines += later

    def _start(self, arguments: Sequence[str], output: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self._ros2, *arguments],
            stdout=output,  # type: ignore[call-overload]
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C of the whole test ends it once
        )

    def output(self, *arguments: str) -> str:
        """Return the output of a command that is not in the transcript."""
        return subprocess.run(
            [*self._ros2, *arguments], capture_output=True, text=True, timeout=TIMEOUT
        ).stdout

    def version_of(self, package: str) -> str:
        """Return the version of a package of the tools."""
        return self.output("pkg", "xml", package, "-t", "version").strip() or "?"

    def _clean(self, line: str) -> str:
        """Return a line without this machine's paths, and its first characters."""
        for path, name in ((self.prefix, "PREFIX"), (str(Path.home()), "~")):
            line = line.replace(path, name)
        line = re.sub(r"\S*/launch_params_\w+", "PARAMETERS", line)
        over = len(line) - WIDTH
        return line if over <= 0 else f"{line[:WIDTH]} [{over} more characters]"


def _quoted(argument: str) -> str:
    return f'"{argument}"' if " " in argument else argument


class Launch:
    """A running ``ros2 launch``."""

    def __init__(self, output: object) -> None:
        self._output = output

    def log(self) -> str:
        """Return the output so far."""
        number = self._output.fileno()  # type: ignore[attr-defined]
        return os.pread(number, os.fstat(number).st_size, 0).decode()

    def pid(self) -> int:
        """Return the id of the newest process."""
        return int(re.findall(r"process started with pid \[(\d+)\]", self.log())[-1])

    def wait_until_ready(self, count: int) -> None:
        """Wait until the log has reported a model as ready so many times."""
        wait_until(
            lambda: self.log().count("the model is ready") >= count,
            START,
            f"the model is not ready:\n{self.log()}",
        )

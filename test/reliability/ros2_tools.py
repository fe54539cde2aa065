"""The node under the ros2 command-line tools: ``make ros2-tools``, where a ``ros2`` is installed.

Launch files, service and action calls, parameters, transitions and a killed node, with the bundled
weights `tabletop` and a camera that shows one recorded scene. The transcript goes to
``docs/results/reliability/ros2_tools.txt``; the exit code is 1 if an expected text is missing.

Without tf2_ros the stand-in of support/tf2_stand_in is used, in the node as well.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from unittest import mock

import rclpy
from rclpy.utilities import get_rmw_implementation_identifier
from support.launch_file import ros_names
from support.ros_camera import Stream, wait_until
from support.ros_domain import own_domain
from support.ros_processes import Process, ros_arguments

from reliability.soak import Show

EXECUTABLE = "refer_segment_node"
LAUNCH = "launch", "zsris_ros", "refer_segment.launch.xml", "weights:=tabletop"
SERVICE = "zsris_ros/srv/ReferSegment"
REFER, TRACK = "zsris_ros/action/ReferSegment", "zsris_ros/action/Track"
PRESENT, ABSENT = "green plate", "yellow ball"
"""Of the shown scene."""

CANCEL_ALL = "service", "call", "/track/_action/cancel_goal", "action_msgs/srv/CancelGoal", "{}"
"""After Ctrl-C of ``send_goal``, which cancels its goal: none is left to cancel. (ros2cli 0.36 ends
its context before the response and therefore prints an exception.)"""

TOOLS = "ros2cli", "ros2action", "ros2service", "ros2param", "ros2lifecycle", "ros2node"
PACKAGES = (*TOOLS, "launch", "launch_xml", "launch_ros", "ros2launch")
TIMEOUT = 60.0
DISCOVERY = 5.0
"""Seconds until the daemon of the tools has discovered all names of a node."""

START = 120.0
"""Seconds until the models are loaded."""

WIDTH, LINES = 400, 60
"""The transcript has the first WIDTH characters of a line and LINES lines of an output."""

ECHO = "requester: making request"
"""Beginning of the line in which the tool repeats the request of a service call."""

SUPPORT = Path(__file__).resolve().parents[1] / "support"


class Still(Show):
    """A camera that shows one scene."""

    def _index(self) -> int:
        return self._first


class Transcript:
    """Runs commands and keeps their outputs; ``missing`` describes expected texts that are not."""

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
        told = re.sub(r"(?s)Sending goal:.*?(?=Goal accepted)", "", output)
        shown = [self._clean(line) for line in told.splitlines() if line.strip()]
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


def call(name: str, text: str = PRESENT, **fields: str) -> tuple[str, ...]:
    """Return the arguments of a service call."""
    return ("service", "call", name, SERVICE, _request(text, fields))


def goal(name: str, kind: str, text: str = PRESENT, **fields: str) -> tuple[str, ...]:
    """Return the arguments of an action goal with feedback."""
    return ("action", "send_goal", "--feedback", name, kind, _request(text, fields))


def _request(text: str, fields: dict[str, str]) -> str:
    values = {"expression": f"'{text}'", **fields}
    return "{" + ", ".join(f"{name}: {value}" for name, value in values.items()) + "}"


@contextmanager
def camera(namespace: str) -> Iterator[Still]:
    """Show the scene on the topics that the launch file names, below a namespace."""
    remaps = {
        topic: target
        for topic, target in ros_names(EXECUTABLE).items()
        if topic in ("image", "depth", "camera_info")
    }
    arguments = ros_arguments({}, remaps)
    node = rclpy.create_node("camera", namespace=namespace, cli_args=arguments)
    shown = Still(node)
    with Stream(shown, 5.0):
        yield shown
    node.destroy_node()


def one_node(script: Transcript) -> None:
    """Use all tools on one node, kill it, and use it again."""
    script.head("One node")
    node = f"/{EXECUTABLE}"
    with ExitStack() as stack:
        shown = stack.enter_context(camera("/"))
        stack.enter_context(Process("-m", "support.static_pose", shown.frame_id))
        launched = stack.enter_context(script.launch(*LAUNCH))
        run = script.run
        wait_until(lambda: node in script.output("node", "list"), TIMEOUT, "not discovered")
        time.sleep(DISCOVERY)
        run("node", "list", expect=[node])
        run("node", "info", node, expect=[SERVICE, REFER, TRACK])
        run("action", "list", "-t", expect=["/refer_segment", "/track"])
        run(*call("/refer_segment"), expect=["status=1", "has_depth=True"])
        run(*call("/refer_segment", ABSENT), expect=["status=3"])
        run(*call("/refer_segment", target_frame="base_link"), expect=["frame_id='base_link'"])
        run(
            *goal("/refer_segment", REFER, target_frame="base_link"),
            expect=["stage: ", "frame_id: base_link", "SUCCEEDED"],
        )
        run(*goal("/refer_segment", REFER, "  "), expect=["status: 5", "ABORTED"])
        run(
            *goal("/track", TRACK, target_frame="base_link"),
            stop_after=8.0,
            expect=["has_pose: true", "frame_id: base_link", "score: "],
        )
        run(*CANCEL_ALL, expect=["goals_canceling=[]"])
        run(*goal("/track", TRACK, ABSENT), expect=["status: 3", "ABORTED"])
        run("param", "list", node, expect=["max_candidates", "weights"])
        run("param", "get", node, "weights", expect=["tabletop"])
        run("param", "set", node, "max_candidates", "5", expect=["successful"])
        run("param", "get", node, "max_candidates", expect=["5"])
        run("param", "set", node, "max_candidates", "-1", expect=["failed"])
        run("param", "set", node, "weights", "household", expect=["failed"])
        run("param", "set", node, "target_frame", "base_link", expect=["uccess"])
        run("lifecycle", "nodes", expect=[node])
        run("lifecycle", "get", node, expect=["active [3]"])
        run("lifecycle", "list", node, expect=["deactivate"])
        run("lifecycle", "set", node, "deactivate", expect=["successful"])
        run("lifecycle", "get", node, expect=["inactive [2]"])
        run(*call("/refer_segment"), expect=["status=7", "not active"])
        run("lifecycle", "set", node, "cleanup", expect=["successful"])
        run("lifecycle", "set", node, "configure", expect=["successful"])
        run("lifecycle", "set", node, "activate", expect=["successful"])
        time.sleep(2.0)  # until an image arrives
        run(*call("/refer_segment"), expect=["status=1"])
        kill(script, launched, 1)
        run(*call("/refer_segment"), expect=["status=1"])


def kill(script: Transcript, launched: Launch, cameras: int) -> None:
    """Kill the node and wait until ``respawn`` has started it again."""
    begin, ready = time.monotonic(), launched.log().count("the model is ready")
    os.kill(launched.pid(), signal.SIGKILL)
    launched.wait_until_ready(ready + cameras)
    seconds = time.monotonic() - begin
    script.lines += [
        "$ kill -9 NODE",
        f"[the launch file starts the node again; it is ready after {seconds:.0f} s]",
        "",
    ]
    time.sleep(3.0)  # until an image arrives


def two_namespaces(script: Transcript) -> None:
    """Launch two nodes in namespaces, one of them without a camera."""
    script.head("Two namespaces; only /left has a camera")
    left, right = (f"/{side}/{EXECUTABLE}" for side in ("left", "right"))
    with (
        camera("/left"),
        script.launch(*LAUNCH, "namespace:=left"),
        script.launch(*LAUNCH, "namespace:=right"),
    ):
        script.run("node", "list", expect=[left, right])
        script.run(*call("/left/refer_segment"), expect=["status=1", "left_color_optical_frame"])
        script.run(
            *call("/right/refer_segment"),
            expect=["status=4", "/right/camera/color/image_raw"],
        )
        script.run(*goal("/left/refer_segment", REFER), expect=["SUCCEEDED"])
        script.run("param", "get", right, "weights", expect=["tabletop"])
        script.run("lifecycle", "set", right, "deactivate", expect=["successful"])
        script.run("lifecycle", "get", left, expect=["active [3]"])


def two_cameras(script: Transcript) -> None:
    """Launch one process with two cameras, and kill it."""
    script.head("Two cameras in one process")
    with (
        camera("/front"),
        camera("/wrist"),
        script.launch(*LAUNCH, "cameras:=front,wrist", ready=2) as launched,
    ):
        names = "front", "wrist"
        script.run("node", "list", expect=[f"/{name}/{EXECUTABLE}" for name in names])
        for name in names:
            expected = ["status=1", f"{name}_color_optical_frame"]
            script.run(*call(f"/{name}/refer_segment"), expect=expected)
        script.run(
            *goal("/wrist/track", TRACK),
            stop_after=8.0,
            expect=["frame_id: wrist_color_optical_frame"],
        )
        front, wrist = (f"/{name}/{EXECUTABLE}" for name in names)
        script.run("lifecycle", "set", front, "deactivate", expect=["successful"])
        script.run(*call("/front/refer_segment"), expect=["status=7"])
        script.run(*call("/wrist/refer_segment"), expect=["status=1"])
        script.run("param", "set", wrist, "max_candidates", "5", expect=["successful"])
        script.run("param", "get", front, "max_candidates", expect=["10"])
        for name in names:
            who = f"/{name}/{EXECUTABLE}"
            script.run("param", "get", who, "weights", expect=["tabletop"])
        kill(script, launched, len(names))
        for name in names:
            script.run(*call(f"/{name}/refer_segment"), expect=["status=1"])


def demo(script: Transcript) -> None:
    """Launch the demo."""
    script.head("The demo")
    with script.launch("launch", "zsris_ros", "demo.launch.xml"):
        time.sleep(2.0)
        script.run(*call("/refer_segment", "the red apple"), expect=["zsris_ros.msg"])


def tf2_paths() -> list[str]:
    """Return the folder of the stand-in for tf2_ros, if tf2_ros is not installed."""
    return [] if importlib.util.find_spec("tf2_ros") else [str(SUPPORT / "tf2_stand_in")]


def introduction(script: Transcript, note: str) -> list[str]:
    """Return the first lines: versions, middleware, stand-ins."""
    versions = [f"{package} {script.version_of(package)}" for package in PACKAGES]
    try:
        versions.append(f"rclpy {version('rclpy')}")
    except PackageNotFoundError:
        versions.append(f"rclpy {script.version_of('rclpy')}")
    return [
        "# The node under the ros2 tools (make ros2-tools)",
        "",
        f"Versions: {', '.join(versions)}, {get_rmw_implementation_identifier()}.",
        f"tf2_ros: {'a stand-in' if tf2_paths() else 'installed'}.",
        *([note] if note else []),
        "PREFIX is the package's prefix, PARAMETERS a file of the launch.",
    ]


def main() -> int:
    """Run all commands, write the transcript and return 0 if all expected texts were printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ros2", default="ros2", help="the command")
    parser.add_argument("--note", default="", help="a sentence about the tools, for the transcript")
    parser.add_argument("--out", type=Path, default=Path("docs/results/reliability/ros2_tools.txt"))
    chosen = parser.parse_args()
    paths = [*tf2_paths(), os.environ.get("PYTHONPATH", "")]
    with (
        mock.patch.dict(os.environ, {"PYTHONPATH": os.pathsep.join(filter(None, paths))}),
        own_domain(),
    ):
        script = Transcript(shlex.split(chosen.ros2))
        script.lines += introduction(script, chosen.note)
        try:
            for part in (one_node, two_namespaces, two_cameras, demo):
                part(script)
        finally:
            script.run("daemon", "stop")
            chosen.out.parent.mkdir(parents=True, exist_ok=True)
            chosen.out.write_text("\n".join(script.lines).strip() + "\n", encoding="utf-8")
    for each in script.missing:
        print(each)
    return 1 if script.missing else 0


if __name__ == "__main__":
    sys.exit(main())

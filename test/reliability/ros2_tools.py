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
import shlex
import signal
import sys
import time
from collections.abc import Iterator
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

from reliability.ros2_transcript import TIMEOUT, Launch, Transcript
from reliability.scene_camera import StillCamera

EXECUTABLE = "refer_segment_node"
LAUNCH = "launch", "zsris_ros", "refer_segment.launch.xml", "weights:=tabletop"
SERVICE = "zsris_ros/srv/ReferSegment"
REFER, TRACK = "zsris_ros/action/ReferSegment", "zsris_ros/action/Track"
PRESENT, ABSENT = "green plate", "yellow ball"
"""Of the scene before the camera."""

CANCEL_ALL = "service", "call", "/track/_action/cancel_goal", "action_msgs/srv/CancelGoal", "{}"
"""After Ctrl-C of ``send_goal``, which cancels its goal: none is left to cancel. (ros2cli 0.36 ends
its context before the response and therefore prints an exception.)"""

TOOLS = "ros2cli", "ros2action", "ros2service", "ros2param", "ros2lifecycle", "ros2node"
PACKAGES = (*TOOLS, "launch", "launch_xml", "launch_ros", "ros2launch")
DISCOVERY = 5.0
"""Seconds until the daemon of the tools has discovered all names of a node."""

SUPPORT = Path(__file__).resolve().parents[1] / "support"


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
def camera(namespace: str) -> Iterator[StillCamera]:
    """Show the scene on the topics that the launch file names, below a namespace."""
    remaps = {
        topic: target
        for topic, target in ros_names(EXECUTABLE).items()
        if topic in ("image", "depth", "camera_info")
    }
    arguments = ros_arguments({}, remaps)
    node = rclpy.create_node("camera", namespace=namespace, cli_args=arguments)
    shown = StillCamera(node)
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

"""Which node answers which request, with two namespaces and two cameras: ``make names``.

Four nodes run at once, with the names of the launch file: one in the namespace ``left``, one in
``right``, and two in one process with ``cameras:=front,wrist``. Each has a camera of its own, whose
frame_id, stamps (their last digit) and pictures name it. All four nodes are asked at the same time,
over the topic, the service and both actions, each request with a text of its own. The recording
holds the names of each node and, for each request, every node that answered it.

The model is the stand-in of support/stand_in_model.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import rclpy
from rclpy.action import ActionClient, get_action_server_names_and_types_by_node
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from rclpy.utilities import get_rmw_implementation_identifier
from std_msgs.msg import String
from support.launch_file import ros_names
from support.ros_camera import Camera, Stream, camera_info, colour_image, depth_image, header
from support.ros_camera import wait_until as wait_for
from support.ros_domain import own_domain
from support.ros_processes import (
    Process,
    cameras_with_stand_in,
    node_with_stand_in,
    ros_arguments,
    status_of,
)
from support.service_discovery import PATIENCE, UNANSWERED
from zsris_ros.action import ReferSegment as ReferSegmentAction
from zsris_ros.action import Track
from zsris_ros.msg import RequestResult
from zsris_ros.srv import ReferSegment

from zsris_ros.camera.image_messages import stamp_ns
from zsris_ros.ros.qos import SERVICE

EXECUTABLE = "refer_segment_node"
NAMES = "left", "right", "front", "wrist"
PROCESSES = {"left": 1, "right": 2, "front": 3, "wrist": 3}
"""The number of each node's process."""

SHARED = {"/diagnostics", "/parameter_events", "/rosout"}
"""Topics of a whole ROS system by convention; the nodes only publish on them."""

FEEDBACK = 3
"""Messages of feedback after which a ``track`` goal is cancelled."""

QUIET = 2.0
"""Seconds that a further answer may take."""


class NamedCamera(Camera):
    """A camera whose frame_id, stamps and pictures name it."""

    def __init__(self, node: Node, number: int) -> None:
        super().__init__(node)
        self.number, self.left = number, 10 + 10 * number
        self.frame_id = f"{node.get_namespace().lstrip('/')}_optical_frame"
        self.stamps: set[int] = set()

    def send(self, stamp_ns: int, left: int = 0, depth_mm: int | None = None) -> None:
        """Publish one frame, with the camera's number as the last digit of the stamp."""
        stamp = stamp_ns // 10 * 10 + self.number
        self.stamps.add(stamp)
        self.info.publish(camera_info(stamp, header=header(stamp, self.frame_id)))
        self.depth.publish(depth_image(stamp, frame_id=self.frame_id))
        self.image.publish(colour_image(stamp, self.left, self.frame_id))


@dataclass(frozen=True)
class Answer:
    """One answer of a node: a ``~/result``, or the first feedback of a ``track`` goal.

    ``left`` is the left edge of the mask, and ``request_id`` None for feedback.
    """

    node: str
    request_id: int | None
    status: str
    stamp_ns: int
    frame_id: str
    left: int


@dataclass(frozen=True)
class Row:
    """One request, the answers of all nodes to it, and the camera of each answer's stamp.

    ``response_id`` is the request_id of the response, for ways with a response.
    """

    asked: str
    way: str
    text: str
    response_id: int | None
    answers: tuple[Answer, ...]
    cameras: tuple[str, ...]
    is_right: bool


@dataclass(frozen=True)
class Asked:
    """One sent request: its way, the asked node, and the response or the id of the goal."""

    way: str
    name: str
    text: str
    response: Any = None
    goal: Any = None


class Recorder:
    """Asks all nodes, and collects the answers of all nodes."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._results: dict[str, list[RequestResult]] = {name: [] for name in NAMES}
        self._feedback: dict[str, list[Any]] = {name: [] for name in NAMES}
        self._services, self._actions, self._tracks, self._topics = {}, {}, {}, {}
        for name in NAMES:
            service = f"/{name}/refer_segment"
            self._services[name] = node.create_client(ReferSegment, service, qos_profile=SERVICE)
            self._actions[name] = ActionClient(node, ReferSegmentAction, service)
            self._tracks[name] = ActionClient(node, Track, f"/{name}/track")
            self._topics[name] = node.create_publisher(String, f"/{name}/expression", 10)
            node.create_subscription(
                RequestResult, f"/{name}/{EXECUTABLE}/result", self._results[name].append, 100
            )
            node.create_subscription(
                Track.Impl.FeedbackMessage,
                f"/{name}/track/_action/feedback",
                self._feedback[name].append,
                100,
            )

    def connect(self) -> None:
        """Wait until each node has answered a first call, service and actions."""
        for name in NAMES:
            until_done(lambda name=name: self._services[name].call_async(ReferSegment.Request()))
            for client, goal in (
                (self._actions[name], ReferSegmentAction.Goal()),
                (self._tracks[name], Track.Goal()),
            ):
                until_done(lambda client=client, goal=goal: client.send_goal_async(goal))
            wait_for(
                lambda name=name: self._topics[name].get_subscription_count() > 0,
                PATIENCE,
                f"no subscriber of /{name}/expression",
            )
            wait_for(
                lambda name=name: self.status(name) == "FOUND", PATIENCE, f"no image of {name}"
            )

    def status(self, name: str) -> str:
        """Call the service of one node and return the status."""
        request = ReferSegment.Request(expression="red")
        return status_of(wait_done(self._services[name].call_async(request)).outcome)

    def ask(self, way: str, number: int) -> list[Asked]:
        """Ask all nodes at the same time; the answers to the topic are on ``~/result`` only."""
        texts = {name: f"red {way} {number} {name}" for name in NAMES}
        if way == "topic":
            for name, text in texts.items():
                self._topics[name].publish(String(data=text))
            return [Asked(way, *each) for each in texts.items()]
        if way == "service":
            calls = [
                self._services[name].call_async(ReferSegment.Request(expression=text))
                for name, text in texts.items()
            ]
            outcomes = [wait_done(call).outcome for call in calls]
        else:
            sent = [
                self._actions[name].send_goal_async(ReferSegmentAction.Goal(expression=text))
                for name, text in texts.items()
            ]
            ends = [wait_done(goal).get_result_async() for goal in sent]
            outcomes = [wait_done(end).result.outcome for end in ends]
        return [
            Asked(way, *each, outcome)
            for each, outcome in zip(texts.items(), outcomes, strict=True)
        ]

    def track(self, number: int) -> list[Asked]:
        """Track with all nodes at the same time."""
        texts = {name: f"red track {number} {name}" for name in NAMES}
        sent = [
            self._tracks[name].send_goal_async(Track.Goal(expression=text))
            for name, text in texts.items()
        ]
        handles = [wait_done(each) for each in sent]
        for handle in handles:
            wait_for(
                lambda handle=handle: len(self._fed(handle.goal_id)) >= FEEDBACK,
                PATIENCE,
                "no feedback",
            )
        for handle in handles:
            wait_done(handle.cancel_goal_async())
            wait_done(handle.get_result_async())
        return [
            Asked("track", *each, goal=handle.goal_id)
            for each, handle in zip(texts.items(), handles, strict=True)
        ]

    def _fed(self, goal: Any) -> list[tuple[str, Any]]:
        """Return the feedback of a goal on all topics, with the topics' nodes."""
        return [
            (name, each.feedback)
            for name in NAMES
            for each in list(self._feedback[name])
            if each.goal_id == goal
        ]

    def answers(self, text: str) -> tuple[Answer, ...]:
        """Return all ``~/result`` messages with a text."""
        return tuple(
            Answer(
                f"/{name}/{EXECUTABLE}",
                each.request_id,
                status_of(each),
                stamp_ns(each.header),
                each.header.frame_id,
                each.candidates[0].box.x_offset if each.candidates else -1,
            )
            for name in NAMES
            for each in list(self._results[name])
            if each.expression == text
        )

    def tracked(self, goal: Any) -> tuple[Answer, ...]:
        """Return each node's first feedback of a goal."""
        first: dict[str, Answer] = {}
        for name, each in self._fed(goal):
            status = {Track.Feedback.TRACKING: "TRACKING"}.get(each.status, "LOST")
            stamp, frame = stamp_ns(each.header), each.header.frame_id
            who, where = f"/{name}/{EXECUTABLE}", each.box.x_offset
            first.setdefault(name, Answer(who, None, status, stamp, frame, where))
        return tuple(first.values())

    def others(self, texts: set[str]) -> list[str]:
        """Return the texts of results without a request."""
        return [
            f"/{name}: '{each.expression}'"
            for name in NAMES
            for each in list(self._results[name])
            if each.expression not in texts | {"", "red"}  # first calls
        ]


def until_done(send: Callable[[], Future]) -> None:
    """Send until an answer has come: the first ones may be lost during discovery."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        future, begin = send(), time.monotonic()
        while time.monotonic() - begin < UNANSWERED:
            if future.done():
                return
            time.sleep(0.02)
    raise AssertionError("a node did not answer")


def wait_done(future: Future) -> Any:
    """Return the result of a future that another thread completes."""
    wait_for(future.done, PATIENCE, "a request was not answered")
    return future.result()


def names_of(node: Node, name: str) -> dict[str, list[str]]:
    """Return the full names of a node's topics, services and actions."""
    who = EXECUTABLE, f"/{name}"
    found = {
        "publishes": node.get_publisher_names_and_types_by_node(*who),
        "subscribes": node.get_subscriber_names_and_types_by_node(*who),
        "services": node.get_service_names_and_types_by_node(*who),
        "actions": get_action_server_names_and_types_by_node(node, *who),
    }
    return {
        kind: sorted(each for each, _ in pairs if "/_action/" not in each)
        for kind, pairs in found.items()
    }


def shared_names(names: dict[str, dict[str, list[str]]]) -> list[str]:
    """Return the names that two nodes have in common, or that lie outside of their namespaces."""
    flat = {
        name: {each for listed in found.values() for each in listed}
        for name, found in names.items()
    }
    foreign = {
        each
        for name, found in flat.items()
        for each in found
        if not each.startswith(f"/{name}/")
        or any(each in other for its, other in flat.items() if its != name)
    }
    return sorted(foreign)


def start(stack: ExitStack) -> list[Process]:
    """Start the three processes and wait for their models."""
    alone = [
        stack.enter_context(node_with_stand_in(ros_names(EXECUTABLE, namespace=name)))
        for name in NAMES[:2]
    ]
    both = stack.enter_context(cameras_with_stand_in(",".join(NAMES[2:]), ros_names(EXECUTABLE)))
    for process, count in zip([*alone, both], (1, 1, 2), strict=True):
        wait_for(
            lambda process=process, count=count: process.log().count("is ready") == count,
            PATIENCE,
            "no model",
        )
    return [*alone, both]


def record(rounds: int) -> dict[str, Any]:
    """Ask all nodes in all ways ``rounds`` times and return the recording. Needs rclpy."""
    remaps = {
        topic: target
        for topic, target in ros_names(EXECUTABLE).items()
        if topic in ("image", "depth", "camera_info")
    }
    asking = rclpy.create_node("asking", start_parameter_services=False)
    executor = SingleThreadedExecutor()
    executor.add_node(asking)
    with ExitStack() as stack:
        processes = start(stack)
        cameras = {}
        for number, name in enumerate(NAMES):
            arguments = ros_arguments({}, remaps)
            node = rclpy.create_node("camera", namespace=f"/{name}", cli_args=arguments)
            cameras[name] = NamedCamera(node, number)
            stack.callback(node.destroy_node)
            cameras[name].wait_until_matched()
        for camera in cameras.values():
            stack.enter_context(Stream(camera, 10.0))
        recorder = Recorder(asking)
        spinning = threading.Thread(target=executor.spin, daemon=True)
        spinning.start()
        recorder.connect()
        names = {name: names_of(asking, name) for name in NAMES}
        asked: list[Asked] = []
        for number in range(1, rounds + 1):
            for way in ("topic", "service", "action"):
                asked += recorder.ask(way, number)
            asked += recorder.track(number)
        time.sleep(QUIET)
        rows = [_row(recorder, cameras, each) for each in asked]
        others = recorder.others({each.text for each in asked})
        tracebacks = sum("Traceback" in process.log() for process in processes)
        executor.shutdown()
        spinning.join(10.0)
    asking.destroy_node()
    plain = [asdict(row) for row in rows]
    return {
        "nodes": {
            name: {
                "process": PROCESSES[name],
                "camera": cameras[name].frame_id,
                **figures([row for row in plain if row["asked"].startswith(f"/{name}/")]),
                **names[name],
            }
            for name in NAMES
        },
        "shared_names": shared_names(names),
        "asked": plain,
        "unasked": others,
        "tracebacks": tracebacks,
    }


def _row(recorder: Recorder, cameras: dict[str, NamedCamera], asked: Asked) -> Row:
    answers = recorder.answers(asked.text) if asked.goal is None else recorder.tracked(asked.goal)
    seen = tuple(
        next((name for name in NAMES if each.stamp_ns in cameras[name].stamps), "")
        for each in answers
    )
    mine, who = cameras[asked.name], f"/{asked.name}/{EXECUTABLE}"
    response_id = None if asked.response is None else asked.response.request_id
    is_right = (
        [(each.node, each.frame_id, each.left) for each in answers]
        == [(who, mine.frame_id, mine.left)]
        and seen == (asked.name,)
        and answers[0].status in ("FOUND", "TRACKING")
        and response_id in (None, answers[0].request_id)
    )
    target = {"topic": "expression", "track": "track"}.get(asked.way, "refer_segment")
    full = f"/{asked.name}/{target}"
    return Row(full, asked.way, asked.text, response_id, answers, seen, is_right)


def foreign(row: dict[str, Any]) -> int:
    """Return the number of answers of other nodes than the asked one."""
    base = row["asked"].rsplit("/", 1)[0]
    return sum(each["node"] != f"{base}/{EXECUTABLE}" for each in row["answers"])


def figures(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a node's requests and right answers by way, and the answers of other nodes."""
    ways = dict.fromkeys(row["way"] for row in rows)
    return {
        "asked": {way: sum(row["way"] == way for row in rows) for way in ways},
        "right": {way: sum(row["is_right"] for row in rows if row["way"] == way) for way in ways},
        "answers_of_others": sum(map(foreign, rows)),
    }


def summary(found: dict[str, Any]) -> dict[str, str]:
    """Return the row of docs/reliability.md."""
    asked = found["asked"]
    right = sum(row["is_right"] for row in asked)
    others = sum(map(foreign, asked)) + len(found["unasked"])
    shared = ", ".join(f"`{name}`" for name in found["shared_names"])
    return {
        "what": "names",
        "tried": (
            "nodes in two namespaces and two cameras in one process, asked at the same time by "
            "topic, service and both actions"
        ),
        "result": (
            f"{len(asked)} requests: {right} answered by the asked node alone, about a frame of "
            f"its own camera; {others} answers of other nodes; shared names: {shared}"
        ),
        "command": "make names",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, write the file; return 0 if each request has its own node's answer and no other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("docs/results/reliability/names.json"))
    chosen = parser.parse_args(arguments)
    with own_domain():
        found = record(chosen.rounds)
        middleware = get_rmw_implementation_identifier()
    machine = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "rclpy": version("rclpy"),
        "middleware": middleware,
    }
    document = {"rows": [summary(found)], "machine": machine, **found}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(document["rows"][0]["result"])
    is_sound = all(row["is_right"] for row in found["asked"]) and not found["unasked"]
    return 0 if is_sound and set(found["shared_names"]) <= SHARED else 1


if __name__ == "__main__":
    sys.exit(main())

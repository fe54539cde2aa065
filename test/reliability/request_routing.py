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
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import rclpy
from rclpy.action import get_action_server_names_and_types_by_node
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import get_rmw_implementation_identifier
from support.launch_file import ros_names
from support.ros_camera import Stream
from support.ros_camera import wait_until as wait_for
from support.ros_domain import own_domain
from support.ros_processes import (
    Process,
    cameras_with_stand_in,
    node_with_stand_in,
    ros_arguments,
)
from support.service_discovery import PATIENCE

from reliability.request_recorder import (
    EXECUTABLE,
    NAMES,
    Answer,
    NamedCamera,
    Recorder,
    SentRequest,
)

PROCESSES = {"left": 1, "right": 2, "front": 3, "wrist": 3}
"""The number of each node's process."""

SHARED = {"/diagnostics", "/parameter_events", "/rosout"}
"""Topics of a whole ROS system by convention; the nodes only publish on them."""

QUIET = 2.0
"""Seconds that a further answer may take."""


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
        asked: list[SentRequest] = []
        for number in range(1, rounds + 1):
            for way in ("topic", "service", "action"):
                asked += recorder.ask(way, number)
            asked += recorder.track(number)
        time.sleep(QUIET)
        rows = [_row(recorder, cameras, each) for each in asked]
        others = recorder.unrequested({each.text for each in asked})
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


def _row(recorder: Recorder, cameras: dict[str, NamedCamera], asked: SentRequest) -> Row:
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

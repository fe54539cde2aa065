"""Load test: concurrent clients while a camera runs at 30 Hz, with their latencies.

The model is a stand-in with a constant time (support/stand_in_model.py), so that the figures are
those of the node. The images encode their stamps, which reveals an answer about a wrong frame. With
several cameras one process serves all, and the clients are divided among them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from rclpy.node import Node
from support.ros_camera import wait_until
from support.ros_domain import own_domain
from support.ros_processes import (
    Process,
    cameras_with_stand_in,
    node_with_stand_in,
    ros_arguments,
    status_of,
)
from zsris_ros.srv import ReferSegment

from reliability.moving_camera import PERIOD_NS, SECOND, left_of
from reliability.parameter_latency import READY
from reliability.process_samples import describe_trends, sample, settled_trends
from zsris_ros.camera.image_messages import stamp_ns
from zsris_ros.ros.client.service_client import (
    DISCOVERY_DELAY,
    STATUS_NAMES,
    Client,
    Unanswered,
)
from zsris_ros.ros.qos import SERVICE

CALL_TIMEOUT = 60.0
"""Seconds after which a call counts as lost."""

TOLERANCE = SECOND // 2
"""The node's stamp_tolerance in nanoseconds."""


@dataclass(frozen=True)
class Call:
    """The outcome of one call.

    ``wrong`` describes an error in the answer; ``age`` is the age of the newest frame at the call
    in seconds, None for a call with a stamp.
    """

    status: str
    seconds: float
    wrong: str = ""
    age: float | None = None


class Caller(threading.Thread):
    """A client that calls continuously, and pauses after BUSY."""

    def __init__(
        self, service: str, number: int, model_seconds: float, seconds: float, start: Barrier
    ) -> None:
        super().__init__(name=f"caller {number}", daemon=True)
        self.calls: list[Call] = []
        self._service = service
        self._number, self._seconds, self._start = number, seconds, start
        self._expression = f"slow {model_seconds} for {number}"
        self._chance = random.Random(number)

    def run(self) -> None:
        with Client(self._service, f"caller_{self._number}") as client:
            client.wait(CALL_TIMEOUT)
            self._start.wait(CALL_TIMEOUT)
            deadline = time.monotonic() + self._seconds
            while time.monotonic() < deadline:
                call = self._call(client)
                self.calls.append(call)
                if call.status == "BUSY":
                    time.sleep(self._chance.uniform(0.5, 1.0))

    def _call(self, client: Client) -> Call:
        """Call about the newest frame or, every other time, one of half a second ago."""
        asked = f"{self._expression}, {len(self.calls)}"
        begin, now = time.monotonic(), time.time_ns()
        about = now - SECOND // 2 if len(self.calls) % 2 else None
        stamp = None if about is None else Time(sec=about // SECOND, nanosec=about % SECOND)
        try:
            response = client.ask(asked, stamp=stamp, timeout=CALL_TIMEOUT)
        except Unanswered:
            lost = f"call {len(self.calls)} of client {self._number} was never answered"
            return Call("LOST", time.monotonic() - begin, lost)
        seconds = time.monotonic() - begin
        status, header = STATUS_NAMES[response.status], stamp_ns(response.header)
        if status == "BUSY":
            hint = "" if "ask again" in response.message else f"no hint in '{response.message}'"
            return Call(status, seconds, hint)
        if status != "FOUND":
            return Call(status, seconds, response.message)
        wrong = ""
        if response.candidates[0].box.x_offset != left_of(header):
            wrong = f"the image is not that of the stamp {header}"
        elif not response.message.startswith(f"{asked}:"):
            wrong = f"'{response.message}' does not answer '{asked}'"
        elif about is not None and abs(header - about) > TOLERANCE:
            wrong = f"asked about {about}, answered about {header}"
        age = None if about is not None else (now - header) / SECOND
        return Call(status, seconds, wrong, age)


def call_and_leave(node: Node, service: str, model_seconds: float) -> None:
    """Call and destroy the client before the answer.

    The clients share a node: each node that comes and goes costs every other process some kilobytes
    in Fast DDS (``visitors.py``).
    """
    client = node.create_client(ReferSegment, service, qos_profile=SERVICE)
    try:
        assert client.wait_for_service(CALL_TIMEOUT), f"{service} is not discovered"
        time.sleep(DISCOVERY_DELAY)
        client.call_async(ReferSegment.Request(expression=f"slow {model_seconds} gone"))
        time.sleep(random.uniform(0.02, 0.2))
    finally:
        node.destroy_client(client)


def measure(
    seconds: float,
    callers: int = 16,
    model_seconds: float = 0.05,
    max_pending: int | None = None,
    cameras: Sequence[str] = (),
) -> dict[str, Any]:
    """Run the load for ``seconds`` and return the figures. Needs rclpy.

    ``cameras`` are the names of several cameras in one process; () for one without a name.
    """
    given: dict[str, object] = {"use_sim_time": True}
    if max_pending is not None:
        given["max_pending"] = max_pending
    bases = [f"/{name}" for name in cameras] or [""]
    services = [f"{base}/refer_segment" for base in bases]
    with ExitStack() as stack:
        served = stack.enter_context(
            cameras_with_stand_in(",".join(cameras), **given)
            if cameras
            else node_with_stand_in(**given)
        )
        for base in bases:
            stack.enter_context(_camera(base, has_clock=base == bases[0]))
        meters = [stack.enter_context(_meter(base)) for base in bases]
        wait_until(
            lambda: served.log().count("the model is ready") == len(bases), CALL_TIMEOUT, "no model"
        )
        for service in services:
            with Client(service, "first") as client:
                answered = partial(_is_found, client)
                wait_until(answered, CALL_TIMEOUT, f"no image for {service}")
        start = Barrier(callers + 1)
        asking = [
            Caller(services[number % len(services)], number, model_seconds, seconds, start)
            for number in range(callers)
        ]
        for each in asking:
            each.start()
        for meter in meters:
            meter.wait_for_log(READY, CALL_TIMEOUT)
        start.wait(CALL_TIMEOUT)
        left, samples = _disturb(served, services, model_seconds, seconds)
        for each in asking:
            each.join(2 * CALL_TIMEOUT)
        seen = [_end(meter) for meter in meters]
        afterwards = []
        for service in services:
            with Client(service, "afterwards") as client:
                afterwards.append(STATUS_NAMES[client.ask("red").status])
        traceback = "Traceback" in served.log()
        code, ended_after = served.end()
    calls = [call for each in asking for call in each.calls]
    return {
        "seconds": seconds,
        "callers": callers,
        "model_ms": model_seconds * 1e3,
        "max_pending": max_pending or "default",
        "cameras": len(bases),
        "left_while_waiting": left,
        **figures(calls, [each.calls for each in asking]),
        "parameters_ms": spread([second for each in seen for second in each["parameters"]]),
        "clock_lag_ms": spread([second for each in seen for second in each["clock_lags"]]),
        "trends": settled_trends(samples),
        "afterwards": ", ".join(sorted(set(afterwards))),
        "traceback": traceback,
        "exit": {"code": code, "seconds": round(ended_after, 2)},
    }


def _camera(base: str, has_clock: bool) -> Process:
    """Start a camera in the namespace ``base``; one of several has the clock."""
    remaps = {"__ns": base or "/"} | ({} if has_clock else {"/clock": f"{base}/clock"})
    return Process("-m", "reliability.moving_camera", *ros_arguments({}, remaps))


def _meter(base: str) -> Process:
    return Process("-m", "reliability.parameter_latency", f"{base}/refer_segment_node")


def _is_found(client: Client) -> bool:
    return status_of(client.ask("red")) == "FOUND"


def _disturb(
    served: Process, services: Sequence[str], model_seconds: float, seconds: float
) -> tuple[int, list[dict[str, float]]]:
    """Start clients that leave, for ``seconds``; return their number and samples of the process."""
    begin, left = time.monotonic(), 0
    samples: list[dict[str, float]] = []
    node = rclpy.create_node("in_a_hurry", start_parameter_services=False)
    while (now := time.monotonic()) - begin < seconds:
        samples.append({"s": round(now - begin, 1), **sample(served.pid)})
        call_and_leave(node, services[left % len(services)], model_seconds)
        left += 1
        time.sleep(min(2.0, max(0.0, begin + seconds - time.monotonic())))
    node.destroy_node()
    return left, samples


def _end(meter: Process) -> dict[str, list[float]]:
    code, _ = meter.end()
    assert code == 0, meter.log()
    found: dict[str, list[float]] = json.loads(meter.log().splitlines()[-1])
    return found


def figures(calls: list[Call], by_caller: list[list[Call]]) -> dict[str, Any]:
    """Return the outcomes and latencies of all calls, and their spread over the clients."""
    answered = [[call.seconds for call in each if call.status == "FOUND"] for each in by_caller]
    wrong = [f"{call.status}: {call.wrong}" for call in calls if call.wrong]
    return {
        "calls": len(calls),
        "statuses": dict(Counter(call.status for call in calls).most_common()),
        "wrong": wrong[:20],
        "wrong_count": len(wrong),
        "latency_ms": spread([second for each in answered for second in each]),
        "busy_ms": spread([call.seconds for call in calls if call.status == "BUSY"]),
        "median_latency_by_caller_ms": spread(
            [float(np.median(each)) for each in answered if each]
        ),
        "answers_by_caller": [len(each) for each in answered],
        "frame_age_ms": spread([call.age for call in calls if call.age is not None]),
    }


def spread(seconds: list[float]) -> dict[str, float]:
    """Return minimum, median, 99th percentile and maximum in milliseconds."""
    if not seconds:
        return {}
    values = np.percentile(seconds, [0, 50, 99, 100]) * 1e3
    names = ("least", "median", "p99", "most")
    return {name: round(float(value), 1) for name, value in zip(names, values, strict=True)}


def row(found: dict[str, Any], command: str) -> dict[str, str]:
    """Return the row of docs/reliability.md."""
    statuses, answers = found["statuses"], found["answers_by_caller"]
    latency, by_caller = found["latency_ms"], found["median_latency_by_caller_ms"]
    pending, what = found["max_pending"], "load"
    if found["cameras"] > 1:
        what += f", {found['cameras']} cameras in one process"
    if pending != "default":
        what += f", `max_pending` {pending}"
    return {
        "what": what,
        "tried": (
            f"{found['callers']} clients at once for {found['seconds']:g} s, 640x480 RGB-D at "
            f"{SECOND / PERIOD_NS:.0f} Hz, a model of {found['model_ms']:.0f} ms, "
            f"{found['left_while_waiting']} clients that left while waiting"
        ),
        "result": (
            f"{found['calls']} calls: {statuses.get('FOUND', 0)} answered, "
            f"{statuses.get('BUSY', 0)} refused as BUSY with a hint, {statuses.get('LOST', 0)} "
            f"lost, {found['wrong_count']} wrong; median latency {latency['median']:.0f} ms "
            f"(by client {by_caller['least']:.0f} to {by_caller['most']:.0f}), answers by client "
            f"{min(answers)} to {max(answers)}; parameters median "
            f"{found['parameters_ms']['median']:.0f}, 99 % below "
            f"{found['parameters_ms']['p99']:.0f}, at most {found['parameters_ms']['most']:.0f} "
            f"ms; /clock at most {found['clock_lag_ms']['most']:.0f} ms late; newest frame "
            f"{found['frame_age_ms']['median']:.0f} ms old, at most "
            f"{found['frame_age_ms']['most']:.0f}"
            f"{describe_trends(found['trends'])}"
        ),
        "command": command,
    }


def main() -> int:
    """Run the load test; return 0 without lost calls and wrong answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--model-seconds", type=float, default=0.05)
    parser.add_argument("--few", type=int, default=4, help="max_pending of the second run")
    parser.add_argument(
        "--cameras", default="", help="names of several cameras in one process; only the first run"
    )
    parser.add_argument("--note", default="", help="a sentence about the machine, for the row")
    parser.add_argument("--command", default="make reliability", help="for the row")
    parser.add_argument("--out", type=Path, default=Path("docs/results/reliability/load.json"))
    chosen = parser.parse_args()
    cameras = list(filter(None, chosen.cameras.split(",")))
    with own_domain():
        runs = [
            measure(chosen.seconds, chosen.callers, chosen.model_seconds, pending, cameras)
            for pending in ((None,) if cameras else (None, chosen.few))
        ]
    rows = [row(run, chosen.command) for run in runs]
    for each in rows:
        each["result"] += chosen.note and f"; {chosen.note}"
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    document = {"rows": rows, "runs": runs}
    chosen.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for run, each in zip(runs, rows, strict=True):
        print(*run["wrong"], f"{each['tried']}: {each['result']}", sep="\n")
    sound = all(not run["wrong_count"] and "LOST" not in run["statuses"] for run in runs)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())

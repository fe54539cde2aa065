"""Sixteen clients at once while a camera runs at 30 Hz; what each of them gets, and how soon.

The node, its topics and its callers are the real ones; the model is one that takes a given time
(support/stand_in_model.py), so that the figures are those of the node. The pictures tell their own
stamps: an answer about another frame than its header says is seen.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from support.ros_processes import Process, node_with_stand_in

from reliability.domain import own_domain
from reliability.moving_camera import PERIOD_NS, SECOND, left_of
from reliability.parameter_watch import READY
from zsris_ros.camera.image_messages import stamp_ns
from zsris_ros.ros.client.service_client import STATUS_NAMES, Client, Unanswered

PATIENCE = 60.0
"""Seconds after which a call counts as lost."""

TOLERANCE = SECOND // 2
"""The node's stamp_tolerance: how far the nearest frame may be from the one asked for."""


@dataclass(frozen=True)
class Call:
    """One call: who made it, what came of it and after how many seconds.

    ``wrong`` says what is wrong with the answer; ``age`` is how old the frame that was answered
    about was when the call was made, in seconds, for calls that want the newest.
    """

    caller: int
    status: str
    seconds: float
    wrong: str = ""
    age: float | None = None


class Caller(threading.Thread):
    """Asks again as soon as it is answered, and a second later when it was refused as BUSY."""

    def __init__(self, number: int, model_seconds: float, seconds: float, start: Barrier) -> None:
        super().__init__(name=f"caller {number}", daemon=True)
        self.calls: list[Call] = []
        self._number, self._seconds, self._start = number, seconds, start
        self._expression = f"slow {model_seconds} for {number}"
        self._chance = random.Random(number)

    def run(self) -> None:
        with Client(name=f"caller_{self._number}") as client:
            client.wait(PATIENCE)
            self._start.wait(PATIENCE)
            deadline = time.monotonic() + self._seconds
            while time.monotonic() < deadline:
                call = self._call(client)
                self.calls.append(call)
                if call.status == "BUSY":
                    time.sleep(self._chance.uniform(0.5, 1.0))

    def _call(self, client: Client) -> Call:
        """Every other call is about a frame of half a second ago, the others about the newest."""
        asked = f"{self._expression}, {len(self.calls)}"
        begin, now = time.monotonic(), time.time_ns()
        about = now - SECOND // 2 if len(self.calls) % 2 else None
        stamp = None if about is None else Time(sec=about // SECOND, nanosec=about % SECOND)
        try:
            response = client.ask(asked, stamp=stamp, timeout=PATIENCE)
        except Unanswered:
            lost = f"call {len(self.calls)} of client {self._number} was never answered"
            return Call(self._number, "LOST", time.monotonic() - begin, lost)
        seconds = time.monotonic() - begin
        status, header = STATUS_NAMES[response.status], stamp_ns(response.header)
        if status == "BUSY":
            hint = "" if "ask again" in response.message else f"no hint in '{response.message}'"
            return Call(self._number, status, seconds, hint)
        if status != "FOUND":
            return Call(self._number, status, seconds, response.message)
        wrong = ""
        if response.candidates[0].box.x_offset != left_of(header):
            wrong = f"the header says {header}, and the picture is another"
        elif not response.message.startswith(f"{asked}:"):
            wrong = f"'{response.message}' does not answer '{asked}'"
        elif about is not None and abs(header - about) > TOLERANCE:
            wrong = f"asked about {about}, answered about {header}"
        age = None if about is not None else (now - header) / SECOND
        return Call(self._number, status, seconds, wrong, age)


def hurry(model_seconds: float) -> None:
    """Calls, waits a little, and leaves before the answer."""
    with Client(name="in_a_hurry") as client:
        client.wait(PATIENCE)
        request = client._client.srv_type.Request(expression=f"slow {model_seconds} gone")
        client._client.call_async(request)
        time.sleep(random.uniform(0.02, 0.2))


def measure(
    seconds: float, callers: int = 16, model_seconds: float = 0.05, max_pending: int | None = None
) -> dict[str, Any]:
    """The load for ``seconds``; returns the figures. Needs rclpy."""
    given = {} if max_pending is None else {"max_pending": max_pending}
    with (
        node_with_stand_in(use_sim_time=True, **given) as served,
        Process("-m", "reliability.moving_camera"),
        Process("-m", "reliability.parameter_watch") as watch,
    ):
        served.wait_for_log("the model is ready", PATIENCE)
        _wait_for_images()
        start = Barrier(callers + 1)
        asking = [Caller(number, model_seconds, seconds, start) for number in range(callers)]
        for each in asking:
            each.start()
        watch.wait_for_log(READY, PATIENCE)
        start.wait(PATIENCE)
        deadline = time.monotonic() + seconds
        left = 0
        while time.monotonic() < deadline:
            hurry(model_seconds)
            left += 1
            time.sleep(min(2.0, max(0.0, deadline - time.monotonic())))
        for each in asking:
            each.join(2 * PATIENCE)
        code, _ = watch.end()
        assert code == 0, watch.log()
        seen = json.loads(watch.log().splitlines()[-1])
        with Client(name="afterwards") as client:
            afterwards = STATUS_NAMES[client.ask("red").status]
        traceback = "Traceback" in served.log()
        code, ended_after = served.end()
    calls = [call for each in asking for call in each.calls]
    return {
        "seconds": seconds,
        "callers": callers,
        "model_ms": model_seconds * 1e3,
        "max_pending": max_pending or "default",
        "left_while_waiting": left,
        **figures(calls, [each.calls for each in asking]),
        "parameters_ms": spread(seen["parameters"]),
        "clock_lag_ms": spread(seen["clock_lags"]),
        "afterwards": afterwards,
        "traceback": traceback,
        "exit": {"code": code, "seconds": round(ended_after, 2)},
    }


def _wait_for_images() -> None:
    with Client(name="first") as client:
        client.wait(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while STATUS_NAMES[client.ask("red", timeout=PATIENCE).status] != "FOUND":
            assert time.monotonic() < deadline, "the camera is not heard"
            time.sleep(0.1)


def figures(calls: list[Call], by_caller: list[list[Call]]) -> dict[str, Any]:
    """What came of all calls, and how it was spread over the callers."""
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
    """Least, median, 99th percentile and most of some times, in milliseconds."""
    if not seconds:
        return {}
    least, median, high, most = np.percentile(seconds, [0, 50, 99, 100]) * 1e3
    names = ("least", "median", "p99", "most")
    return {
        name: round(float(value), 1)
        for name, value in zip(names, (least, median, high, most), strict=True)
    }


def row(found: dict[str, Any], command: str) -> dict[str, str]:
    """What the table of docs/reliability.md says of it."""
    statuses, answers = found["statuses"], found["answers_by_caller"]
    latency, by_caller = found["latency_ms"], found["median_latency_by_caller_ms"]
    pending = found["max_pending"]
    return {
        "what": "load" if pending == "default" else f"load, `max_pending` {pending}",
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
        ),
        "command": command,
    }


def main() -> int:
    """Exit code 0 when no call was lost or answered wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--model-seconds", type=float, default=0.05)
    parser.add_argument("--few", type=int, default=4, help="max_pending of the second run")
    parser.add_argument("--out", type=Path, default=Path("docs/results/reliability/load.json"))
    chosen = parser.parse_args()
    with own_domain():
        runs = [
            measure(chosen.seconds, chosen.callers, chosen.model_seconds, pending)
            for pending in (None, chosen.few)
        ]
    rows = [row(run, "make reliability") for run in runs]
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    document = {"rows": rows, "runs": runs}
    chosen.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for run, each in zip(runs, rows, strict=True):
        print(*run["wrong"], f"{each['tried']}: {each['result']}", sep="\n")
    sound = all(not run["wrong_count"] and "LOST" not in run["statuses"] for run in runs)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())

"""Asks refer_segment_node for a parameter ten times a second, and reads what its clock says.

A process of its own, as a tool beside the node would be, so that nobody else's work delays it. When
it is interrupted it writes what it has seen, in seconds, as the last line.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from contextlib import suppress
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import GetParameters
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

PERIOD = 0.1
PATIENCE = 60.0
READY = "the parameters are watched"


class Watch:
    """``parameters``: seconds until each answer; ``clock_lags``: how late the node's time is.

    The node's time is the camera's /clock, which is the time of day.
    """

    def __init__(self) -> None:
        self.parameters: list[float] = []
        self.clock_lags: list[float] = []
        self._node = rclpy.create_node("watch")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_report, 10)
        self._client: Any = self._node.create_client(
            GetParameters, "/refer_segment_node/get_parameters"
        )

    def run(self) -> None:
        """Until the context ends."""
        self._client.wait_for_service()
        while self._ask(2.0) is None:
            pass  # ROS takes a service for ready before it has discovered the client
        print(READY, flush=True)
        while rclpy.ok():
            begin = time.monotonic()
            seconds = self._ask(PATIENCE)
            if seconds is not None or rclpy.ok():
                self.parameters.append(PATIENCE if seconds is None else seconds)
            time.sleep(max(0.0, begin + PERIOD - time.monotonic()))

    def _ask(self, patience: float) -> float | None:
        """Seconds that the answer takes; None when there is none in time."""
        begin = time.monotonic()
        future = self._client.call_async(GetParameters.Request(names=["max_pending"]))
        self._executor.spin_until_future_complete(future, patience)
        return time.monotonic() - begin if future.done() else None

    def _on_report(self, report: DiagnosticArray) -> None:
        stamp = report.header.stamp
        if stamp.sec:  # else the node has not heard of /clock yet
            self.clock_lags.append(time.time() - stamp.sec - stamp.nanosec * 1e-9)


def main() -> int:
    """Exit code 0."""
    signal.signal(signal.SIGINT, lambda *_: None)  # it ends the context, and no more
    rclpy.init()
    watch = Watch()
    with suppress(ExternalShutdownException):  # interrupted while it waits
        watch.run()
    print(json.dumps({"parameters": watch.parameters, "clock_lags": watch.clock_lags}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
